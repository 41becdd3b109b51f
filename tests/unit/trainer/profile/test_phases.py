from __future__ import annotations

import itertools
import time

import pytest

from assay_trainer.profile import phases
from assay_trainer.profile.phases import EVERY, EXACT, CudaPhase, Phase, PhaseTimer


def test_phases_add_up_and_an_inner_phase_counts_as_the_outer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "perf_counter_ns", itertools.count(0, 10**9).__next__)  # a second between any two looks
    timer = PhaseTimer("cpu")
    for _ in range(3):
        with timer.phase("forward"):
            pass
    with timer.phase("evaluation"), timer.phase("forward"):
        pass

    assert timer.seconds() == dict.fromkeys(phases.PHASES, 0.0) | {"forward": 3.0, "evaluation": 1.0}
    assert (timer.first, timer.last) == (0, 7 * 10**9)


def test_a_phase_that_ends_in_an_exception_is_timed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "perf_counter_ns", itertools.count(0, 10**9).__next__)
    timer = PhaseTimer("cpu")
    with pytest.raises(KeyError), timer.phase("backward"):
        raise KeyError
    assert timer.seconds()["backward"] == 1.0
    assert timer.depth == 0


class Event:
    """Stands in for a CUDA event, with a clock that the test sets."""

    now_ms = 0.0
    recorded = 0

    def __init__(self) -> None:
        self.at = Event.now_ms
        Event.recorded += 1

    def elapsed_time(self, end: Event) -> float:
        return end.at - self.at


@pytest.mark.parametrize("occurrences", [1, EXACT, EXACT + EVERY * 10])
def test_on_a_gpu_some_occurrences_stand_for_all(monkeypatch: pytest.MonkeyPatch, occurrences: int) -> None:
    monkeypatch.setattr(phases, "_recorded_event", Event)
    monkeypatch.setattr(Event, "recorded", 0)
    phase: Phase = CudaPhase(PhaseTimer("cuda"))
    want_seconds = 0.0
    for occurrence in range(occurrences):
        took_ms = 100.0 if occurrence == 0 else 2.0  # the first one is always slow
        with phase:
            Event.now_ms += took_ms
        Event.now_ms += 1.0
        want_seconds += took_ms / 1e3

    assert phase.seconds == pytest.approx(want_seconds)
    assert Event.recorded <= 2 * (EXACT + occurrences / EVERY)
