"""A trial's phases, with torch's profiler on for a few steps."""

from __future__ import annotations

import time
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import TYPE_CHECKING, Any

from assay_trainer.contract import LayerTime
from assay_trainer.profile.layers.sums import REGION, layer_times
from assay_trainer.profile.phases import Phase, PhaseName, PhaseTimer

if TYPE_CHECKING:
    from torch.profiler import profile

WARM_UP, IN_VAIN, TRACED = 8, 1, 5
"""Steps before the profiler starts, steps that it needs to get going, and steps that it traces."""

_FIRST_UNHURRIED = 3
"""The steps before this one set up what later ones use again, so they don't tell how long a step takes."""

_LAST_OF_A_STEP: tuple[PhaseName, ...] = ("copy_to_device", "data_wait", "forward", "backward", "optimizer")
"""A step ends with the last of these that the loop times."""


class TracedTimer(PhaseTimer):
    """Times phases as PhaseTimer does, and traces a few steps after the first ones.

    A step ends when the loop leaves its optimizer phase; of a loop that does not time that one, its backward phase, and
    so on. Without phases there are no steps, and nothing is traced.
    """

    def __init__(self, device: str) -> None:
        super().__init__(device)
        self._phases = {name: _TracedPhase(self, name, phase) for name, phase in self._phases.items()}
        self._last_phase = -1
        self._moments: list[int] = []
        self._profiler: profile | None = None
        self._traced: list[int] = []
        self.warm_up_steps = 0

    def step_may_end(self, name: PhaseName) -> None:
        """Say that a phase was left."""
        if name not in _LAST_OF_A_STEP or self.has_traced:
            return
        if (place := _LAST_OF_A_STEP.index(name)) < self._last_phase:
            return
        if place > self._last_phase:  # what passed for ends of steps until now were none
            self._last_phase = place
            self._moments.clear()
        self._moments.append(time.perf_counter_ns())
        steps = len(self._moments)
        if self._profiler is None and steps == WARM_UP:
            self._profiler, self.warm_up_steps = _started(self.cuda), WARM_UP + IN_VAIN
        elif self._profiler is not None:
            self._traced.append(self._moments[-1])
            self._profiler.step()

    @property
    def tracing(self) -> bool:
        """Whether the profiler is on."""
        return self._profiler is not None and not self.has_traced

    @property
    def has_traced(self) -> bool:
        """Whether all steps that are to be traced are over."""
        return len(self._traced) == IN_VAIN + TRACED

    @property
    def steps(self) -> int:
        """The steps that were traced."""
        return max(0, len(self._traced) - IN_VAIN)

    @property
    def traced_seconds(self) -> float:
        """The seconds that they took."""
        return (self._traced[-1] - self._traced[IN_VAIN - 1]) / 1e9 if self.steps else 0.0

    @property
    def untraced_step_seconds(self) -> float:
        """The median of the seconds of a step before the profiler was started; 0 if it never was."""
        before = self._moments[_FIRST_UNHURRIED - 1 : WARM_UP]
        return median((b - a) / 1e9 for a, b in pairwise(before)) if self._profiler else 0.0

    def stop(self) -> None:
        """Stop the profiler, if the run has ended before it had all its steps."""
        if self._profiler is not None and self.tracing:
            self._profiler.stop()

    def kinds(self) -> tuple[LayerTime, ...]:
        """Return the time of each kind of layer, the largest first. Call it after `stop`, if there are steps."""
        assert self._profiler is not None, "there are steps"
        events: Any = self._profiler.events()  # type: ignore[no-untyped-call]
        roots = [each for each in events if each.cpu_parent is None and str(each.device_type).endswith("CPU")]
        return layer_times(roots, self.traced_seconds)

    def write_trace(self, path: Path) -> None:
        """Write the trace, in Chrome's format, to a file. Call it after `stop`, if there are steps."""
        assert self._profiler is not None, "there are steps"
        self._profiler.export_chrome_trace(str(path))


class _TracedPhase(Phase):
    """A phase that is a region of the trace, too, while there is one."""

    def __init__(self, timer: TracedTimer, name: PhaseName, phase: Phase) -> None:
        super().__init__(timer)
        self._traced_timer, self._name, self._phase = timer, name, phase
        self._region = ExitStack()

    def __enter__(self) -> None:
        if self._traced_timer.depth == 0 and self._traced_timer.tracing:
            from torch.profiler import record_function

            self._region.enter_context(record_function(f"{REGION}{self._name}"))
        self._phase.__enter__()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._phase.__exit__(kind, error, at)
        if self._traced_timer.depth == 0:
            self._region.close()
            self._traced_timer.step_may_end(self._name)

    @property
    def seconds(self) -> float:
        """Return the time within this phase so far."""
        return self._phase.seconds


def _started(cuda: bool) -> profile:
    from torch.profiler import ProfilerActivity, profile, schedule

    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if cuda else [])]
    profiler = profile(activities=activities, schedule=schedule(wait=0, warmup=IN_VAIN, active=TRACED, repeat=1))
    profiler.start()
    return profiler
