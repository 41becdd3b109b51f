from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from assay.api.resources import REFERENCE, ProxyArm, Screening
from assay.planning.study.study import Study
from assay.planning.trust.audit_draws import AT_LEAST
from assay.planning.trust.screening import Role, ScreeningState, screening_of
from assay.ranking.arrays import FloatArray
from builders.effort import tries
from builders.screenings import SEEDS, SHORT, a_screening_study, after, certified, tables_of_scores
from builders.studies import redefined

CALIBRATION = 24

Scored = dict[tuple[str, str], FloatArray]


def truth(name: str) -> float:
    """The true score of a hypothesis, by its name alone."""
    return float(np.random.default_rng(list(name.encode())).standard_normal())


def right(name: str) -> float:
    """A proxy that has the truth."""
    return truth(name)


def turned_round(name: str) -> float:
    """A proxy that has the opposite, of the newcomers of one kind."""
    return -truth(name) if name.startswith("b") else truth(name)


def seeds(name: str, arm: str, value: float) -> FloatArray:
    return value + 0.05 * np.random.default_rng([*name.encode(), *arm.encode()]).standard_normal(SEEDS)


class Backlog:
    """Trials that run as they are wanted: the calibration's to begin with."""

    def __init__(self, study: Study, proxy: Callable[[str], float]) -> None:
        self.proxy = proxy
        self.scores: Scored = {}
        self.now = 1.0
        self.calibration = [each.name for each in study.hypotheses[:CALIBRATION]]
        for name in self.calibration:
            for arm in study.design.arms:
                self.run(name, arm)
        self.study = certified(study, tables_of_scores(study, self.scores), self.calibration)

    def run(self, hypothesis: str, arm: str) -> None:
        value = truth(hypothesis) if arm == REFERENCE else self.proxy(hypothesis)
        self.scores[hypothesis, arm] = seeds(hypothesis, arm, value)

    def look(self) -> ScreeningState:
        self.now += 1.0
        found = screening_of(self.study, tables_of_scores(self.study, self.scores), self.now)
        self.study = after(self.study, found)
        return found

    def to_the_end(self) -> ScreeningState:
        for _ in range(50):
            found = self.look()
            wanted = [each for each in found.wanted if each not in self.scores]
            if not wanted and not found.records:
                return found
            for hypothesis, arm in wanted:
                self.run(hypothesis, arm)
        raise AssertionError("more is wanted again and again")

    def having(self, newcomers: Mapping[str, str | None], screening: Screening | None = None) -> None:
        """The same backlog with other newcomers; what was written down, and what ran, stays."""
        history = self.study.history
        self.study = replace(a_screening_study(CALIBRATION, newcomers, screening=screening), history=history)


def backlog(
    newcomers: Mapping[str, str | None],
    proxy: Callable[[str], float] = right,
    screening: Screening | None = None,
) -> Backlog:
    return Backlog(a_screening_study(CALIBRATION, newcomers, screening=screening), proxy)


def of_kind(kind: str, count: int) -> dict[str, str | None]:
    return {f"{kind}{index:03d}": kind for index in range(count)}


def test_without_a_certificate_every_hypothesis_is_calibration_and_nothing_is_written_down() -> None:
    study = a_screening_study(CALIBRATION, of_kind("a", 3))
    found = screening_of(study, tables_of_scores(study, {}), now=2.0)
    assert set(found.roles.values()) == {Role.CALIBRATION}
    assert (found.arm, found.wanted, found.records) == (None, {}, ())


def test_what_is_added_later_runs_on_the_proxy_alone_but_for_the_best_and_the_audited() -> None:
    found = backlog(of_kind("a", 40)).to_the_end()
    screened, promoted = found.having(Role.SCREENED), found.having(Role.PROMOTED)
    audited = found.having(Role.AUDITED)
    assert len(found.having(Role.CALIBRATION)) == CALIBRATION
    assert len(screened) + len(promoted) + len(audited) == 40
    best = sorted(of_kind("a", 40), key=truth, reverse=True)[:3]
    assert set(best) <= set(promoted)
    assert len(audited) >= AT_LEAST
    assert all(found.wanted[name, "short"] == SEEDS for name in of_kind("a", 40))
    at_reference = {hypothesis for hypothesis, arm in found.wanted if arm == REFERENCE}
    assert at_reference == {*promoted, *audited}
    assert found.revocation is None


def test_nobody_is_promoted_before_all_have_run_on_the_proxy() -> None:
    world = backlog(of_kind("a", 12))
    first = world.look()
    assert first.having(Role.PROMOTED) == ()
    assert len(first.having(Role.AUDITED)) >= AT_LEAST
    for hypothesis, arm in list(first.wanted)[:-1]:
        if arm == "short" and hypothesis != "a000":
            world.run(hypothesis, arm)
    assert world.look().having(Role.PROMOTED) == ()
    world.run("a000", "short")
    assert len(world.look().having(Role.PROMOTED)) >= 3


def test_each_stratum_has_three_audited_besides_the_promoted_or_as_many_as_there_are() -> None:
    newcomers = {**of_kind("a", 30), **of_kind("b", 2), "x1": None, "x2": None, "x3": None, "x4": None}
    found = backlog(newcomers, screening=Screening(stratify_by="kind", audit_percent=1, promote=1)).to_the_end()
    audited, promoted = set(found.having(Role.AUDITED)), set(found.having(Role.PROMOTED))
    for members in (of_kind("a", 30), of_kind("b", 2), {"x1", "x2", "x3", "x4"}):
        there = set(members) - promoted
        assert len(audited & there) == min(AT_LEAST, len(there))


