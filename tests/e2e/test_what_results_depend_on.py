"""What a train function reads by itself counts as far as it is listed, and what no longer counts is said."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from builders.toy_project import (
    STUDY,
    a_hypothesis,
    a_project,
    of_quality,
    results,
    run,
    started,
    write_manifests,
    write_train_function,
)

READS = """
import json, os
from pathlib import Path

TABLE = Path(__file__).parent / "tables" / "labels.txt"

def train(trial):
    names = ("TOKENIZER", "TRACKER_TOKEN", "UNLISTED", "HTTPS_PROXY")
    print("SEEN " + json.dumps({name: os.environ.get(name) for name in names}))
    score = 0.5 + 0.01 * trial.recipe.get("quality", 0) + 0.0001 * trial.seed + len(TABLE.read_text()) / 1000
    if trial.recipe.get("edits"):
        TABLE.write_text("edited")
    return {"accuracy": score}
"""


def a_reading_project(folder: Path, trainer: str, hypothesis: str = "") -> Path:
    """A project of two hypotheses whose function reads a file and variables. `trainer` is more of the study's trainer,
    `hypothesis` more of what is in the second one's spec, as YAML."""
    project = a_project(folder)
    (project / "toy_team.py").write_text(READS)
    (project / "tables").mkdir()
    (project / "tables/labels.txt").write_text("1 0 1")
    study = STUDY.replace("deadlineSeconds: 30", f"deadlineSeconds: 30, {trainer}")
    write_manifests(
        project, study, of_quality(0), a_hypothesis("h1", "Quality 1.", f"recipe: {{quality: 1}}{hypothesis}")
    )
    return project


def seen(project: Path) -> list[dict[str, Any]]:
    """Return what the function of each trial saw of the environment."""
    lines = [line for log in (project / ".assay/logs/toy").glob("*.1.log") for line in log.read_text().splitlines()]
    return [json.loads(line.removeprefix("SEEN ")) for line in lines if line.startswith("SEEN ")]


def test_labels_that_were_shuffled_in_a_folder_that_is_listed_are_trained_on(tmp_path: Path) -> None:
    project = a_reading_project(tmp_path / "project", "inputs: [tables]")
    assert run(project).returncode == 0
    before = results(project)
    (project / "tables/labels.txt").write_text("0 1 1")
    again = run(project)
    assert len(results(project)) == 2 * len(before)
    assert again.stderr.startswith(f"{len(before)} results of this study no longer count: inputs (tables).")


def test_a_file_that_is_edited_while_a_trial_runs_gives_no_result(tmp_path: Path) -> None:
    project = a_reading_project(tmp_path / "project", "inputs: [tables], recipe: {edits: true}")
    ended = run(project)
    assert ended.returncode == 1
    # Of two trials that run at once the one has edited it, and the other may begin after that.
    assert re.search("tables was edited (while a trial ran|after the study had begun)", ended.stderr)
    assert results(project) == {}


@pytest.mark.parametrize(
    ("inputs", "want"),
    [
        ("tables, table.npz", 'spec.trainer.inputs[1]: given "{}/table.npz", there is nothing'),
        ("pipe", 'spec.trainer.inputs[0]: given "{}/pipe", it is a pipe'),
    ],
)
def test_an_input_that_can_not_be_digested_is_named(tmp_path: Path, inputs: str, want: str) -> None:
    project = a_reading_project(tmp_path / "project", f"inputs: [{inputs}]")
    os.mkfifo(project / "pipe")
    ended = run(project)
    assert ended.returncode == 2
    assert want.format(project) in ended.stderr
    assert started(project) == []


def test_a_function_sees_the_variables_that_are_listed_and_those_that_every_program_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = a_reading_project(tmp_path / "project", "environment: {digested: [TOKENIZER], passed: [TRACKER_TOKEN]}")
    given = {"TOKENIZER": "bpe", "TRACKER_TOKEN": "hush-hush", "HTTPS_PROXY": "http://proxy", "UNLISTED": "1"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    first = run(project)
    before = results(project)
    assert first.stderr.startswith("UNLISTED is set, but the train function does not see it")
    assert [each for each in seen(project) if each != {**given, "UNLISTED": None}] == []
    assert not [path for path in (project / ".assay/store").rglob("*.*") if b"hush-hush" in path.read_bytes()]
    monkeypatch.setenv("TRACKER_TOKEN", "another")
    monkeypatch.setenv("UNLISTED", "2")
    assert "no longer count" not in run(project).stderr
    assert results(project).keys() == before.keys()
    monkeypatch.setenv("TOKENIZER", "unigram")
    assert "no longer count: environment variables (TOKENIZER)." in run(project).stderr
    assert len(results(project)) == 2 * len(before)


def test_a_hypothesis_may_have_inputs_and_variables_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = ", trainer: {environment: {passed: [TRACKER_TOKEN]}, inputs: [tables/labels.txt]}"
    project = a_reading_project(tmp_path / "project", "environment: {digested: [TOKENIZER]}", own)
    monkeypatch.setenv("TOKENIZER", "bpe")
    monkeypatch.setenv("TRACKER_TOKEN", "hush-hush")
    assert run(project).returncode == 0
    assert {(each["TOKENIZER"], each["TRACKER_TOKEN"]) for each in seen(project)} == {
        ("bpe", None),
        (None, "hush-hush"),
    }
    before = len(results(project))
    (project / "tables/labels.txt").write_text("0 1 1")
    assert run(project).returncode == 0
    assert len(results(project)) == before + before // 2


def test_what_changed_since_the_results_in_the_store_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project, installed = a_project(tmp_path / "project", hypotheses=2), tmp_path / "installed"
    install(installed, "editor-plugin", "1.0")
    monkeypatch.setenv("PYTHONPATH", str(installed))
    assert "no longer count" not in run(project).stderr
    before = len(results(project))

    install(installed, "editor-plugin", "1.1")
    install(installed, "linter", "3.2")
    write_train_function(project, change=" + 0.1")
    want = (
        f"{before} results of this study no longer count: code of toy_team (1 file: toy_team.py); "
        "packages: editor-plugin 1.0 → 1.1, 1 added (linter)."
    )
    assert want in " ".join(run(project, "plan").stdout.split())
    again = run(project)
    assert want in again.stderr
    status = json.loads(again.stdout)
    assert status["stale"]["results"] == before
    assert float(status["stale"]["acceleratorSeconds"]) > 0
    told = run(project, "report", "-o", "markdown").stdout
    assert "Spent before on trials that no longer count" in told
    assert "(1 file: toy\\_team.py)" in told
    page = Path(status["report"].removeprefix("file://")).read_text()
    assert "Spent before on trials that no longer count" in page
    assert want in page

    shutil.rmtree(project / ".assay/store/default/studies/toy/programs")
    assert "no longer count: code of which there is no record." in run(project, "report").stdout.replace("\n", " ")


def install(folder: Path, name: str, version: str) -> None:
    """Install a package as pip does, as far as lists of packages show it."""
    for earlier in folder.glob(f"{name}-*.dist-info"):
        shutil.rmtree(earlier)
    (folder / f"{name}-{version}.dist-info").mkdir(parents=True)
    (folder / f"{name}-{version}.dist-info/METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    )
