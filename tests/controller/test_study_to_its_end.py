"""From kubectl apply to verdicts, on a real API server; only the pods are played."""

from __future__ import annotations

import json

from assay.kube import Kube
from assay_trainer.contract import TrialRequest
from assay_trainer.objects import open_objects, split_object_uri
from controller.operators import Operators
from controller.played_pods import PlayedPods
from controller.team import Team

SCORES = {"baseline": 0.80, "better": 0.90, "worse": 0.70, "alike": 0.80}


def a_score(item: TrialRequest) -> float:
    noise = 0.002 * ((item.seed * 7 + len(item.hypothesis)) % 5)
    return SCORES[item.hypothesis] + noise - 0.1 * (item.arm != "reference")


def test_a_study_is_applied_run_and_answered(kube: Kube, operators: Operators, team: Team) -> None:
    operators.start()
    with PlayedPods(kube, team.namespace, a_score):
        team.apply(*team.hypotheses("better", "worse", "alike"), team.study())
        team.kubectl("wait", "pstudy/digits", "--for=condition=Accepted", "--timeout=20s")
        said = team.wait("Succeeded")
        team.kubectl("wait", "hyp", "--all", "--for=condition=Concluded", "--timeout=20s")
    assert said == "16 of 16 trials succeeded. Against the baseline: 1 Better, 1 Worse, 1 Inconclusive."
    status = team.get()["status"]
    verdicts = [(row["name"], row["verdict"]) for row in status["ranking"]]
    assert verdicts == [("better", "Better"), ("baseline", "Baseline"), ("alike", "Inconclusive"), ("worse", "Worse")]
    assert b"<!doctype html>" in read(status["report"]).lower()
    assert len(json.loads(read(status["ledger"]))["trials"]) == 16
    entries = team.get_hypothesis("better")["status"]["studies"]
    assert [(entry["name"], entry["verdict"], entry["rank"]) for entry in entries] == [("digits", "Better", 1)]
    # The backlog as a team reads it.
    line = next(line for line in team.kubectl("get", "hyp").splitlines() if line.startswith("better"))
    assert line.split()[:7] == ["better", "0", "Better", "0.101", "1", "digits", "True"]
    assert line.endswith("better helps.")
    assert team.events().keys() == {"Accepted", "Succeeded", "Undecided"}


def read(uri: str) -> bytes:
    prefix, name = split_object_uri(uri)
    return open_objects(prefix).get(name)