def test_a_percentage_of_zero_audits_nobody() -> None:
    found = backlog(of_kind("a", 10), screening=Screening(audit_percent=0)).to_the_end()
    assert found.drawn == ()


def test_who_is_drawn_depends_on_no_score() -> None:
    screening = Screening(stratify_by="kind", audit_percent=30, promote=1)
    ways = [backlog(of_kind("a", 40), proxy, screening).look().drawn for proxy in (right, lambda name: -truth(name))]
    assert ways[0] == ways[1]
    assert 5 <= len(ways[0]) <= 20
    other = backlog(of_kind("a", 40), right, screening.model_copy(update={"seed": 1})).look().drawn
    assert other != ways[0]


def test_who_was_drawn_stays_drawn_when_hypotheses_are_added() -> None:
    world = backlog(of_kind("a", 10))
    before = world.to_the_end().drawn
    for more in (20, 40, 80):
        world.having(of_kind("a", more))
        now = world.to_the_end().drawn
        assert now[: len(before)] == before
        before = now


def test_a_kind_that_the_proxy_gets_wrong_revokes_the_certificate_and_its_verdicts_run_at_the_reference() -> None:
    world = backlog({**of_kind("a", 20), **of_kind("b", 20)}, turned_round)
    found = world.to_the_end()
    assert found.revocation is not None
    assert found.revocation.stratum == "b"
    assert "of kind b" in found.revocation.message
    assert "others rested on it" in found.revocation.message
    assert set(found.having(Role.FALLEN_BACK)) == {*of_kind("a", 20), *of_kind("b", 20)}
    assert {arm for _, arm in found.wanted} == {REFERENCE}
    assert set(found.wanted.values()) == {SEEDS}


def test_what_was_revoked_stays_revoked_whatever_is_added() -> None:
    world = backlog(of_kind("b", 20), turned_round)
    world.to_the_end()
    world.proxy = right
    world.having({**of_kind("b", 20), **of_kind("a", 200)})
    found = world.to_the_end()
    assert found.revocation is not None
    assert len(found.having(Role.FALLEN_BACK)) == 220


def test_nothing_depends_on_the_order_in_which_trials_end() -> None:
    ends = []
    for order in range(tries(6, quick=4)):
        world = backlog({**of_kind("a", 12), **of_kind("b", 12)}, turned_round if order % 2 else right)
        generator = np.random.default_rng(order // 2)
        for _ in range(500):
            found = world.look()
            wanted = [each for each in found.wanted if each not in world.scores]
            if not wanted and not found.records:
                break
            if wanted:
                world.run(*wanted[generator.integers(len(wanted))])
        message = found.revocation.message if found.revocation else None
        ends.append((found.roles, message, found.drawn if message is None else None))
    for right_or_wrong in (ends[::2], ends[1::2]):
        assert all(end == right_or_wrong[0] for end in right_or_wrong)
    assert ends[1][1] is not None


def test_an_edited_hypothesis_is_another_one() -> None:
    world = backlog(of_kind("a", 10))
    world.to_the_end()
    edited = [
        each.model_copy(update={"spec": each.spec.model_copy(update={"recipe": {"x": "another"}})})
        if each.name == "first01"
        else each
        for each in world.study.hypotheses
    ]
    world.study = redefined(world.study, hypotheses=tuple(edited))
    roles = world.look().roles
    assert roles["first01"] is not Role.CALIBRATION
    assert roles["first02"] is Role.CALIBRATION


def with_two_proxies(first: tuple[str, float, float], second: tuple[str, float, float]) -> ScreeningState:
    """Certificates of `short` and of `tiny`, each with its price and when it was made."""
    tiny = ProxyArm(name="tiny", epochs=1)
    study = a_screening_study(CALIBRATION, of_kind("a", 10), proxies=(SHORT, tiny))
    names = [each.name for each in study.hypotheses[:CALIBRATION]]
    scores = {(name, arm): seeds(name, arm, truth(name)) for name in names for arm in study.design.arms}
    cells = tables_of_scores(study, scores)
    for arm, price, at in (first, second):
        study = certified(study, cells, names, arm=arm, price=price, now=at)
    return screening_of(study, cells, now=9.0)


def test_of_several_certified_proxies_the_cheapest_is_used() -> None:
    assert with_two_proxies(("short", 0.2, 1.0), ("tiny", 0.1, 1.0)).arm == "tiny"
    assert with_two_proxies(("short", 0.1, 1.0), ("tiny", 0.2, 1.0)).arm == "short"


def test_a_proxy_that_is_certified_later_does_not_take_over() -> None:
    found = with_two_proxies(("short", 0.2, 1.0), ("tiny", 0.1, 2.0))
    assert found.arm == "short"
    assert {arm for _, arm in found.wanted} == {"short", REFERENCE}


@pytest.mark.parametrize("field", ["trust", "metric", "reference", "proxies"])
def test_a_certificate_is_left_aside_if_what_it_rests_on_is_edited(field: str) -> None:
    world = backlog(of_kind("a", 10))
    spec = world.study.spec
    update: dict[str, Any] = {
        "trust": {"trust": spec.trust.model_copy(update={"threshold": "0.9"})},
        "metric": {"metric": spec.metric.model_copy(update={"name": "loss"})},
        "reference": {"reference": spec.reference.model_copy(update={"epochs": 99})},
        "proxies": {"proxies": (spec.proxies[0].model_copy(update={"epochs": 1}),)},
    }
    resource = world.study.resource.model_copy(update={"spec": spec.model_copy(update=update[field])})
    world.study = redefined(world.study, resource=resource)
    assert world.look().arm is None
