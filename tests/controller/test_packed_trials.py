"""Trials that share Jobs, on a real API server; only the pods are played."""

from __future__ import annotations

from collections import Counter

import pytest

from assay.kube import Kube
from assay_trainer.contract import FailureReason, TrialRequest
from cluster.commands import CommandFailed
from controller.played_pods import Outcome, PlayedPods
from controller.team import Team

pytestmark = pytest.mark.usefixtures("operator")

TRAINER = {"entrypoint": "team.train:run", "packing": {"trials": 4, "atOnce": 2}, "sharedMemory": "64Mi"}


def test_trials_of_an_arm_share_a_job_and_one_that_ran_out_of_memory_beside_others_is_tried_again_alone(
    kube: Kube, team: Team
) -> None:
    def outcome(item: TrialRequest) -> Outcome:
        if item.hypothesis == "other" and item.seed == 0 and item.arm == "reference" and not item.alone:
            return FailureReason.OUT_OF_SHARED_MEMORY
        return 0.8 + 0.01 * item.seed

    with PlayedPods(kube, team.namespace, outcome) as pods:
        team.apply(*team.hypotheses("other"), team.study(trainer=TRAINER))
        team.wait("Succeeded", seconds=120)
        jobs = pods.jobs()
    assert Counter(attempt for _, attempt in pods.started) == {1: 8, 2: 1}
    items = sorted(job["metadata"]["annotations"]["assay.dev/items"].count(":") for job in jobs)
    assert items == [1, 4, 4]
    for job in jobs:
        packed = job["metadata"]["annotations"]["assay.dev/items"].count(":") > 1
        assert job["metadata"]["annotations"].get("assay.dev/at-once") == ("2" if packed else None)
        assert "reference" in str(job["metadata"]["labels"]) or packed  # one arm each


def test_more_side_by_side_than_there_are_in_a_job_are_refused_by_the_api_server(team: Team) -> None:
    wrong = team.study(trainer={"entrypoint": "team.train:run", "packing": {"trials": 1, "atOnce": 2}})
    with pytest.raises(CommandFailed, match="atOnce: must be at most `trials`"):
        team.apply(wrong)
