"""What trials gain if the C library keeps freed memory. `python benchmarks/freed_memory.py [--rounds N]`

Trains one small network on a CPU with `keep_freed_memory` and, as the yardstick, without it, in turns. Each run has a
process forked for it, since the setting lasts for the life of a process. Timed is the train function alone, in CPU
seconds of one thread. It takes about a minute.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import time
from multiprocessing.connection import Connection

import numpy as np
import torch

from assay_trainer.contract import Fidelity
from assay_trainer.device import keep_freed_memory
from assay_trainer.trial import Trial
from assay_trainer.vision import train

EXAMPLES, SIDE = 4000, 28  # a first layer's output is then 26 MB, or 51 MB, more than glibc ever keeps of itself


def measure(keep: bool, width: int, answer: Connection) -> None:
    """Send the CPU seconds of one trial: one epoch at batch size 512."""
    if keep:
        keep_freed_memory()
    random = np.random.default_rng(0)
    data = random.integers(0, 256, (EXAMPLES, SIDE, SIDE, 1), np.uint8), random.integers(0, 10, EXAMPLES)
    trial = Trial(
        recipe={"width": width},
        fidelity=Fidelity(epochs=1, batch_size=512),
        seed=0,
        classes=tuple("0123456789"),
        training_data=lambda: data,
        held_out=lambda: (data[0][:100], data[1][:100]),
    )
    began = time.process_time()
    train(trial)
    answer.send(time.process_time() - began)


def in_a_fork(keep: bool, width: int) -> float:
    """Run `measure` in a process of its own."""
    context = multiprocessing.get_context("fork")
    mine, its = context.Pipe(duplex=False)
    process = context.Process(target=measure, args=(keep, width, its))
    process.start()
    took: float = mine.recv()
    process.join()
    return took


def main() -> None:
    """Print the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)  # a child of a parent with several threads hangs
    torch.optim.SGD([torch.nn.Parameter(torch.empty(1))], lr=0.0)  # the first optimizer imports half of torch again
    for width in (16, 32):
        took = {True: [0.0] * rounds, False: [0.0] * rounds}
        for turn in range(rounds):
            for keep in (True, False) if turn % 2 else (False, True):
                took[keep][turn] = in_a_fork(keep, width)
        speedup = statistics.median(given / kept for given, kept in zip(took[False], took[True], strict=True))
        for keep, name in ((False, "given back"), (True, "kept")):
            low, high = min(took[keep]), max(took[keep])
            print(f"width {width}, memory {name}: {statistics.median(took[keep]):.2f} s ({low:.2f} to {high:.2f})")
        print(f"width {width}: {speedup:.2f} x faster with memory kept (median of {rounds})")


if __name__ == "__main__":
    main()
