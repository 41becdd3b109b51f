"""The replay runner: the conformance suite, its clock, and that a policy sees only what it has paid for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any, NamedTuple

import pytest

from assay.api.resources import Budget, TrainerSpec
from assay.planning.actions import Action, RecordLook, Start
from assay.recorded.table import RecordedRun, Table
from assay.rounds.reconcile import Round, drive
from assay.runners.replay.runner import ReplayRunner
from assay.runners.replay.study import Replayed
from assay.store import Ledger
from assay_trainer.contract import (
    Dataset,
    FailureReason,
    TrialRequest,
    TrialResult,
    WorkRequest,
    digest,
    result_name,
)
from assay_trainer.objects import MemoryObjects
from builders.requests import a_trial
from builders.tables import a_replay, a_table
from runners.conformance import RunnerConformance, clear, reason, until_ended

DATASET = Dataset(manifest="recorded.csv", digest=digest(b"recorded"))
TAKES = {"succeeds": 1.0, "hangs": math.inf, "takes-2": 2.0, "takes-3": 3.0, "takes-4": 4.0, "takes-5": 5.0}


class ReplayWorld:
    """The behaviours are hypotheses of a table."""

    def __init__(self, slots: int = 2) -> None:
        table = a_table([*TAKES, "fails"], ["reference"], 50, cost=lambda hypothesis, *_: TAKES.get(hypothesis, 6.0))
        failing = {key: RecordedRun(cell.cost, None) for key, cell in table.runs.items() if key[0] == "fails"}
        self.store = MemoryObjects()
        self.runner = ReplayRunner(
            replace(table, runs={**table.runs, **failing}), {"reference": "reference"}, self.store, slots
        )
        self._seeds = count()

    def entrypoint(self, behaviour: str) -> str:
        return f"team.train:{behaviour}"

    def request(self, behaviour: str, *, attempt: int = 1, deadline_seconds: int = 60, trials: int = 1) -> WorkRequest:
        return self.request_of(
            *(self.trial(behaviour, attempt=attempt, deadline_seconds=deadline_seconds) for _ in range(trials))
        )

    def trial(self, behaviour: str, *, attempt: int = 1, deadline_seconds: int = 60, devices: int = 1) -> TrialRequest:
        trial = a_trial(
            DATASET,
            self.entrypoint(behaviour),
            seed=next(self._seeds),
            attempt=attempt,
            deadline_seconds=deadline_seconds,
            devices=devices,
        )
        return trial.model_copy(update={"hypothesis": behaviour})

    def request_of(self, *items: TrialRequest) -> WorkRequest:
        return WorkRequest(store=self.store.uri, items=items)

    def start(self, request: WorkRequest) -> None:
        self.runner.start(request, "")


@pytest.fixture
def world() -> Iterator[ReplayWorld]:
    world = ReplayWorld()
    with world.runner:
        yield world
        clear(world.runner)


@pytest.fixture
def own_world() -> ReplayWorld:
    return ReplayWorld()


class TestReplayRunner(RunnerConformance):
    pass


# ----------------------------------------------------------------------------- how an attempt ends


def test_a_result_is_what_is_recorded(world: ReplayWorld) -> None:
    request = world.request_of(world.trial("takes-4", devices=2))
    world.start(request)
    (attempt,) = until_ended(world.runner, request)
    result = TrialResult.model_validate_json(world.store.get(result_name(attempt.key)))
    assert (result.score, attempt.accelerator_seconds) == (0.9, 4.0)
    assert (result.cost.accelerator_seconds, result.cost.devices, result.cost.wall_seconds) == (4.0, 2, 2.0)
    assert (attempt.started_at, attempt.ended_at) == (0.0, 2.0)


def test_a_run_past_its_deadline_is_ended_and_costs_the_deadline(world: ReplayWorld) -> None:
    request = world.request("hangs", deadline_seconds=7)
    world.start(request)
    (attempt,) = until_ended(world.runner, request)
    assert reason(attempt) == FailureReason.DEADLINE_EXCEEDED
    assert (attempt.ended_at, attempt.accelerator_seconds) == (7.0, 7.0)
    assert not world.store.list("results/")


def test_a_recorded_run_without_a_score_fails_and_costs_what_it_took(world: ReplayWorld) -> None:
    request = world.request("fails")
    world.start(request)
    (attempt,) = until_ended(world.runner, request)
    assert (reason(attempt), attempt.accelerator_seconds) == (FailureReason.METRIC_MISSING, 6.0)
    assert not world.store.list("results/")


def test_a_run_that_is_not_recorded_fails_and_costs_nothing(world: ReplayWorld) -> None:
    request = world.request("never-recorded")
    world.start(request)
    (attempt,) = until_ended(world.runner, request)
    assert (reason(attempt), attempt.accelerator_seconds) == (FailureReason.NOT_RECORDED, 0.0)


def test_a_result_that_is_there_costs_nothing_more(world: ReplayWorld) -> None:
    request = world.request("takes-5")
    world.start(request)
    until_ended(world.runner, request)
    clear(world.runner)
    world.start(request)
    (again,) = until_ended(world.runner, request)
    assert again.accelerator_seconds == 0.0
    assert world.runner.clock() == 5.0


# ----------------------------------------------------------------------------- the virtual clock


def test_only_waiting_moves_the_clock_and_never_past_an_end(world: ReplayWorld) -> None:
    request = world.request("takes-3")
    world.start(request)
    world.runner.observe()
    assert world.runner.clock() == 0.0
    world.runner.wait(2.0)
    assert world.runner.clock() == 2.0
    assert not world.store.list("results/")
    world.runner.wait(100.0)
    assert world.runner.clock() == 3.0
    assert world.store.list("results/") == [result_name(request.items[0].key)]


def test_two_slots_are_filled_in_the_order_of_the_starts(world: ReplayWorld) -> None:
    # slot one: 3, then 2, then 4;  slot two: 5, then 1
    requests = [world.request(name) for name in ("takes-3", "takes-5", "takes-2", "takes-4", "succeeds")]
    for request in requests:
        world.start(request)
    times = [(attempt.started_at, attempt.ended_at) for attempt in until_ended(world.runner, *requests)]
    assert times == [(0.0, 3.0), (0.0, 5.0), (3.0, 5.0), (5.0, 9.0), (5.0, 6.0)]
    assert world.runner.clock() == 9.0


def test_what_is_stopped_makes_room_at_once(world: ReplayWorld) -> None:
    requests = [world.request(name) for name in ("hangs", "hangs", "takes-2")]
    for request in requests:
        world.start(request)
    world.runner.wait(1.0)
    world.runner.stop(requests[0].items[0].key)
    stopped, ended = until_ended(world.runner, requests[0], requests[2])
    assert (reason(stopped), stopped.accelerator_seconds) == (FailureReason.STOPPED, 1.0)
    assert (ended.started_at, ended.ended_at) == (1.0, 3.0)


# ----------------------------------------------------------------------------- what a study sees


class Seen(NamedTuple):
    """A round of a study: when it was, what was known by then, what was decided."""

    now: float
    results: frozenset[str]
    actions: tuple[Action, ...]
    status: str


class Replay:
    """A study, replayed to its end."""

    def __init__(self, table: Table, *, slots: int = 2, **spec: Any) -> None:
        self.table = table
        self.replayed: Replayed = a_replay(table, slots=slots, **spec)
        self.seen: list[Seen] = []
        self.ends: dict[str, tuple[float, TrialRequest]] = {}
        objects = MemoryObjects()
        with ReplayRunner(table, self.replayed.arms, objects, slots) as runner:
            ledger = Ledger(objects)
            self.final = drive(self.replayed.study, ledger, runner, runner.clock, self._watch(runner, objects)).plan
            self.makespan = runner.clock()

    def cell_of(self, item: TrialRequest) -> tuple[str, str, int]:
        return item.hypothesis, self.replayed.arms[item.arm], item.seed

    def _watch(self, runner: ReplayRunner, objects: MemoryObjects) -> Callable[[Round], None]:
        def show(latest: Round) -> None:
            now, status = runner.clock(), latest.plan.status.model_dump_json()
            known = frozenset(key for key, record in latest.records.items() if record.result is not None)
            assert {result_name(key) for key in known} == set(objects.list("results/"))
            self.seen.append(Seen(now, known, latest.plan.actions, status))
            for action in latest.plan.actions:
                if isinstance(action, RecordLook):
                    continue
                assert isinstance(action, Start)
                assert isinstance(action.item, TrialRequest)
                cost = self.table.runs[self.cell_of(action.item)].seconds
                self.ends[action.item.key] = (now + cost, action.item)

        return show


def a_noisy_table() -> Table:
    """Return a table in which no two costs or scores are alike."""
    return a_table(
        cost=lambda hypothesis, arm, seed: len(arm) + 0.37 * ord(hypothesis[-1]) % 5 + 0.01 * seed,
        score=lambda hypothesis, arm, seed: math.sin(ord(hypothesis[-1]) + 0.3 * len(arm) + 0.1 * seed),
    )


def with_other_cells(table: Table, keep: set[tuple[str, str, int]]) -> Table:
    """Return the table with the cells not in `keep` changed: they end later and score far from anything."""
    others = {key: cell if key in keep else RecordedRun(100.0 + cell.seconds, 99.0) for key, cell in table.runs.items()}
    return replace(table, runs=others)


@pytest.mark.parametrize("slots", [1, 2, 5])
def test_the_ledger_holds_exactly_the_results_whose_end_has_come(slots: int) -> None:
    replay = Replay(a_noisy_table(), slots=slots)
    for seen in replay.seen:
        assert seen.results == {key for key, (end, _) in replay.ends.items() if end <= seen.now}
    assert len(replay.ends) == len(replay.table.runs)


@pytest.mark.parametrize("slots", [1, 3])
def test_cells_that_are_not_paid_for_yet_change_no_decision(slots: int) -> None:
    table = a_noisy_table()
    replay = Replay(table, slots=slots)
    for number in range(0, len(replay.seen) - 1, 4):
        now = replay.seen[number].now
        paid = {replay.cell_of(item) for end, item in replay.ends.values() if end <= now}
        other = Replay(with_other_cells(table, paid), slots=slots)
        assert other.seen[: number + 1] == replay.seen[: number + 1]
        assert other.seen != replay.seen


def test_what_the_budget_left_unpaid_changes_nothing_at_all() -> None:
    table = a_noisy_table()
    replay = Replay(table, budget=Budget(accelerator_seconds=70))
    paid = {replay.cell_of(item) for _, item in replay.ends.values()}
    assert 0 < len(paid) < len(table.runs)
    other = Replay(with_other_cells(table, paid), budget=Budget(accelerator_seconds=70))
    assert (other.seen, other.makespan) == (replay.seen, replay.makespan)


def test_what_is_accounted_is_what_is_recorded() -> None:
    missing = {
        ("h1", "short", 0): None,
        ("h2", "half", 1): RecordedRun(30.0, None),
        ("h3", "reference", 2): RecordedRun(99.0, 0.5),
    }
    table = a_table(runs=missing)
    study = a_replay(table, trainer=TrainerSpec(entrypoint="team:train", deadline_seconds=40))
    objects = MemoryObjects()
    with ReplayRunner(table, study.arms, objects, 1) as runner:
        final = drive(study.study, Ledger(objects), runner, runner.clock, lambda _: None).plan
        makespan = runner.clock()
    sound = sum(cell.seconds for cell in table.runs.values() if cell.seconds < 30)
    assert (final.status.trials.succeeded, final.status.trials.failed) == (33, 3)
    assert makespan == sound + 30 + 40
    assert final.status.cost is not None
    assert float(final.status.cost.accelerator_seconds) == makespan


def test_a_replay_on_two_slots_takes_as_long_as_worked_out_by_hand() -> None:
    # Seed by seed, hypothesis by hypothesis, arm by arm: 8 4 1, 8 4 1, then 9 5 2, 9 5 2.
    # One slot: 8 (0-8), 4 (8-12), 1 (12-13), 9 (13-22), 5 (22-27), 2 (27-29).
    # The other: 4 (0-4), 1 (4-5), 8 (5-13), 5 (13-18), 2 (18-20), 9 (20-29).
    replay = Replay(a_table(["baseline", "h1"], seeds=2))
    assert replay.makespan == 29.0


def test_the_same_table_gives_the_same_rounds() -> None:
    one, two = Replay(a_noisy_table()), Replay(a_noisy_table())
    assert (one.seen, one.makespan) == (two.seen, two.makespan)
