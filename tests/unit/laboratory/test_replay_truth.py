"""The truth judges afterwards, and what judges is out of every policy's reach."""

from __future__ import annotations

import gc
import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import FrameType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from assay.api.errors import InvalidInput
from assay.api.resources import Budget, Goal, Metric, Seeds
from assay.laboratory.comparing import yardsticks
from assay.laboratory.one_arm import OneArm
from assay.laboratory.purchases import nothing_bought, purchases
from assay.laboratory.truth import Truth
from assay.planning.actions import Start
from assay.planning.allocation.ladder import Ladder, LadderTrial
from assay.planning.plan import plan
from assay.recorded.table import RecordedRun, Table
from assay.rounds import reconcile
from assay.rounds.reconcile import drive
from assay.runners.replay.runner import ReplayRunner
from assay.store import Ledger
from assay_trainer.contract import TrialRequest
from assay_trainer.objects import MemoryObjects
from builders.tables import SECONDS, a_replay, a_table

if TYPE_CHECKING:
    from assay.laboratory.policy import AllocationPolicy, Placing
    from assay.runners.replay.study import Replayed

# ------------------------------------------------------------------------------------------- what it judges

SCORES = Truth({"a": 0.1, "b": 0.2, "c": 0.3, "d": 0.4})


def placed(*names: str) -> Placing:
    """The best first."""
    return {name: (-float(place),) for place, name in enumerate(names)}


def test_tau_is_1_for_the_true_order_and_minus_1_for_its_reverse() -> None:
    assert SCORES.tau(placed("d", "c", "b", "a")) == 1
    assert SCORES.tau(placed("a", "b", "c", "d")) == -1
    assert math.isclose(SCORES.tau(placed("c", "d", "b", "a")), 4 / 6)


def test_a_pair_that_is_not_ordered_counts_nothing() -> None:
    assert SCORES.tau({}) == SCORES.tau(placed("a")) == 0
    assert math.isclose(SCORES.tau(placed("d", "c")), 1 / 6)
    assert math.isclose(SCORES.tau({"a": (0,), "b": (0,), "c": (1,), "d": (1,)}), 4 / 6)


def test_pairs_that_the_truth_does_not_separate_are_not_asked_for() -> None:
    assert Truth({"a": 0.1, "b": 0.2, "c": 0.2}).tau({"a": (0,), "b": (1,), "c": (2,)}) == 1


def test_regret_is_what_the_chosen_one_lacks_to_the_best() -> None:
    assert SCORES.regret({}) is None
    assert SCORES.regret(placed("d", "a")) == 0
    assert math.isclose(SCORES.regret(placed("b", "d")) or 0, 0.2)
    assert math.isclose(SCORES.regret({"a": (1,), "b": (1,), "d": (0,)}) or 0, 0.25)


def test_the_truth_is_the_mean_over_all_seeds_of_the_reference_and_of_a_loss_the_lowest_is_best() -> None:
    def score(hypothesis: str, arm: str, seed: int) -> float:
        return {"baseline": 1.0, "h1": 2.0, "h2": 3.0, "h3": 4.0}[hypothesis] + 10 * seed if arm == "reference" else 0.0

    table = a_table(score=score)
    assert Truth.of(a_replay(table), table).scores == {"baseline": 11, "h1": 12, "h2": 13, "h3": 14}
    loss = Metric(name="loss", goal=Goal.MINIMIZE, smallest_effect="0")
    assert Truth.of(a_replay(table, metric=loss), table).scores["h3"] == -14


def test_a_truth_of_fewer_than_two_hypotheses_is_an_error() -> None:
    table = a_table(score=lambda hypothesis, *_: 1.0 if hypothesis == "h1" else None)
    with pytest.raises(InvalidInput, match="--compare: given a table in which 1 hypotheses"):
        Truth.of(a_replay(table), table)


# ------------------------------------------------------------------------------------------- what nobody reaches


def a_secret_table() -> Table:
    """Every score is a number that nothing else is, so that it is known wherever it turns up."""
    numbers = itertools.count(1)
    return a_table(seeds=2, score=lambda *_: 0.5 + next(numbers) * math.pi / 1000)


