"""The images that tests run: built from this checkout, once for what they are made of, and kept in the cache."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cluster.cache import cache_folder, made_once, wait_for
from cluster.progress import Progress
from cluster.requirements import require, require_root
from images import buildah
from images.base import base_name, make_base
from images.image_store import STORE, ImageStore, hold, remove_unless_held, start_from
from images.steps import ANNOUNCEMENT, Steps

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
TEAM = ROOT / "tests" / "runners" / "team"

OPERATOR = "assay.test/operator"
TRAINER = "assay.test/trainer"
BARE_TRAINER = "assay.test/bare-trainer"
TEAM_TRAINER = "assay.test/team"

_INPUTS = ("Dockerfile", ".dockerignore", "pyproject.toml", "requirements.lock")
_SOURCES = ("operator", "trainer_image", "tests/images", "tests/runners/team")  # but not the tests themselves
_PREFIX = "images-"
_TRIES = 5
_NAMES = "names.json"


@dataclass(frozen=True)
class BuiltImages:
    """Names by which a node with `store` runs them.

    operator, trainer: what a release would have. bare_trainer: the trainer with no framework, which starts quickly.
    team: derived from that, with the train functions of tests/runners/team. Each is a name with a tag; `by_digest`
    has the same ones as name@sha256:….
    """

    store: Path
    revision: str
    operator: str
    trainer: str
    bare_trainer: str
    team: str
    by_digest: dict[str, str]


def built_images() -> BuiltImages:
    """Build what is not there yet: minutes, the first time; seconds where only sources have changed.

    Raises `Unavailable` where nothing can be built here, `BuildFailed`.
    """
    require_root()
    require(buildah.PROGRAMS)
    folder = _made()
    hold(folder)
    for other in cache_folder().glob(f"{_PREFIX}*"):
        if other != folder:
            remove_unless_held(other)
    revision = folder.name.removeprefix(_PREFIX)
    digests = json.loads((folder / _NAMES).read_text())
    names = {short: f"{name}:{revision}" for short, name in _names().items()}
    by_digest = {name: f"{name.rpartition(':')[0]}@{digests[name]}" for name in names.values()}
    return BuiltImages(folder / STORE, revision, **names, by_digest=by_digest)


def _made() -> Path:
    """The folder with the store."""
    for _ in range(_TRIES):
        revision = _digest_of_inputs()
        with suppress(_Edited):
            return made_once(f"{_PREFIX}{revision}", partial(_make, revision=revision))
    raise buildah.BuildFailed("the sources are edited faster than images are built of them")


class _Edited(Exception):
    """Images were built while their sources were edited."""


def _names() -> dict[str, str]:
    return {"operator": OPERATOR, "trainer": TRAINER, "bare_trainer": BARE_TRAINER, "team": TEAM_TRAINER}


def _make(folder: Path, revision: str) -> None:
    with (
        (cache_folder() / ".buildah.lock").open("w") as lock,  # another checkout would remove what this one builds
        Progress() as progress,
    ):
        progress.say(ANNOUNCEMENT.format(cache=cache_folder()))
        wait_for(lock, "other images")
        _build(revision, Steps(progress, images=6))
        if _digest_of_inputs() != revision:
            raise _Edited
        progress.show("the images are unpacked for the node")
        _take_in(folder, [f"{name}:{revision}" for name in _names().values()])


def _take_in(folder: Path, names: list[str]) -> None:
    earlier = max(cache_folder().glob(f"{_PREFIX}*"), key=lambda other: other.stat().st_mtime, default=None)
    if earlier is not None:
        start_from(earlier, folder)
    with ImageStore(folder / STORE) as store:
        digests = {name: store.add(name) for name in names}
        store.remove_all_but(*names)
    (folder / _NAMES).write_text(json.dumps(digests))


def _build(revision: str, steps: Steps) -> None:
    base = base_name(ROOT / "Dockerfile")
    make_base(base, steps.of("the base"))
    arguments = {"VERSION": version(), "REVISION": revision}
    # A stage that no image is based on is kept by its name: else it would be removed, and made again the next time.
    buildah.build("assay.test/uv:latest", ROOT, steps.of("uv"), target="uv")
    buildah.build(f"{OPERATOR}:{revision}", ROOT, steps.of("operator"), target="operator", arguments=arguments)
    buildah.build(f"{TRAINER}:{revision}", ROOT, steps.of("trainer"), target="trainer", arguments=arguments)
    # The group that every trainer has anyway is no framework.
    bare = arguments | {"FRAMEWORK": "worker"}
    seen = steps.of("trainer without a framework")
    buildah.build(f"{BARE_TRAINER}:{revision}", ROOT, seen, target="trainer", arguments=bare)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(TEAM, Path(folder) / "team", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(HERE / "team" / "Dockerfile", folder)
        derived = {"TRAINER": f"{BARE_TRAINER}:{revision}"}
        buildah.build(f"{TEAM_TRAINER}:{revision}", Path(folder), steps.of("a team's trainer"), arguments=derived)
    buildah.remove_all_but(base, "assay.test/uv:latest", *(f"{name}:{revision}" for name in _names().values()))


def version() -> str:
    """Return the version of this checkout."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def _digest_of_inputs() -> str:
    digest = hashlib.sha256()
    for file in _input_files():
        digest.update(f"{file.relative_to(ROOT)}\0{file.stat().st_size}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _input_files() -> Iterator[Path]:
    yield from (ROOT / name for name in _INPUTS)
    for folder in _SOURCES:
        files = (ROOT / folder).rglob("*")
        yield from sorted(file for file in files if file.is_file() and not _is_left_out(file))


def _is_left_out(file: Path) -> bool:
    return "__pycache__" in file.parts or file.name.startswith("test_")
