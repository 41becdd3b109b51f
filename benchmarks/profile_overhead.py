"""What profiling costs the train loop. `python benchmarks/profile_overhead.py [--device cuda] [--rounds N]`

Trains the same small network with the phases timed and, as the yardstick, with `timed` doing nothing, in turns, in one
process, and prints the median over the rounds of their ratio. Timed is the whole loop without the reading of data and
the start of the process: CPU seconds on a CPU, which other programs disturb less, wall seconds on a GPU.
It takes about a minute.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
from typing import Any

import numpy as np
import torch

from assay_trainer.contract import Fidelity
from assay_trainer.device import use_device
from assay_trainer.profile.utilisation import GpuUtilisation
from assay_trainer.trial import Trial
from assay_trainer.vision import train

EXAMPLES, SIDE = 2000, 28
NOTHING = contextlib.nullcontext()


class UnprofiledTrial(Trial):
    """A trial whose phases are not timed."""

    def timed(self, phase: str) -> Any:  # noqa: ARG002
        return NOTHING


def seconds(kind: type[Trial], device: str, batch_size: int) -> float:
    """Return the seconds of a trial of one epoch."""
    random = np.random.default_rng(0)
    data = random.integers(0, 256, (EXAMPLES, SIDE, SIDE, 1), np.uint8), random.integers(0, 10, EXAMPLES)
    trial = kind(
        recipe={},
        fidelity=Fidelity(epochs=1, batch_size=batch_size),
        seed=0,
        classes=tuple("0123456789"),
        training_data=lambda: data,
        held_out=lambda: (data[0][:100], data[1][:100]),
        device=device,
    )
    clock = time.perf_counter if device.startswith("cuda") else time.process_time
    watch: Any = GpuUtilisation(device) if kind is Trial else NOTHING
    began = clock()
    with watch:
        train(trial)
        trial.timer.seconds()
    return clock() - began


def main() -> None:
    """Print the ratio for two batch sizes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    torch.set_num_threads(1)
    use_device(given.device, threads=1)
    for batch_size in (16, 128):
        seconds(Trial, given.device, batch_size)  # the first one pays for what is imported late
        ratios = []
        for turn in range(given.rounds):
            order = (Trial, UnprofiledTrial) if turn % 2 else (UnprofiledTrial, Trial)
            took = {kind: seconds(kind, given.device, batch_size) for kind in order}
            ratios.append(took[Trial] / took[UnprofiledTrial])
        low, _, high = statistics.quantiles(ratios, n=4)
        print(
            f"batch {batch_size:3} on {given.device}: with the profile {statistics.median(ratios):.4f} x without "
            f"(quartiles {low:.4f} to {high:.4f}, n = {given.rounds}; at most 1.02 is wanted)"
        )


if __name__ == "__main__":
    main()