def reachable(*roots: object) -> set[float]:
    """All floats that can be had from these objects: by attributes, in containers and arrays, in closures and defaults,
    and by what the garbage collector says they refer to. Not through modules and types, which refer to all there is."""
    seen: dict[int, object] = {}
    floats: set[float] = set()
    waiting = list(roots)
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, float):
            floats.add(thing)
        if id(thing) in seen or isinstance(thing, (ModuleType, type, FrameType, str, bytes, int, float)):
            continue
        seen[id(thing)] = thing
        waiting.extend(_referred(thing))
    return floats


def _referred(thing: object) -> Iterator[object]:
    if isinstance(thing, np.ndarray):
        yield from (float(value) for value in thing.ravel() if thing.dtype.kind == "f")
        yield thing.base
    elif isinstance(thing, FunctionType):
        yield from (*(thing.__closure__ or ()), *(thing.__defaults__ or ()), thing.__kwdefaults__)
    elif isinstance(thing, Mapping):
        yield from (*thing.keys(), *thing.values())
    for name in dir(thing) if not isinstance(thing, (FunctionType, np.ndarray)) else ():
        if not name.startswith("__"):
            try:
                yield getattr(thing, name)
            except Exception:  # noqa: BLE001 - whatever a property does, the others are looked at
                continue
    if not isinstance(thing, FunctionType):  # that would be its globals
        yield from gc.get_referents(thing)


@dataclass
class Spy:
    """Buys as another policy does, and looks for scores wherever it can."""

    policy: OneArm
    found: list[tuple[set[LadderTrial], set[float]]] = field(default_factory=list)
    name: str = "spy"
    explanation: str = ""

    def next_trial(self, view: Ladder) -> LadderTrial | None:
        self.found.append((set(view.revealed), reachable(view, self.policy)))
        return self.policy.next_trial(view)

    def placing(self, view: Ladder) -> Placing:
        self.found.append((set(view.revealed), reachable(view, self.policy)))
        return self.policy.placing(view)


def secrets(table: Table, replayed: Replayed) -> dict[LadderTrial, float]:
    """Return each secret score by the trial that reveals it."""
    names = {recorded: arm for arm, recorded in replayed.arms.items()}
    return {
        LadderTrial(hypothesis, names[arm], seed): cell.score
        for (hypothesis, arm, seed), cell in table.runs.items()
        if cell.score is not None
    }


def test_the_search_finds_what_is_hidden_in_closures_attributes_and_arrays() -> None:
    table = a_secret_table()
    wanted = set(secrets(table, a_replay(table)).values())

    class Careless:
        def __init__(self) -> None:
            self._ask: Callable[[Any], RecordedRun] = lambda key: table.runs[key]

    assert reachable(Careless()) >= wanted
    assert reachable([{"inner": (table,)}]) >= wanted
    assert reachable(np.array(sorted(wanted))) >= wanted
    hiding = {LadderTrial("h1", "half", 0): table}
    assert reachable(replace(nothing_bought(a_replay(table).study), revealed=hiding)) >= wanted  # type: ignore[arg-type]


def test_a_policy_that_looks_everywhere_finds_the_scores_it_paid_for_and_no_others() -> None:
    table = a_secret_table()
    replayed = a_replay(table)
    Truth.of(replayed, table)
    spy = Spy(OneArm("all", "", "short"))
    purchases(spy, nothing_bought(replayed.study), replayed, table)
    hidden = secrets(table, replayed)
    assert len(spy.found) == 2 * 4 * 2 + 1
    for paid_for, floats in spy.found:
        assert floats & set(hidden.values()) == {hidden[cell] for cell in paid_for}


