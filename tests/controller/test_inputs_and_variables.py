"""What the train functions of a cluster read by themselves: what counts, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay.kube import Kube, Manifest
from assay_trainer.contract import TrialRequest
from cluster.commands import CommandFailed
from controller.played_pods import PlayedPods
from controller.team import Team

pytestmark = pytest.mark.usefixtures("operator")


def study_manifest(team: Team, *env: dict[str, Any], **trainer: Any) -> Manifest:
    return team.study(trainer={"entrypoint": "team.train:run", "podTemplate": {"env": list(env)}, **trainer})


def test_an_edited_variable_and_another_input_are_seen_and_said(kube: Kube, team: Team, tmp_path: Path) -> None:
    digested = {"environment": {"digested": ["TOKENIZER"], "passed": ["TRACKER"]}}
    tracker = {"name": "TRACKER", "value": "http://a"}
    asked: list[TrialRequest] = []

    def score(item: TrialRequest) -> float:
        asked.append(item)
        return 0.8 + 0.01 * item.seed + 0.001 * len(item.hypothesis)

    with PlayedPods(kube, team.namespace, score) as pods:
        team.apply(
            *team.hypotheses("other"), study_manifest(team, {"name": "TOKENIZER", "value": "bpe"}, tracker, **digested)
        )
        team.wait("Succeeded")
        assert all(item.environment == {"TOKENIZER": "bpe"} for item in asked)
        team.apply(
            study_manifest(team, {"name": "TOKENIZER", "value": "bpe"}, {**tracker, "value": "http://b"}, **digested)
        )
        team.wait("Succeeded")
        assert len(pods.started) == 8
        team.apply(study_manifest(team, {"name": "TOKENIZER", "value": "unigram"}, tracker, **digested))
        team.wait("Succeeded")
        assert len(pods.started) == 16
        assert team.get()["status"]["stale"]["results"] == 8
        assert team.get()["status"]["stale"]["message"] == "environment variables (TOKENIZER)"
        (tmp_path / "stopwords.txt").write_text("the a an")
        listed = [(tmp_path / "stopwords.txt").as_uri()]
        team.apply(study_manifest(team, {"name": "TOKENIZER", "value": "bpe"}, tracker, inputs=listed, **digested))
        team.wait("Succeeded")
        assert len(pods.started) == 24
        assert "inputs (stopwords.txt)" in team.get()["status"]["stale"]["message"]


def test_what_can_not_be_digested_is_refused_by_name(team: Team, tmp_path: Path) -> None:
    team.apply(*team.hypotheses("other"))
    secret = {"name": "TOKENIZER", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    digested = {"environment": {"digested": ["TOKENIZER"]}}
    want_said = [
        (
            study_manifest(team, secret, **digested),
            "Invalid",
            'environment.digested: given "TOKENIZER", whose value comes',
        ),
        (study_manifest(team, **digested), "Invalid", "which podTemplate.env does not have"),
        (study_manifest(team, environment={"digested": ["HF_TOKEN"]}), "Invalid", "list it in passed"),
        (
            study_manifest(team, inputs=["s3://elsewhere/a"]),
            "NotAllowed",
            'spec.trainer.inputs[0]: given "s3://elsewhere/a"',
        ),
        (study_manifest(team, inputs=["file:///proc/self/environ"]), "NotAllowed", "spec.trainer.inputs[0]"),
        (study_manifest(team, inputs=[(tmp_path / "nothing").as_uri()]), "Invalid", "where there is nothing"),
    ]
    for study, reason, want in want_said:
        team.apply(study)
        assert want in team.wait("Accepted", status="False", reason=reason)


@pytest.mark.parametrize(
    ("trainer", "want"),
    [
        ({"inputs": ["table.npz"]}, "a path means something only to `assay run`"),
        ({"inputs": ["s3://b/a", "s3://b/a"]}, "duplicate entries"),
        ({"environment": {"digested": ["A"], "passed": ["A"]}}, "either in digested or in passed"),
        ({"environment": {"digested": ["A-B"]}}, "should match"),
    ],
)
def test_what_a_cluster_has_no_use_for_is_refused_when_it_is_applied(
    team: Team, trainer: dict[str, Any], want: str
) -> None:
    with pytest.raises(CommandFailed, match=want):
        team.apply(study_manifest(team, **trainer))
