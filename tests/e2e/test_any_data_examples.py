"""The examples on other data than images run as they are, honour what arms ask of them, and give nothing to note."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assay.api.reading.load import load_manifests
from builders.toy_project import assay, failures, results

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(("example", "part"), [("table", "half"), ("text", "quarter"), ("dataloader", "third")])
def test_an_example_runs_as_it_is(example: str, part: str, tmp_path: Path) -> None:
    ended = assay(tmp_path, "run", "-o", "json", "-f", str(EXAMPLES / example))
    assert ended.returncode == 0, ended.stderr
    assert failures(tmp_path) == []
    assert json.loads(ended.stdout)["trials"]["failed"] == 0
    found = results(tmp_path).values()
    (study,) = load_manifests(EXAMPLES / example).studies
    assert {each["arm"] for each in found} >= {"reference", part}
    epochs = study.spec.reference.epochs
    for each in found:
        assert "notes" not in each
        if each["arm"] in ("reference", part):
            assert [point["epoch"] for point in each["curve"]] == list(range(1, (epochs or 0) + 1))
    # a part of the data trains other models than all of them
    scores = {
        arm: {(each["hypothesis"], each["seed"]): each["score"] for each in found if each["arm"] == arm}
        for arm in ("reference", part)
    }
    assert scores["reference"] != scores[part]


def test_validate_and_plan_know_data_that_the_function_reads(tmp_path: Path) -> None:
    checked = assay(tmp_path, "validate", "-f", str(EXAMPLES / "table"))
    assert checked.returncode == 0, checked.stderr
    assert "data that the train function reads by itself (version 1 of file://" in checked.stdout
    planned = assay(tmp_path, "plan", "-f", str(EXAMPLES / "table"))
    assert planned.returncode == 0, planned.stderr
    assert "4 hypotheses" in planned.stdout
