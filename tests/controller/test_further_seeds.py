"""On a cluster, too, a study asks for what can still decide something, and for no more."""

from __future__ import annotations

import random
from collections import Counter, defaultdict

import pytest

from assay.kube import Kube
from assay_trainer.contract import TrialRequest
from controller.played_pods import PlayedPods
from controller.team import Team

pytestmark = pytest.mark.usefixtures("operator")


class Recorded:
    """Scores of trials, and which were asked for."""

    def __init__(self, noise: float) -> None:
        self.noise = noise
        self.trials: dict[str, TrialRequest] = {}

    def __call__(self, item: TrialRequest) -> float:
        self.trials[item.key] = item
        true = 0.03 * int("".join(each for each in item.hypothesis if each.isdigit()) or 0)
        return true + random.Random(item.key).gauss(0, self.noise)

    def seeds(self) -> dict[str, Counter[str]]:
        """Return by arm how many seeds each hypothesis had."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for item in self.trials.values():
            found[item.arm][item.hypothesis] += 1
        return found


def test_only_hypotheses_that_are_still_open_get_further_seeds(kube: Kube, team: Team) -> None:
    scores = Recorded(noise=0.02)
    names = [f"h{number}" for number in range(1, 8)]
    study = team.study(
        question="BeatBaseline", proxies=[], seeds={"initial": 3, "maximum": 8}, budget={"parallelism": 6}
    )
    with PlayedPods(kube, team.namespace, scores) as pods:
        team.apply(*team.hypotheses(*names), study)
        team.wait("Succeeded", seconds=120)
        seeds = scores.seeds()["reference"]
        assert len(pods.started) == sum(seeds.values())
        assert seeds["h7"] == 3
        assert max(seeds.values()) > 3
    ranking = {row["name"]: row for row in team.get()["status"]["ranking"]}
    assert {name: row["seeds"] for name, row in ranking.items()} == dict(seeds)
    assert ranking["h7"]["verdict"] == "Better"
    assert team.get_hypothesis("h7")["status"]["studies"][0]["verdict"] == "Better"


def test_what_is_added_once_a_proxy_is_trusted_is_screened_on_it(kube: Kube, team: Team) -> None:
    scores = Recorded(noise=0.001)
    first = [f"h{number}" for number in range(1, 13)]
    added = [f"h{number}" for number in range(20, 32)]
    study = team.study(
        trust={"threshold": "0.6"},
        screening={"promote": 2, "auditPercent": 10},
        budget={"parallelism": 12},
    )
    with PlayedPods(kube, team.namespace, scores):
        team.apply(*team.hypotheses(*first), study)
        team.wait("ProxyTrusted", seconds=120)
        team.wait("Succeeded", seconds=60)
        team.apply(*team.hypotheses(*added))
        team.until(lambda: "h31" in scores.seeds()["short"], lambda: str(scores.seeds()), seconds=60)
        team.wait("Succeeded", seconds=120)
    in_full = set(scores.seeds()["reference"]) & set(added)
    assert set(scores.seeds()["short"]) == {"baseline", *first, *added}
    assert {"h30", "h31"} <= in_full
    assert len(in_full) < len(added)
    assert team.condition("ProxyTrusted")["reason"] == "Certified"
    assert team.get()["status"]["recommendedProxy"] == "short"


def test_screening_on_the_reference_curve_costs_no_calibration_and_ends_trials_early(kube: Kube, team: Team) -> None:
    scores = Recorded(noise=0.001)
    first = [f"h{number}" for number in range(1, 13)]
    added = [f"h{number}" for number in range(20, 28)]
    study = team.study(
        trust={"threshold": "0.6"},
        proxies=[{"name": "early", "readAt": {"epochs": [3]}}],
        screening={"promote": 2, "auditPercent": 0},
        budget={"parallelism": 12},
    )
    with PlayedPods(kube, team.namespace, scores) as pods:
        team.apply(*team.hypotheses(*first), study)
        team.wait("ProxyTrusted", seconds=120)
        team.wait("Succeeded", seconds=60)
        assert set(scores.seeds()) == {"reference"}
        assert len(pods.started) == 26
        (arm,) = (each for each in team.get()["status"]["arms"] if each["name"] == "early")
        assert (arm["decision"], arm["cost"]["free"], arm["trials"]["succeeded"]) == ("Trusted", True, 26)
        team.apply(*team.hypotheses(*added))
        team.until(lambda: "h27" in scores.seeds()["early"], lambda: str(scores.seeds()), seconds=60)
        team.wait("Succeeded", seconds=120)
        assert len(pods.started) == len(set(pods.started)) == 26 + 16 + 4
    assert set(scores.seeds()["early"]) == set(added)
    assert {item.fidelity.stop_after for item in scores.trials.values() if item.arm == "early"} == {3}
    assert set(scores.seeds()["reference"]) == {"baseline", *first, "h26", "h27"}
    assert team.get()["status"]["trials"]["succeeded"] == 46
