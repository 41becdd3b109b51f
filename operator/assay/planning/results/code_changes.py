"""How the code of one program differs from that of another, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from assay.api.bounds import first_of, shortened
from assay_trainer.contract import CodeIngredients

MOST_FILES = 3
MOST_PACKAGES = 4


def changes_of_code(before: CodeIngredients, now: CodeIngredients) -> Iterator[str]:
    """Yield at least one change between two programs with different digests, in words; none is long."""
    found = list(_changes(before, now))
    yield from found or [f"code of {now.module or now.image}"]


def _changes(before: CodeIngredients, now: CodeIngredients) -> Iterator[str]:
    if before.image or now.image:
        yield f"image: {_image(before)} → {_image(now)}"
        return
    if before.module != now.module:
        yield f"code of {shortened(now.module, 60)} instead of {shortened(before.module, 60)}"
    elif before.files is None or now.files is None:
        if before.files != now.files:
            yield f"code of {shortened(now.module, 60)}"
    elif changed := _changed(before.files, now.files):
        count = f"{len(changed)} file{'s' if len(changed) > 1 else ''}"
        yield f"code of {shortened(now.module, 60)} ({count}: {_first(changed, MOST_FILES)})"
    if before.trainer != now.trainer:
        yield "assay_trainer, which is Assay's own"
    if packages := list(_packages(before.packages, now.packages)):
        yield f"packages: {', '.join(packages)}"
    if before.python != now.python:
        yield f"Python {before.python} → {now.python}"


def _packages(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    both = sorted(before.keys() & now.keys(), key=str.lower)
    updated = [f"{name} {before[name]} → {now[name]}" for name in both if before[name] != now[name]]
    if updated:
        yield _first(updated, MOST_PACKAGES)
    for names, how in ((now.keys() - before.keys(), "added"), (before.keys() - now.keys(), "removed")):
        if names:
            yield f"{len(names)} {how} ({_first(sorted(names, key=str.lower), MOST_PACKAGES)})"


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


def _first(texts: Sequence[str], most: int) -> str:
    return first_of([shortened(each, 60) for each in texts], most)


def _image(code: CodeIngredients) -> str:
    """Return an image's name with twelve digits of its digest, enough to tell it from another."""
    if code.image is None:
        return "none, but the code of one machine"
    name, at, found = code.image.partition("@sha256:")
    revision = f" revision {code.revision}" if code.revision else ""
    return shortened(f"{name.rpartition('/')[2]}{f'@{found[:12]}' if at else ''}{revision}", 80)
