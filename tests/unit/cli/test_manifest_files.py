"""Several -f: files, folders, patterns, standard input; as kubectl has them."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from assay.api.errors import InvalidInput
from assay.cli.inputs import load_given
from assay.cli.manifest_files import folders_of, manifest_paths

HYPOTHESIS = (
    "apiVersion: assay.dev/v1alpha1\nkind: Hypothesis\nmetadata: {{name: {name}}}\nspec: {{statement: Wins.}}\n"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a few manifests in files and folders."""
    monkeypatch.chdir(tmp_path)
    for name in ("b", "a", "with,comma", "more/d", "more/c", "other/e"):
        file = tmp_path / f"{name}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(HYPOTHESIS.format(name=file.stem.replace(",", "-")))
    (tmp_path / "more" / "train.py").write_text("")
    (tmp_path / "empty").mkdir()
    return tmp_path


def names(*given: str) -> list[str]:
    return [each.name for each in load_given(given).hypotheses]


def complaint(*given: str) -> str:
    with pytest.raises(InvalidInput) as raised:
        load_given(given)
    return str(raised.value)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("given", "want"),
    [
        (["b.yaml", "a.yaml"], ["b", "a"]),
        (["other", "b.yaml", "more"], ["e", "b", "c", "d"]),
        (["b.yaml,a.yaml"], ["b", "a"]),
        (["more, other"], ["c", "d", "e"]),
        (["with,comma.yaml"], ["with-comma"]),
        (["[ab].yaml"], ["a", "b"]),
        (["more/*"], ["c", "d"]),
        (["m*"], ["c", "d"]),
        (["**/e.yaml", "a.*"], ["e", "a"]),
        (["a.yaml", "./a.yaml", "more", "more/c.yaml"], ["a", "c", "d"]),
    ],
)
def test_all_that_is_named_counts_once_and_in_its_order(given: list[str], want: list[str]) -> None:
    assert names(*given) == want


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("given", "wants"),
    [
        (["nothing-*.yaml"], ["nothing-*.yaml: given a pattern that no manifest matches", "standard input"]),
        (["a.yaml", "empty"], ["empty: given a folder without manifests"]),
        (["a.yaml", "missing.yaml", "gone.yaml"], ["missing.yaml: given a path where nothing is", "gone.yaml: "]),
        (["a.yaml,missing.yaml"], ["missing.yaml: given a path where nothing is"]),
        ([""], ["-f: given nothing; allowed: a YAML file"]),
        (["a.yaml,"], ["-f: given nothing"]),
        pytest.param(["x" * 5000], ["x…: given a path where nothing is"], id="a name that is too long"),
    ],
)
def test_what_is_not_there_is_said_of_every_option(given: list[str], wants: list[str]) -> None:
    said = complaint(*given)
    assert [want for want in wants if want not in said] == [], said


def test_the_same_resource_in_two_files_is_named_with_both(folder: Path) -> None:
    (folder / "again.yaml").write_text(HYPOTHESIS.format(name="a"))
    said = complaint("a.yaml", "again.yaml")
    assert 'again.yaml:3 (Hypothesis/a): metadata.name: given "a", as in a.yaml:1' in said


@pytest.mark.usefixtures("folder")
def test_standard_input_is_a_file_like_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def says(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    says(HYPOTHESIS.format(name="piped"))
    assert names("a.yaml", "-", "-") == ["a", "piped"]
    says("kind: Nothing\n")
    assert complaint("-").startswith("<standard input>:1: ")
    says("")
    assert "<standard input>: given an empty file" in complaint("-")


@pytest.mark.usefixtures("folder")
def test_modules_are_looked_for_beside_all_manifests() -> None:
    assert folders_of(["more", "b.yaml", "other/e.yaml", "a.yaml"]) == [Path("more"), Path(), Path("other")]
    assert folders_of(["-"]) == [Path()]
    assert manifest_paths(["-"]) == [Path("-")]