def test_a_planner_that_looks_everywhere_finds_the_scores_it_paid_for_and_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = a_secret_table()
    replayed = a_replay(table, seeds=Seeds(initial=2))
    hidden = secrets(table, replayed)
    keys = {trial.key: LadderTrial(trial.hypothesis, trial.arm, trial.seed) for trial in replayed.study.design.trials}
    rounds: list[int] = []

    def spying(*given: Any) -> object:
        paid_for = {keys[key] for key, record in given[1].items() if record.result is not None}
        if len(rounds) % 6 == 0:  # a search takes a tenth of a second
            assert reachable(*given) & set(hidden.values()) == {hidden[cell] for cell in paid_for}
        rounds.append(len(paid_for))
        return plan(*given)

    monkeypatch.setattr(reconcile, "plan", spying)
    started(table, replayed)
    assert rounds[-1] == len(hidden)


# ------------------------------------------------------------------------------------------- what changes nothing


def started(table: Table, replayed: Replayed) -> list[LadderTrial]:
    """The trials that the planner starts, one at a time."""
    found: list[LadderTrial] = []

    def watch(latest: reconcile.Round) -> None:
        items = [action.item for action in latest.plan.actions if isinstance(action, Start)]
        found.extend(
            LadderTrial(each.hypothesis, each.arm, each.seed) for each in items if isinstance(each, TrialRequest)
        )

    objects = MemoryObjects()
    with ReplayRunner(table, replayed.arms, objects, 1) as runner:
        drive(replayed.study, Ledger(objects), runner, runner.clock, watch)
    return found


def a_noisy_table() -> Table:
    generator = np.random.default_rng(3)
    return a_table(
        [f"h{number}" for number in range(6)],
        cost=lambda hypothesis, arm, seed: SECONDS[arm] * float(generator.uniform(0.5, 2)),
        score=lambda *_: float(generator.normal()),
    )


def with_other_secrets(table: Table, known: list[LadderTrial], arms: Mapping[str, str]) -> Table:
    """The same table, but that all that is not known is something else."""
    kept = {(cell.hypothesis, arms[cell.rung], cell.seed) for cell in known}
    generator = np.random.default_rng(len(known))
    cells = {
        key: cell if key in kept else RecordedRun(float(generator.uniform(0.1, 50)), float(generator.normal()))
        for key, cell in table.runs.items()
    }
    return replace(table, runs=cells)


@dataclass
class Watched:
    """A policy, with what it bought and how its hypotheses stood."""

    policy: AllocationPolicy
    bought: list[LadderTrial] = field(default_factory=list)
    placings: list[Placing] = field(default_factory=list)
    name: str = "watched"
    explanation: str = ""

    def next_trial(self, view: Ladder) -> LadderTrial | None:
        cell = self.policy.next_trial(view)
        self.bought += [cell] if cell else []
        return cell

    def placing(self, view: Ladder) -> Placing:
        self.placings.append(self.policy.placing(view))
        return self.placings[-1]


POLICIES = {policy.name: policy for policy in yardsticks(a_replay(a_noisy_table()))}


@pytest.mark.parametrize("name", POLICIES)
def test_a_yardstick_does_the_same_whatever_it_has_not_paid_for(name: str) -> None:
    table = a_noisy_table()
    replayed = a_replay(table)
    first = Watched(POLICIES[name])
    purchases(first, nothing_bought(replayed.study), replayed, table)
    for count in range(0, len(first.bought), 5):
        other = Watched(POLICIES[name])
        changed = with_other_secrets(table, first.bought[:count], replayed.arms)
        purchases(other, nothing_bought(replayed.study), replayed, changed)
        assert other.bought[: count + 1] == first.bought[: count + 1]
        assert other.placings[:count] == first.placings[:count]


@pytest.mark.parametrize("budget", [None, 60])
def test_the_planner_does_the_same_whatever_it_has_not_paid_for(budget: int | None) -> None:
    table = a_noisy_table()
    replayed = a_replay(table, seeds=Seeds(initial=2, maximum=3), budget=Budget(accelerator_seconds=budget))
    first = started(table, replayed)
    assert len(first) >= 6
    for count in range(3, len(first), 18):
        other = started(with_other_secrets(table, first[:count], replayed.arms), replayed)
        assert other[: count + 1] == first[: count + 1]
