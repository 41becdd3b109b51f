"""What every runner must do. A subclass of each class below, with a `world` fixture, is a runner's suite."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

import pytest

from assay.planning.study.programs import Program
from assay.runners.protocol import ObservedAttempt, Runner, UnusableProgram
from assay_trainer.contract import FailureReason, TrialResult, WorkRequest, result_name
from assay_trainer.objects import Objects

PATIENCE_SECONDS = 150.0


class RunnerWorld(Protocol):
    """A runner, its store, and requests for trials that behave as wanted."""

    @property
    def runner(self) -> Runner: ...

    @property
    def store(self) -> Objects: ...

    def entrypoint(self, behaviour: str) -> str:
        """Return the entry point of a train function of tests/runners/team/behaviours.py, or what stands for it."""
        ...

    def request(self, behaviour: str, *, attempt: int = 1, deadline_seconds: int = 60, trials: int = 1) -> WorkRequest:
        """Return a request for trials that were never asked for before."""
        ...

    def start(self, request: WorkRequest) -> None:
        """Put a request into the store and start it."""
        ...


def until_ended(runner: Runner, *requests: WorkRequest) -> Sequence[ObservedAttempt]:
    """Wait until all these requests have ended; return their attempts in the same order."""
    wanted = [(item.key, item.attempt) for request in requests for item in request.items]
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        observed = {(attempt.key, attempt.attempt): attempt for attempt in runner.observe()}
        if all(observed[name].phase == "Ended" for name in wanted):
            return [observed[name] for name in wanted]
        assert time.monotonic() < until, f"{observed} has not ended"
        runner.wait(PATIENCE_SECONDS)


def clear(runner: Runner) -> None:
    """Stop and forget all attempts."""
    for attempt in runner.observe():
        runner.stop(attempt.key)
    while attempts := runner.observe():
        for attempt in attempts:
            runner.forget(attempt.key, attempt.attempt)
        runner.wait(None)


def reason(attempt: ObservedAttempt) -> str | None:
    """Return how an attempt ended, in one word."""
    return attempt.termination.reason if attempt.termination else None


class RunnerConformance:
    """Starting, observing, ending."""

    def test_a_trial_ends_with_its_result_in_the_store(self, world: RunnerWorld) -> None:
        request = world.request("succeeds")
        world.start(request)
        (attempt,) = until_ended(world.runner, request)
        result = TrialResult.model_validate_json(world.store.get(result_name(attempt.key)))
        assert reason(attempt) == "Succeeded"
        assert result.key == attempt.key
        assert attempt.ended_at is not None
        assert attempt.started_at <= attempt.ended_at
        assert attempt.accelerator_seconds >= 0

    def test_an_attempt_that_runs_is_observed_as_running(self, world: RunnerWorld) -> None:
        request = world.request("hangs")
        world.start(request)
        world.runner.wait(0)
        (attempt,) = world.runner.observe()
        assert (attempt.phase, attempt.ended_at, attempt.termination) == ("Running", None, None)

    def test_an_attempt_that_is_started_twice_runs_once(self, world: RunnerWorld) -> None:
        request = world.request("succeeds")
        world.start(request)
        world.start(request)
        until_ended(world.runner, request)
        world.start(request)
        assert [attempt.phase for attempt in world.runner.observe()] == ["Ended"]

    def test_a_trial_whose_result_is_there_succeeds_without_being_run(self, world: RunnerWorld) -> None:
        request = world.request("succeeds")
        world.start(request)
        (first,) = until_ended(world.runner, request)
        stored = world.store.get(result_name(first.key))
        world.runner.forget(first.key, first.attempt)
        world.start(request)
        (second,) = until_ended(world.runner, request)
        assert reason(second) == "Succeeded"
        assert world.store.get(result_name(first.key)) == stored

    def test_more_trials_than_slots_wait_for_their_turn(self, world: RunnerWorld) -> None:
        requests = [world.request("succeeds") for _ in range(world.runner.slots() + 3)]
        for request in requests:
            world.start(request)
        keys = [attempt.key for attempt in world.runner.observe()]
        assert keys == [item.key for request in requests for item in request.items]
        assert {reason(attempt) for attempt in until_ended(world.runner, *requests)} == {"Succeeded"}

    def test_all_items_of_a_request_are_run(self, world: RunnerWorld) -> None:
        request = world.request("succeeds", trials=3)
        world.start(request)
        assert [reason(attempt) for attempt in until_ended(world.runner, request)] == ["Succeeded"] * 3

    def test_an_ended_attempt_is_observed_until_it_is_forgotten(self, world: RunnerWorld) -> None:
        request = world.request("succeeds")
        world.start(request)
        (attempt,) = until_ended(world.runner, request)
        assert world.runner.observe() == [attempt]
        world.runner.forget(attempt.key, attempt.attempt + 1)
        assert world.runner.observe() == [attempt]
        world.runner.forget(attempt.key, attempt.attempt)
        world.runner.forget(attempt.key, attempt.attempt)
        assert not world.runner.observe()

    def test_a_running_attempt_is_not_forgotten(self, world: RunnerWorld) -> None:
        request = world.request("hangs")
        world.start(request)
        world.runner.forget(request.items[0].key, 1)
        assert len(world.runner.observe()) == 1

    def test_a_stopped_attempt_ends_without_a_result(self, world: RunnerWorld) -> None:
        request = world.request("hangs")
        world.start(request)
        world.runner.wait(0)
        world.runner.stop(request.items[0].key)
        (attempt,) = until_ended(world.runner, request)
        assert reason(attempt) == FailureReason.STOPPED
        assert result_name(attempt.key) not in world.store.list("results/")

    def test_an_attempt_that_waits_for_its_turn_can_be_stopped(self, world: RunnerWorld) -> None:
        running = [world.request("hangs") for _ in range(world.runner.slots())]
        waiting = world.request("succeeds")
        for request in (*running, waiting):
            world.start(request)
        world.runner.stop(waiting.items[0].key)
        (attempt,) = until_ended(world.runner, waiting)
        assert reason(attempt) == FailureReason.STOPPED
        assert attempt.accelerator_seconds == 0

    def test_stopping_what_does_not_run_changes_nothing(self, world: RunnerWorld) -> None:
        request = world.request("succeeds")
        world.start(request)
        (attempt,) = until_ended(world.runner, request)
        world.runner.stop(attempt.key)
        world.runner.stop("0" * 32)
        assert world.runner.observe() == [attempt]

    def test_waiting_with_nothing_to_wait_for_returns(self, world: RunnerWorld) -> None:
        world.runner.wait(None)

    def test_waiting_returns_while_an_ended_attempt_is_unobserved(self, world: RunnerWorld) -> None:
        request = world.request("succeeds")
        world.start(request)
        world.runner.wait(None)
        assert [attempt.phase for attempt in world.runner.observe()] == ["Ended"]

    def test_the_digest_of_code_that_does_not_change_is_the_same(self, world: RunnerWorld) -> None:
        code = world.runner.code_digest(Program(world.entrypoint("succeeds")))
        assert code.startswith("sha256:")
        assert world.runner.code_digest(Program(world.entrypoint("succeeds"))) == code

    def test_what_nobody_else_runs_may_be_claimed(self, world: RunnerWorld) -> None:
        keys = {item.key for item in world.request("succeeds", trials=3).items}
        assert set(world.runner.claim(keys)) == keys
        assert not keys.intersection(world.runner.elsewhere())

    def test_nothing_runs_after_close(self, own_world: RunnerWorld) -> None:
        request = own_world.request("hangs", trials=own_world.runner.slots() + 1)
        own_world.start(request)
        own_world.runner.wait(0)
        own_world.runner.close()
        own_world.runner.close()
        assert {reason(attempt) for attempt in own_world.runner.observe()} == {FailureReason.STOPPED}
        assert not own_world.store.list("results/")


class FailureConformance:
    """For runners that run code: each way to fail is told by its reason, and is that trial's own."""

    @pytest.mark.parametrize(
        ("behaviour", "want_reason", "want_words"),
        [
            ("raises", FailureReason.TRAIN_FUNCTION_RAISED, "momentum and loss disagree"),
            ("returns_nan", FailureReason.SCORE_NOT_FINITE, "nan"),
            ("returns_nothing", FailureReason.METRIC_MISSING, "None"),
            ("exits", FailureReason.TRAIN_FUNCTION_RAISED, "SystemExit"),
            ("exits_at_once", FailureReason.WORKER_DIED, "status 7"),
            ("dies", FailureReason.WORKER_DIED, "SIGKILL"),
            ("crashes", FailureReason.WORKER_DIED, "SIGSEGV"),
            ("exhausts_memory", FailureReason.OUT_OF_MEMORY, ""),
            ("exhausts_memory_with_others", FailureReason.OUT_OF_MEMORY, ""),
            ("no_such_function", FailureReason.ENTRYPOINT_NOT_FOUND, "no_such_function"),
        ],
    )
    def test_a_failure_is_told_by_its_reason(
        self, world: RunnerWorld, behaviour: str, want_reason: FailureReason, want_words: str
    ) -> None:
        failing, sound = world.request(behaviour), world.request("succeeds")
        world.start(failing)
        world.start(sound)
        failed, succeeded = until_ended(world.runner, failing, sound)
        assert failed.termination is not None
        assert failed.termination.reason == want_reason, failed.termination
        assert want_words in failed.termination.message
        assert reason(succeeded) == "Succeeded"
        assert result_name(failed.key) not in world.store.list("results/")

    @pytest.mark.parametrize("behaviour", ["hangs", "hangs_in_c"])
    def test_a_trial_past_its_deadline_is_ended(self, world: RunnerWorld, behaviour: str) -> None:
        request = world.request(behaviour, deadline_seconds=1)
        world.start(request)
        (attempt,) = until_ended(world.runner, request)
        assert reason(attempt) == FailureReason.DEADLINE_EXCEEDED

    def test_another_attempt_of_a_failed_trial_runs(self, world: RunnerWorld) -> None:
        first = world.request("dies")
        second = first.model_copy(update={"items": (first.items[0].model_copy(update={"attempt": 2}),)})
        world.start(first)
        until_ended(world.runner, first)
        world.start(second)
        (attempt,) = until_ended(world.runner, second)
        assert (attempt.attempt, reason(attempt)) == (2, FailureReason.WORKER_DIED)


class EntrypointConformance:
    """For runners on whose machine the code is: they look at it before anything runs."""

    @pytest.mark.parametrize(
        "entrypoint", ["no_such_package.train:run", "team.behaviours:no_such_function", "team.behaviours", "team:", ""]
    )
    def test_an_entry_point_that_is_not_there_is_refused_before_anything_runs(
        self, world: RunnerWorld, entrypoint: str
    ) -> None:
        with pytest.raises(UnusableProgram) as refusal:
            world.runner.code_digest(Program(entrypoint))
        assert refusal.value.given == entrypoint
        assert repr(entrypoint) in refusal.value.why
