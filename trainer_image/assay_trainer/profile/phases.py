"""The time that each phase of a train loop takes, measured at next to no cost."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Literal, get_args

PhaseName = Literal["data_wait", "copy_to_device", "forward", "backward", "optimizer", "evaluation"]
PHASES: tuple[PhaseName, ...] = get_args(PhaseName)

EXACT = 16
"""On a GPU, this many first occurrences of a phase are all measured, since they differ from later ones."""
EVERY = 8
"""After the first ones, one occurrence in this many is measured and stands for the others."""


class Phase:
    """A context manager that adds up the time spent within it. It may be entered again and again."""

    def __init__(self, timer: PhaseTimer) -> None:
        self._timer = timer
        self._entered = 0
        self.nanoseconds = 0

    def __enter__(self) -> None:
        timer = self._timer
        timer.depth += 1
        if timer.depth == 1:
            self._entered = time.perf_counter_ns()
            if timer.first is None:
                timer.first = self._entered

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        timer = self._timer
        timer.depth -= 1
        if timer.depth == 0:  # a phase within another counts as the outer one
            timer.last = time.perf_counter_ns()
            self.nanoseconds += timer.last - self._entered

    @property
    def seconds(self) -> float:
        """Return the time within this phase so far."""
        return self.nanoseconds / 1e9


class CudaPhase(Phase):
    """A phase on the GPU's own clock, which never waits for the GPU.

    A GPU runs behind its host, so the host's clock would charge a step to whatever waits for it. The GPU itself times
    events in its stream; between two events lies the time that it computed or was idle. Source: CUDA C++ programming
    guide, "Events".
    """

    def __init__(self, timer: PhaseTimer) -> None:
        super().__init__(timer)
        self._occurrences = 0
        self._open: Any = None
        self._exact: list[tuple[Any, Any]] = []
        self._sampled: list[tuple[Any, Any]] = []

    def __enter__(self) -> None:
        super().__enter__()
        if self._timer.depth == 1:
            self._occurrences += 1
            if self._occurrences <= EXACT or self._occurrences % EVERY == 0:
                self._open = _recorded_event()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._timer.depth == 1 and self._open is not None:
            pair = (self._open, _recorded_event())
            (self._exact if self._occurrences <= EXACT else self._sampled).append(pair)
            self._open = None
        super().__exit__(kind, error, at)

    @property
    def seconds(self) -> float:
        """Return the time within this phase on the GPU's clock. Call it after a synchronisation."""
        exact: float = sum(start.elapsed_time(end) for start, end in self._exact) / 1e3
        if not self._sampled:
            return exact
        mean: float = sum(start.elapsed_time(end) for start, end in self._sampled) / 1e3 / len(self._sampled)
        return exact + mean * (self._occurrences - EXACT)


class PhaseTimer:
    """All phases of one trial.

    `first` and `last` are the moments (`time.perf_counter_ns`) of the first entry and the last exit.
    """

    def __init__(self, device: str) -> None:
        self.cuda = device.startswith("cuda")
        self.depth = 0
        self.first: int | None = None
        self.last: int | None = None
        kind = CudaPhase if self.cuda else Phase
        self._phases = {name: kind(self) for name in PHASES}

    def phase(self, name: PhaseName) -> Phase:
        """Return the phase's context manager. Raises ValueError for a name that is not in PHASES."""
        try:
            return self._phases[name]
        except KeyError:
            raise ValueError(f"timed: given {name!r}; allowed: {', '.join(PHASES)}") from None

    def seconds(self) -> dict[PhaseName, float]:
        """Return the seconds per phase so far; on a GPU this waits until all work is done."""
        if self.cuda and self.first is not None:
            import torch  # a trial on a CPU may do without

            torch.cuda.synchronize()
            self.last = time.perf_counter_ns()
        return {name: phase.seconds for name, phase in self._phases.items()}


def _recorded_event() -> Any:
    import torch  # a trial on a CPU may do without

    event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
    event.record()
    return event
