"""The cost of an attempt, also when it fails."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from assay_trainer.contract import Cost
from assay_trainer.processes.linux import cpu_seconds_of, family


def cpu_seconds(ancestor: int | None = None) -> float:
    """Return the processor time of this process, of its children that have ended, and of its descendants that run; with
    an `ancestor`, also that of all other descendants of that process."""
    ended, here = resource.getrusage(resource.RUSAGE_CHILDREN), os.getpid()
    running = sum(cpu_seconds_of(pid) for pid in family(ancestor or here) if pid != here)
    return time.process_time() + ended.ru_utime + ended.ru_stime + running


@dataclass(frozen=True)
class Meter:
    """A meter that starts when it is made. On CUDA the unit is devices x wall seconds, else CPU-process seconds.

    `device_time` shows the time of the devices in seconds: where others use them, too, it runs slower (`SharedTime`).
    """

    device: str
    devices: int
    device_time: Callable[[], float] = time.perf_counter
    family: int | None = None
    """The process whose descendants are charged together; None: this one."""
    started_at: float = field(default_factory=time.time)
    started_ns: int = field(default_factory=time.perf_counter_ns)
    started_cpu: float = field(init=False)
    started_device_time: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "started_cpu", cpu_seconds(self.family))
        object.__setattr__(self, "started_device_time", self.device_time())

    @property
    def wall_seconds(self) -> float:
        """The wall seconds since the start."""
        return (time.perf_counter_ns() - self.started_ns) / 1e9

    @property
    def accelerator_seconds(self) -> float:
        """The seconds that the attempt is charged so far."""
        if self.device.startswith("cuda"):
            return self.devices * (self.device_time() - self.started_device_time)
        return max(0.0, cpu_seconds(self.family) - self.started_cpu)

    def cost(
        self,
        device_model: str,
        *,
        setup_seconds: float,
        evaluation_seconds: float,
        wall_seconds: float | None = None,
        accelerator_seconds: float | None = None,
        resumed_seconds: float = 0.0,
    ) -> Cost:
        """Return the bill; time that is neither set-up nor evaluation counts as training. The seconds are those of the
        whole run, None: of this attempt alone."""
        wall = self.wall_seconds if wall_seconds is None else wall_seconds
        return Cost(
            unit="accelerator" if self.device.startswith("cuda") else "cpu-process",
            devices=self.devices,
            device_model=device_model,
            wall_seconds=wall,
            accelerator_seconds=self.accelerator_seconds if accelerator_seconds is None else accelerator_seconds,
            setup_seconds=setup_seconds,
            training_seconds=max(0.0, wall - setup_seconds - evaluation_seconds),
            evaluation_seconds=evaluation_seconds,
            resumed_seconds=resumed_seconds,
        )
