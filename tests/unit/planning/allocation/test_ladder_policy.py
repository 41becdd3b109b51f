"""What a price buys: which trial comes next, and the order that follows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.api.resources import Question
from assay.planning.allocation.ladder import Ladder, LadderTrial, Revealed
from assay.planning.allocation.ladder_policy import Step, estimates, ladder_scores, next_step, next_steps
from assay.planning.allocation.ladder_prices import ladder_prices
from builders.effort import tries

WORK = {"eighth": 1 / 8, "quarter": 1 / 4, "half": 1 / 2, "full": 1.0}
NAMES = ("a", "b", "c", "d", "e", "f")
QUESTIONS = tuple(Question)


def a_ladder(
    revealed: Mapping[tuple[str, str, int], tuple[float | None, float]] | None = None,
    pending: Iterable[tuple[str, str, int]] = (),
    names: tuple[str, ...] = NAMES,
    seeds: int = 5,
) -> Ladder:
    return Ladder(
        hypotheses=names,
        rungs=tuple(WORK),
        revealed={LadderTrial(*cell): Revealed(*seen) for cell, seen in (revealed or {}).items()},
        pending=frozenset(LadderTrial(*cell) for cell in pending),
        relative_work=WORK,
        seeds=seeds,
    )


def bought(
    ladder: Ladder,
    question: Question,
    budget: float,
    prices: Mapping[str, float],
    worth: Mapping[str, float],
    noise: float = 0.0,
) -> tuple[Ladder, list[Step]]:
    """Runs one trial after another; `prices` are those of the reference."""
    steps, spent = [], 0.0
    generator = np.random.default_rng(0)
    while step := next_step(ladder, question, "a", budget - spent):
        cost = prices[step.hypothesis] * WORK[step.rung]
        score = worth[step.hypothesis] + noise * float(generator.standard_normal())
        spent += cost
        steps.append(step)
        cell = LadderTrial(step.hypothesis, step.rung, step.seed)
        ladder = replace(ladder, revealed={**ladder.revealed, cell: Revealed(score, cost)})
    return ladder, steps


EQUAL = dict.fromkeys(NAMES, 8.0)
UNEQUAL = dict(zip(NAMES, (1.0, 2.0, 5.0, 20.0, 50.0, 100.0), strict=True))
WORTH = dict(zip(NAMES, (0.5, 0.7, 0.6, 0.9, 0.1, 0.3), strict=True))


def rungs_reached(ladder: Ladder) -> dict[str, str | None]:
    return {name: each.rung for name, each in estimates(ladder).items()}


def test_while_no_price_is_known_everybody_begins_on_the_cheapest_rung() -> None:
    steps = next_steps(a_ladder(), Question.RANK_ALL, None, 10.0, 99)
    assert sorted(steps) == [(name, "eighth", 0, None) for name in NAMES]


def test_who_begins_first_is_spread_over_the_list() -> None:
    names = tuple(f"h{at:02d}" for at in range(30))
    first = [int(step.hypothesis[1:]) for step in next_steps(a_ladder(names=names), Question.RANK_ALL, None, 10.0, 3)]
    assert np.diff(sorted(first)).min() > 5


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("prices", [EQUAL, UNEQUAL])
def test_no_more_is_spent_than_there_is(question: Question, prices: dict[str, float]) -> None:
    budget = 0.4 * sum(prices.values())
    ladder, steps = bought(a_ladder(), question, budget, prices, WORTH)
    assert budget / 2 < sum(seen.cost for seen in ladder.revealed.values()) <= budget
    assert len({step[:3] for step in steps}) == len(steps)
    assert {cell.hypothesis for cell in ladder.revealed} == set(NAMES)


def test_where_prices_differ_the_cheap_reach_the_reference_and_the_dear_do_not() -> None:
    ladder, _ = bought(a_ladder(), Question.RANK_ALL, 50.0, UNEQUAL, WORTH)
    reached = rungs_reached(ladder)
    assert reached["a"] == reached["b"] == "full"
    assert reached["f"] != "full"
    order = [tuple(WORK).index(reached[name] or "") for name in NAMES]
    assert order == sorted(order, reverse=True)


def test_where_prices_are_alike_all_begin_where_all_can_be_paid_for() -> None:
    names = tuple(f"h{at:02d}" for at in range(12))
    ladder, steps = bought(
        a_ladder(names=names), Question.RANK_ALL, 0.3 * 12, dict.fromkeys(names, 1.0), dict.fromkeys(names, 0.5)
    )
    assert set(rungs_reached(ladder).values()) == {"quarter"}
    assert sum(step.rung == "eighth" for step in steps) == 2


def test_the_best_one_is_sought_among_those_that_are_good() -> None:
    names = tuple(f"h{at:02d}" for at in range(20))
    worth = {name: at / 20 for at, name in enumerate(names)} | {"h18": 0.94, "h19": 0.95}
    prices = dict.fromkeys(names, 1.0)
    ladder, steps = bought(a_ladder(names=names), Question.FIND_BEST, 6.0, prices, worth, noise=0.02)
    later = [step.hypothesis for step in steps if step.rung != "eighth"]
    assert set(later[:4]) == {"h18", "h19"}
    assert not {*names[:10]} & {*later}
    assert ladder.hypotheses[int(np.nanargmax(ladder_scores(ladder).scores))] in ("h18", "h19")


def test_the_baseline_is_known_best_where_all_are_compared_with_it() -> None:
    ladder, _ = bought(a_ladder(), Question.BEAT_BASELINE, 0.9 * sum(EQUAL.values()), EQUAL, WORTH)
    full = [cell.hypothesis for cell in ladder.revealed if cell.rung == "full"]
    assert full.count("a") > max(full.count(name) for name in NAMES[1:])


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_is_pending_is_paid_for_and_is_not_started_again(question: Question) -> None:
    everybody = {(name, "eighth", 0): (WORTH[name], 1.0) for name in NAMES}
    first = next_step(a_ladder(everybody), question, "a", 100.0)
    assert first is not None
    assert first.price is not None
    started = a_ladder(everybody, pending=[first[:3]])
    second = next_step(started, question, "a", 100.0)
    assert second is not None
    assert second[:3] != first[:3]
    assert next_step(started, question, "a", first.price) is None


@pytest.mark.parametrize("question", QUESTIONS)
def test_several_steps_at_once_are_those_of_one_at_a_time(question: Question) -> None:
    everybody = {(name, "eighth", 0): (WORTH[name], UNEQUAL[name] / 8) for name in NAMES}
    at_once = next_steps(a_ladder(everybody), question, "a", 60.0, 6)
    pending: list[tuple[str, str, int]] = []
    for want in at_once:
        step = next_step(a_ladder(everybody, pending), question, "a", 60.0)
        assert step == want
        pending.append(want[:3])


def test_who_failed_is_tried_once_more_further_up_and_then_given_up() -> None:
    everybody: dict[tuple[str, str, int], tuple[float | None, float]] = {
        (name, "eighth", 0): (WORTH[name], 1.0) for name in NAMES
    }
    everybody["a", "eighth", 0] = (None, 1.0)
    steps = next_steps(a_ladder(everybody), Question.RANK_ALL, None, 1000.0, 99)
    assert next(step.rung for step in steps if step.hypothesis == "a") != "eighth"
    everybody["a", "quarter", 0] = (None, 2.0)
    twice = a_ladder(everybody)
    assert all(step.hypothesis != "a" for step in next_steps(twice, Question.RANK_ALL, None, 1000.0, 99))
    assert np.isnan(ladder_scores(twice).scores[twice.hypotheses.index("a")])
    assert estimates(twice)["a"].score is None


def test_seeds_that_are_there_already_are_not_run_again() -> None:
    full = {(name, "full", seed): (WORTH[name], 8.0) for name in NAMES for seed in (0, 2)}
    steps = next_steps(a_ladder(full, seeds=3), Question.RANK_ALL, None, 1000.0, 99)
    assert {step[1:3] for step in steps} == {("full", 1)}
    assert len(steps) == len(NAMES)


@pytest.mark.parametrize("question", QUESTIONS)
def test_nothing_is_left_to_do_when_all_has_run(question: Question) -> None:
    full = {(name, "full", seed): (WORTH[name], 8.0) for name in NAMES for seed in range(5)}
    assert next_step(a_ladder(full), question, "a", 1e9) is None


def test_nothing_fits_an_empty_purse() -> None:
    assert next_step(a_ladder({("a", "eighth", 0): (0.5, 1.0)}), Question.RANK_ALL, None, 0.5) is None


def test_a_baseline_that_is_not_there_is_said() -> None:
    with pytest.raises(ValueError, match="baseline: 'z'"):
        next_step(a_ladder(), Question.BEAT_BASELINE, "z", 1.0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"hypotheses": ("a", "a")}, "hypotheses"), ({"rungs": ()}, "rungs"), ({"seeds": 0}, "seeds")],
)
def test_a_ladder_that_is_none_is_refused(changes: dict[str, object], field: str) -> None:
    with pytest.raises(ValueError, match=field):
        replace(a_ladder(), **changes)  # type: ignore[arg-type]


def test_a_rung_without_a_guess_of_its_work_is_refused() -> None:
    with pytest.raises(ValueError, match="relative_work"):
        replace(a_ladder(), relative_work={"full": 1.0})


CELLS = st.dictionaries(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(tuple(WORK)), st.integers(0, 4)),
    st.tuples(st.one_of(st.none(), st.integers(-64, 64).map(lambda value: value / 64)), st.floats(0.1, 10)),
    min_size=1,
)


@given(cells=CELLS, question=st.sampled_from(QUESTIONS), shuffle=st.randoms(use_true_random=False))
@settings(max_examples=tries(25, quick=8))
def test_the_order_of_arrivals_and_a_constant_added_change_nothing(
    cells: dict[tuple[str, str, int], tuple[float | None, float]], question: Question, shuffle: object
) -> None:
    items = list(cells.items())
    shuffle.shuffle(items)  # type: ignore[attr-defined]
    moved = {cell: (None if score is None else score + 8, cost) for cell, (score, cost) in items}
    first, second = a_ladder(cells), a_ladder(moved)
    assert next_steps(first, question, "a", 40.0, 5) == next_steps(second, question, "a", 40.0, 5)
    orders = [np.argsort(ladder_scores(ladder).scores, kind="stable").tolist() for ladder in (first, second)]
    assert orders[0] == orders[1]


@given(cells=CELLS)
@settings(max_examples=tries(25, quick=8))
def test_hypotheses_in_another_order_are_estimated_alike(
    cells: dict[tuple[str, str, int], tuple[float | None, float]],
) -> None:
    there, back = ladder_scores(a_ladder(cells)), ladder_scores(a_ladder(cells, names=NAMES[::-1]))
    np.testing.assert_allclose(there.scores, back.scores[::-1], rtol=1e-12)
    np.testing.assert_allclose(there.deviations, back.deviations[::-1], rtol=1e-9)


def test_a_price_follows_the_hypothesis_and_the_rungs_that_others_ran_on() -> None:
    work = np.array([0.25, 0.5, 1.0])
    costs = np.full((6, 3, 1), np.nan)
    costs[:, 0, 0] = [1, 2, 3, 4, 5, 10]
    guessed = ladder_prices(costs, work)
    assert guessed is not None
    np.testing.assert_allclose(guessed[:, 2], 4 * costs[:, 0, 0])
    costs[:5, 2, 0] = 2 * costs[:5, 0, 0]  # the reference costs twice as much, not four times
    learned = ladder_prices(costs, work)
    assert learned is not None
    np.testing.assert_allclose(learned[:5, 2], costs[:5, 2, 0])
    want = 10 * 4 ** (2 / 7) * 2 ** (5 / 7)  # the guess counts like two hypotheses
    assert learned[5, 2] == pytest.approx(want)
    assert learned[5, 0] < learned[5, 1] < learned[5, 2]


def test_there_is_no_price_before_a_trial_has_ended() -> None:
    assert ladder_prices(np.full((2, 3, 1), np.nan), np.array([0.25, 0.5, 1.0])) is None
