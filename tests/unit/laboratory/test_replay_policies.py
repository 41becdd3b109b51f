"""Policies of the replay laboratory: what they buy, in which order, and how their hypotheses stand by it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from assay.api.resources import Goal, Metric, Question, Seeds, TrainerSpec
from assay.laboratory.comparing import full_cost, seed_orders, yardsticks
from assay.laboratory.halving import SuccessiveHalving
from assay.laboratory.ladder_climbing import LadderClimbing
from assay.laboratory.one_arm import OneArm
from assay.laboratory.purchases import nothing_bought, purchases
from assay.planning.allocation.ladder import Ladder, LadderTrial
from assay.recorded.table import RecordedRun
from builders.tables import SECONDS, a_replay, a_table

if TYPE_CHECKING:
    from assay.laboratory.policy import AllocationPolicy, Placing
    from assay.laboratory.purchases import Trace
    from assay.recorded.table import Table
    from assay.runners.replay.study import Replayed

WORTH = {"baseline": 0.5, "h1": 0.6, "h2": 0.4, "h3": 0.7}


def worth(hypothesis: str, arm: str, seed: int) -> float:
    return WORTH[hypothesis] + len(arm) / 100 + seed / 1000


@dataclass
class Watched:
    """A policy, and what it bought."""

    policy: AllocationPolicy
    bought: list[LadderTrial] = field(default_factory=list)
    name: str = "watched"
    explanation: str = ""

    def next_trial(self, view: Ladder) -> LadderTrial | None:
        cell = self.policy.next_trial(view)
        if cell is not None:
            self.bought.append(cell)
        return cell

    def placing(self, view: Ladder) -> Placing:
        return self.policy.placing(view)


def bought_by(
    policy: AllocationPolicy, table: Table, replayed: Replayed | None = None
) -> tuple[list[LadderTrial], Trace]:
    replayed = replayed or a_replay(table)
    watched = Watched(policy)
    trace = purchases(watched, nothing_bought(replayed.study), replayed, table)
    return watched.bought, trace


def order(placing: Placing) -> list[str]:
    return sorted(placing, key=lambda name: placing[name], reverse=True)


def test_the_view_at_the_start_has_the_arms_from_the_cheapest_to_the_reference_and_no_result() -> None:
    view = nothing_bought(a_replay(a_table()).study)
    assert view.rungs == ("half", "short", "reference")  # of 1 and 2 epochs of many
    assert (view.seeds, dict(view.revealed)) == (3, {})
    assert view.relative_work["half"] < view.relative_work["short"] < view.relative_work["reference"] == 1


def test_everything_on_one_arm_goes_seed_by_seed_and_orders_by_means() -> None:
    bought, trace = bought_by(OneArm("all", "", "short"), a_table(score=worth))
    assert bought == [LadderTrial(name, "short", seed) for seed in range(3) for name in WORTH]
    assert [each.spent for each in trace] == [1, 2, 3, 4, 6, 8, 10, 12, 15, 18, 21, 24]
    assert order(trace[3].placing) == order(trace[-1].placing) == ["h3", "h1", "baseline", "h2"]
    assert order(trace[1].placing) == ["h1", "baseline"]


def test_who_lacks_a_hard_seed_gains_nothing_by_it() -> None:
    def hard(hypothesis: str, arm: str, seed: int) -> float:
        return WORTH[hypothesis] - 0.4 * (seed == 1)

    table = a_table(score=hard, runs={("h2", "short", 1): None})
    _, trace = bought_by(OneArm("all", "", "short"), table)
    assert order(trace[-1].placing) == ["h3", "h1", "baseline", "h2"]


def test_halving_takes_the_better_half_to_the_next_arm_and_who_got_further_stands_higher() -> None:
    bought, trace = bought_by(SuccessiveHalving(), a_table(score=worth))
    assert bought == [
        *(LadderTrial(name, "half", 0) for name in WORTH),
        LadderTrial("h1", "short", 0),
        LadderTrial("h3", "short", 0),
        LadderTrial("h3", "reference", 0),
    ]
    assert order(trace[-1].placing) == ["h3", "h1", "baseline", "h2"]


def test_halving_leaves_out_who_failed_and_ends_where_nobody_is_left() -> None:
    failed = {("h3", "half", 0): RecordedRun(4.0, None)}
    bought, _ = bought_by(SuccessiveHalving(), a_table(score=worth, runs=failed))
    assert LadderTrial("h3", "short", 0) not in bought
    nobody = {(name, "half", 0): RecordedRun(4.0, None) for name in WORTH}
    bought, trace = bought_by(SuccessiveHalving(), a_table(score=worth, runs=nobody))
    assert (len(bought), dict(trace[-1].placing)) == (4, {})


def test_promotion_keeps_to_its_budget() -> None:
    _, trace = bought_by(LadderClimbing(Question.RANK_ALL, "baseline", 30.0), a_table(score=worth))
    assert 20 < trace[-1].spent <= 30
    assert order(trace[-1].placing) == ["h3", "h1", "baseline", "h2"]


def test_a_run_that_is_not_recorded_costs_nothing_and_one_without_a_score_what_it_took() -> None:
    table = a_table(score=worth, runs={("h1", "short", 0): None, ("h2", "short", 0): RecordedRun(1.0, None)})
    _, trace = bought_by(OneArm("all", "", "short"), table)
    assert [each.spent for each in trace[:4]] == [1, 1, 2, 3]
    assert order(trace[3].placing) == ["h3", "baseline"]


def test_a_run_past_its_deadline_costs_the_deadline_and_has_no_score() -> None:
    table = a_table(score=worth, runs={("h1", "short", 0): RecordedRun(100.0, 0.9)})
    replayed = a_replay(table, trainer=TrainerSpec(entrypoint="team:train", deadline_seconds=10))
    _, trace = bought_by(OneArm("all", "", "short"), table, replayed)
    assert [each.spent for each in trace[:2]] == [1, 11]
    assert "h1" not in trace[3].placing


def test_scores_of_a_metric_that_is_minimised_are_turned_round() -> None:
    table = a_table(score=worth)
    replayed = a_replay(table, metric=Metric(name="loss", goal=Goal.MINIMIZE, smallest_effect="0"))
    _, trace = bought_by(OneArm("all", "", "short"), table, replayed)
    assert order(trace[-1].placing) == ["h2", "baseline", "h1", "h3"]


@pytest.mark.parametrize(
    ("cell", "want"),
    [
        (LadderTrial("baseline", "short", 0), "which it has"),
        (LadderTrial("nobody", "short", 0), "a hypothesis, rung and seed of the view"),
        (LadderTrial("h1", "long", 0), "a hypothesis, rung and seed of the view"),
        (LadderTrial("h1", "short", 3), "a hypothesis, rung and seed of the view"),
    ],
)
def test_a_policy_that_wants_what_it_has_or_what_there_is_not_is_an_error(cell: LadderTrial, want: str) -> None:
    class Wrong(OneArm):
        def next_trial(self, view: Ladder) -> LadderTrial | None:
            return cell if view.revealed else super().next_trial(view)

    with pytest.raises(ValueError, match=f"watched: given .*{want}"):
        bought_by(Wrong("wrong", "", "short"), a_table())


def test_the_yardsticks_are_the_reference_halving_and_each_proxy_and_without_a_budget_promotion() -> None:
    names = [policy.name for policy in yardsticks(a_replay(a_table()))]
    assert names == ["promotion", "equal allocation", "successive halving", "half alone", "short alone"]
    assert [policy.name for policy in yardsticks(a_replay(a_table(arms=["reference"])))] == ["equal allocation"]


def test_every_yardstick_ends_and_none_buys_more_than_there_is() -> None:
    table = a_table(score=worth)
    for policy in yardsticks(a_replay(table)):
        bought, trace = bought_by(policy, table)
        assert len(bought) == len(set(bought)) == len(trace) <= len(table.runs)
        assert order(trace[-1].placing)[0] == "h3"


def test_orders_of_seeds_are_always_the_same_each_once_and_the_tables_own_is_the_first() -> None:
    assert seed_orders(3, 100) == seed_orders(3, 6)
    assert len(set(seed_orders(3, 100))) == 6
    assert seed_orders(25, 10)[:4] == seed_orders(25, 4)
    assert seed_orders(25, 4)[0] == tuple(range(25))
    assert all(sorted(each) == list(range(25)) for each in seed_orders(25, 10))
    assert seed_orders(1, 10) == ((0,),)


def test_a_reordered_table_has_the_same_runs_under_other_numbers() -> None:
    table = a_table(score=worth)
    other = table.reordered((2, 0, 1))
    assert other.runs["h1", "half", 0] == table.runs["h1", "half", 2]
    assert other.runs["h1", "half", 2] == table.runs["h1", "half", 1]
    assert len(other.runs) == len(table.runs)


def test_the_full_cost_is_the_first_seed_of_everybody_on_the_reference_or_the_mean_of_who_lacks_it() -> None:
    assert full_cost(a_replay(a_table()), a_table()) == 4 * SECONDS["reference"]
    table = a_table(runs={("h1", "reference", 0): None})
    assert math.isclose(full_cost(a_replay(table), table), 3 * 8.0 + 9.5)


def test_a_study_may_ask_for_more_seeds_than_there_are_but_not_at_first() -> None:
    replayed = a_replay(a_table(), seeds=Seeds(initial=2, maximum=9))
    assert replayed.study.spec.seeds == Seeds(initial=2, maximum=3)
    assert "spec.seeds.maximum is 9; the table has 3" in replayed.note
    assert a_replay(a_table(), seeds=Seeds(initial=2)).note == ""
