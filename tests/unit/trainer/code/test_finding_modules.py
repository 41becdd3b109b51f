"""A team's modules are found where people keep them, and only where Python would not find them by itself."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import assay_trainer
from assay.runners.processes.places import further_places, own_places
from assay_trainer.code import findable
from assay_trainer.code.digest import inspect_entrypoint
from assay_trainer.code.entrypoint import EntrypointNotFound, load_entrypoint
from assay_trainer.code.findable import Places, look_also_in, make_findable


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """sys.path as it was before, afterwards; and nowhere else to look."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(findable, "_places", Places())
    return sys.path


def a_file(path: Path, text: str = "def train(trial): ...\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("files", "entrypoint", "want"),
    [
        (["src/walnut_one/__init__.py", "src/walnut_one/train.py"], "walnut_one.train:train", "src"),
        (["walnut_two/train.py"], "walnut_two.train:train", "."),
        (["walnut_three.py"], "walnut_three:train", "."),
        (["walnut_four/a/b.py"], "walnut_four.a.b:train", "."),
        (["manifests/walnut_five/data.txt", "src/walnut_five/train.py"], "walnut_five.train:train", "src"),
    ],
)
def test_a_module_that_is_on_no_path_is_found_where_else_to_look(
    path: list[str], tmp_path: Path, files: list[str], entrypoint: str, want: str
) -> None:
    for file in files:
        a_file(tmp_path / file)
    path.insert(0, str(tmp_path / "manifests"))
    look_also_in(Places((tmp_path, tmp_path / "src")))
    make_findable(entrypoint)
    assert path[-1] == str(tmp_path / want)
    before = list(path)
    make_findable(entrypoint)
    assert path == before, "once is enough"


@pytest.mark.parametrize("entrypoint", ["json:loads", "walnut_known:train", "no such module", "walnut_nowhere:train"])
def test_nothing_is_added_for_a_module_that_python_finds_or_that_is_nowhere(
    path: list[str], tmp_path: Path, entrypoint: str
) -> None:
    for folder in ("first", "second"):
        a_file(tmp_path / folder / "walnut_known.py")
        a_file(tmp_path / folder / "json.py")
    path.insert(0, str(tmp_path / "first"))
    before = list(path)
    look_also_in(Places((tmp_path / "second",)))
    make_findable(entrypoint)
    assert path == before


def test_of_the_folders_beside_a_project_only_packages_count(path: list[str], tmp_path: Path) -> None:
    a_file(tmp_path / "walnut_module.py")
    a_file(tmp_path / "walnut_package" / "__init__.py")
    look_also_in(Places((), (tmp_path,)))
    before = list(path)
    make_findable("walnut_module:train")
    assert path == before
    make_findable("walnut_package:train")
    assert path == [*before, str(tmp_path)]


@pytest.mark.parametrize("entrypoint", ["walnut_gone:train", "walnut_here.gone:train"])
def test_what_is_nowhere_is_said_with_where_it_was_looked_for(path: list[str], tmp_path: Path, entrypoint: str) -> None:
    a_file(tmp_path / "own" / "walnut_here" / "__init__.py")
    path.insert(0, str(tmp_path / "own"))
    look_also_in(Places((tmp_path,), (tmp_path.parent,)))
    said = inspect_entrypoint(entrypoint).error or ""
    assert f"looked in {tmp_path / 'own'}, " in said
    assert f"{tmp_path}, {tmp_path.parent}" in said
    assert said.endswith("what is installed")


def test_where_the_trainer_itself_lies_is_no_place_to_name(path: list[str], tmp_path: Path) -> None:
    ours = str(Path(assay_trainer.__path__[0]).parent)
    path[:] = [str(tmp_path), ours]
    look_also_in(Places())
    said = inspect_entrypoint("walnut_gone:train").error or ""
    assert f"looked in {tmp_path}, what is installed" in said
    assert ours not in said


def test_a_module_that_the_teams_code_lacks_is_no_matter_of_where_that_code_is(path: list[str], tmp_path: Path) -> None:
    a_file(tmp_path / "walnut_broken.py", "import walnut_elsewhere\n")
    path.insert(0, str(tmp_path))
    with pytest.raises(EntrypointNotFound, match=r"No module named 'walnut_elsewhere'$"):
        load_entrypoint("walnut_broken:train")


def test_the_working_directory_src_and_the_projects_top_are_where_else_to_look(tmp_path: Path) -> None:
    a_file(tmp_path / "project" / "pyproject.toml", "")
    for folder in ("project/src", "project/studies/vision", "project/studies/src"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    project, vision = tmp_path / "project", tmp_path / "project" / "studies" / "vision"
    assert own_places([vision], project) == [vision, project, project / "src"]
    assert further_places([vision], vision) == [vision.parent, vision.parent / "src", project, project / "src"]
