"""What can be known to be wrong before anything runs: exit code 2, the field, what was given, what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from builders.toy_project import STUDY, a_hypothesis, a_project, of_quality, run, write_manifests

Edit = tuple[str, str]
"""What a manifest says, and what it says instead."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_project(tmp_path_factory.mktemp("bad") / "project", hypotheses=2)


def complaint(project: Path, *arguments: str) -> str:
    done = run(project, *arguments)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.stderr


FIELDS = {
    ("reference: {epochs: 4}", "reference: {epoch: 4}"): ["spec.reference.epoch: ", "did you mean epochs?"],
    ("epochs: 1}", "dataPercent: 9, subset: El2M}"): ["spec.proxies[0].subset", '"El2M"', "did you mean EL2N?"],
    ("{initial: 2, maximum: 2}", "{initial: two}"): ["spec.seeds.initial", '"two"', "a whole number of 2 to 100"],
    ("name: h1}", "name: h1}\nspce: {}"): ["spce: ", "did you mean spec?"],
}
MEANINGS = {
    ("baseline: h0", "baseline: h00, selector: {matchLabels: {a: b}}"): [
        "spec.hypotheses.baseline: ",
        '"h00"',
        "did you mean h0?",
        "spec.hypotheses.selector: given labels that no hypothesis has",
    ],
    ("epochs: 1}", "epochs: 9}"): ["spec.proxies[0].epochs: given 9; allowed: at most the reference's, which is 4"],
}
DOCUMENTS = {
    ("kind: ProxyStudy", "kind: ProxyStudies"): ["study.yaml:3", "kind: ", "did you mean ProxyStudy?"],
    ("name: h1", "name: h0"): ["metadata.name", '"h0"', "study.yaml:21", "study.yaml:14"],
    ("{quality: 1}}", "{quality: 1}}\n---\nspec: ["): ["study.yaml:25:1", "broken YAML"],
}


@pytest.mark.parametrize(
    "edits",
    [
        pytest.param(FIELDS, id="fields"),
        pytest.param(MEANINGS, id="what fields mean together"),
        pytest.param(DOCUMENTS, id="documents"),
        {("epochs: 1}", "imageSize: 7}"): ["spec.proxies[0].imageSize: given 7", "4 or 8"]},
        {("shards/manifest.json", "nowhere/manifest.json"): ["spec.dataset.manifest", "nowhere", "there is nothing"]},
        {("shards/manifest.json", "tiny.npz"): ["spec.dataset.manifest", "tiny.npz", "assay shards build"]},
    ],
)
def test_all_that_is_wrong_with_manifests_is_said_at_once(project: Path, edits: Mapping[Edit, list[str]]) -> None:
    text = "---".join([STUDY, of_quality(0), of_quality(1)])
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    write_manifests(project, text)
    said = complaint(project, "validate")
    assert [want for wants in edits.values() for want in wants if want not in said] == [], said


def test_of_several_studies_in_a_file_one_must_be_named(project: Path) -> None:
    write_manifests(project, STUDY, STUDY.replace("name: toy", "name: other"), of_quality(0), of_quality(1))
    assert "several studies, and no --study; allowed: one of toy, other" in complaint(project, "run")
    assert "--study: given 'ohter'" in (said := complaint(project, "run", "--study", "ohter"))
    assert "did you mean other?" in said
    both = run(project, "validate")
    assert (both.returncode, both.stdout.count(": valid, 2 hypotheses, 1 proxy")) == (0, 2)


def test_every_entry_point_that_can_not_be_used_is_named_before_anything_runs(project: Path) -> None:
    (project / "broken_team.py").write_text("import torhc\n\ndef train(trial): ...\n")
    write_manifests(
        project,
        STUDY.replace("toy_team:train", "toy_team:trian"),
        of_quality(0),
        a_hypothesis("elsewhere", "Another module.", 'trainer: {entrypoint: "toy_taem:train"}'),
        a_hypothesis("broken", "A module that can't be imported.", 'trainer: {entrypoint: "broken_team:train"}'),
    )
    said = complaint(project, "plan")
    wants = [
        "ProxyStudy/toy: spec.trainer.entrypoint: given toy_team:trian (toy_team has no function 'trian'; did you mean",
        "Hypothesis/elsewhere: spec.trainer.entrypoint: given toy_taem:train",
        "did you mean 'toy_team'?",
        "Hypothesis/broken: spec.trainer.entrypoint: given broken_team:train",
        "No module named 'torhc'",
    ]
    assert [want for want in wants if want not in said] == []


@pytest.mark.parametrize(
    ("arguments", "wants"),
    [
        (["validat"], "Did you mean 'validate'?"),
        (["report", "--outptu", "html"], "--output"),
        (
            ["plan", "-f", "a.yaml", "b.yaml"],
            "argument(s) (b.yaml). Each file has a -f of its own; a pattern is put in",
        ),
        (["plan", "--store", "gs://bucket"], "--store: given 'gs://bucket'; allowed: a folder"),
        (["plan", "--store", "s3:/bucket"], "did you mean s3://bucket?"),
        (["run", "--preload", "json,sklaern"], "'sklaern'; allowed: modules that are installed; did you mean sklearn?"),
    ],
)
def test_a_wrong_command_is_refused(project: Path, arguments: list[str], wants: str) -> None:
    write_manifests(project, STUDY, of_quality(0), of_quality(1))
    assert wants in complaint(project, *arguments)
