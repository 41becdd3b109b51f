"""Assay's train loop against the loops that people write. `python benchmarks/train_loop.py [--data FILE.npz] [...]`

Each contestant trains the same network (`train_loop_yardsticks.py`) with the same batch size, epochs, schedule and
number of threads, and is evaluated once at the end. They take turns, one process each, and each turn is another seed.
Timed is the whole training from arrays in memory: CPU seconds on a CPU, which other programs disturb less, wall seconds
on a GPU; imports and the start of a process are left out. Printed are the ratios to both yardsticks, geometric means
over the turns with their standard error; accuracies as means over the seeds with theirs; on a GPU how busy it was, and
the share of the loop that waited for data.

Without --data the images are scikit-learn's digits, enlarged; a file has uint8 images `x` (n, side, side) and labels
`y`, such as Fashion-MNIST's. About 5 minutes with the defaults and a file of that size.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from train_loop_yardsticks import BATCH, Split, plain_loop

PROGRESSIVE, MOSTLY_SMALL = [16, 20, 24, 28, 28], [14, 14, 20, 20, 28]
WANTED = {  # against the TensorDataset, against the per-sample loader
    "float32": (1.5, 1.6),
    "bf16": (2.5, 3.0),
    "bf16, progressive": (3.5, 4.0),
}
ON_A_GPU, TIMES, BUSY, WAITING = "bf16", 10, 0.95, 0.01
"""What is wanted of one contestant on a GPU: so many times the TensorDataset's speed, and of the time this share at
least busy, and this at most waiting for data."""
POINTS = 1
"""What progressive sizes may cost in accuracy, in points."""


class Outcome(NamedTuple):
    """What a run of a contestant came to. `busy` and `waiting` are shares, of contestants of Assay's own."""

    seconds: float
    accuracy: float
    busy: float | None = None
    waiting: float | None = None


class Task(NamedTuple):
    """What every contestant is given."""

    train: Split
    held_out: Split
    epochs: int
    device: str
    threads: int
    width: int


def plain(task: Task, seed: int, *, per_sample: bool) -> Outcome:
    """Run a yardstick."""
    began = _clock(task.device)
    accuracy = plain_loop(
        task.train,
        task.held_out,
        per_sample=per_sample,
        epochs=task.epochs,
        seed=seed,
        device=task.device,
        width=task.width,
    )
    return Outcome(_clock(task.device) - began, accuracy)


def ours(task: Task, seed: int, recipe: dict[str, Any]) -> Outcome:
    """Run Assay's own train function."""
    from assay_trainer.contract import Fidelity
    from assay_trainer.device import use_device
    from assay_trainer.profile.utilisation import GpuUtilisation
    from assay_trainer.trial import Trial
    from assay_trainer.vision import train

    use_device(task.device, task.threads)
    trial = Trial(
        recipe={"width": task.width, **recipe},
        fidelity=Fidelity(epochs=task.epochs, batch_size=BATCH),
        seed=seed,
        classes=tuple(map(str, range(int(task.train.labels.max()) + 1))),
        training_data=lambda: (task.train.images, task.train.labels),
        held_out=lambda: (task.held_out.images, task.held_out.labels),
        device=task.device,
    )
    began = _clock(task.device)
    with GpuUtilisation(task.device) as gpu:
        metrics = train(trial)
        phases = trial.timer.seconds()
    assert trial.timer.first is not None
    assert trial.timer.last is not None
    loop = (trial.timer.last - trial.timer.first) / 1e9
    return Outcome(_clock(task.device) - began, metrics["accuracy"], gpu.share, phases["data_wait"] / loop)


CONTESTANTS: dict[str, Callable[[Task, int], Outcome]] = {
    "TensorDataset": lambda task, seed: plain(task, seed, per_sample=False),
    "per sample": lambda task, seed: plain(task, seed, per_sample=True),
    "float32": lambda task, seed: ours(task, seed, {}),
    "float32, channels-last off": lambda task, seed: ours(task, seed, {"channelsLast": False}),
    "bf16": lambda task, seed: ours(task, seed, {"bf16": True}),
    "bf16, channels-last off": lambda task, seed: ours(task, seed, {"bf16": True, "channelsLast": False}),
    "bf16, progressive": lambda task, seed: ours(task, seed, {"bf16": True, "imageSizes": PROGRESSIVE}),
    "bf16, mostly small": lambda task, seed: ours(task, seed, {"bf16": True, "imageSizes": MOSTLY_SMALL}),
}


def with_sizes(given: list[str]) -> dict[str, Callable[[Task, int], Outcome]]:
    """Return a contestant, in bf16, for each list of image sizes."""

    def contestant(sizes: list[int]) -> Callable[[Task, int], Outcome]:
        return lambda task, seed: ours(task, seed, {"bf16": True, "imageSizes": sizes})

    return {each: contestant([int(size) for size in each.split(",")]) for each in given}


def _clock(device: str) -> float:
    if device == "cpu":
        return time.process_time()
    import torch

    torch.cuda.synchronize()
    return time.perf_counter()


def in_a_process(run: Callable[[], Outcome], threads: int) -> Outcome:
    """Run a contestant in a fork, which inherits the imports and nothing else: no threads, no allocator that another
    contestant has set."""
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        import torch

        torch.set_num_threads(threads)
        os.write(writer, json.dumps(run()).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return Outcome(*json.loads(said))


def data_of(path: Path | None, examples: int, held_out: int) -> tuple[Split, Split]:
    """Return two splits of a file's images, or of the digits, shuffled."""
    if path is None:
        from sklearn.datasets import load_digits

        digits = load_digits()
        images = np.kron(digits.images * 15.9, np.ones((3, 3))).astype(np.uint8)
        images, labels = np.pad(images, ((0, 0), (2, 2), (2, 2))), digits.target
    else:
        with np.load(path) as file:
            images, labels = file["x"], file["y"]
    order = np.random.default_rng(0).permutation(len(labels))[: examples + held_out]
    images, labels = images[order].reshape(len(order), *images.shape[1:3], -1), labels[order].astype(np.int64)
    kept = min(held_out, len(labels) // 5)
    return Split(images[kept:], labels[kept:]), Split(images[:kept], labels[:kept])


def geometric(ratios: list[float]) -> tuple[float, float]:
    """Return the geometric mean and its standard error."""
    logs = [math.log(ratio) for ratio in ratios]
    mean = math.exp(statistics.fmean(logs))
    return mean, mean * statistics.stdev(logs) / math.sqrt(len(logs)) if len(logs) > 1 else math.nan


def mean(values: list[float]) -> tuple[float, float]:
    """Return the mean and its standard error."""
    error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return statistics.fmean(values), error


def report(found: dict[str, list[Outcome]]) -> bool:
    """Print the table, and return whether all that is wanted was reached."""
    print(f"{'':26} {'seconds':>8} {'x TensorDataset':>16} {'x per sample':>16} {'accuracy':>16}  busy  data wait")
    reached = True
    for name, outcomes in found.items():
        ratios = [
            geometric([yard.seconds / own.seconds for yard, own in zip(found[each], outcomes, strict=True)])
            for each in ("TensorDataset", "per sample")
        ]
        accuracy, error = mean([each.accuracy for each in outcomes])
        cells = [f"{statistics.median(each.seconds for each in outcomes):8.2f}"]
        cells += [f"{ratio:8.2f} ± {off:5.2f}" for ratio, off in ratios]
        cells += [f"{accuracy:7.4f} ± {error:.4f}", *_shares(outcomes)]
        print(f"{name:26}", *cells)
        reached &= all(ratio >= want for (ratio, _), want in zip(ratios, WANTED.get(name, (0, 0)), strict=True))
    yard = found["TensorDataset"]
    losses = {
        name: mean([100 * (plain.accuracy - own.accuracy) for own, plain in zip(outcomes, yard, strict=True)])
        for name, outcomes in found.items()
    }
    lost, _ = losses["bf16, progressive"]
    print("points of accuracy that each costs:", ", ".join(f"{n} {v:.2f} ± {e:.2f}" for n, (v, e) in losses.items()))
    print(f"wanted of bf16, progressive: at most {POINTS}")
    for name, wants in WANTED.items():
        print(f"wanted of {name}: {wants[0]} x TensorDataset, {wants[1]} x per sample")
    if (own := found.get(ON_A_GPU)) and all(each.busy is not None for each in own):
        reached &= reached_on_a_gpu(own, yard)
    return reached and lost <= POINTS


def reached_on_a_gpu(outcomes: list[Outcome], yard: list[Outcome]) -> bool:
    """Print what a GPU's time went into, and return whether it is what is wanted."""
    ratio, _ = geometric([plain.seconds / own.seconds for own, plain in zip(outcomes, yard, strict=True)])
    busy, waiting = (statistics.fmean(getattr(each, name) or 0.0 for each in outcomes) for name in ("busy", "waiting"))
    print(
        f"{ON_A_GPU} on a GPU: {ratio:.1f} x TensorDataset, wanted {TIMES}; busy {busy:.1%}, wanted {BUSY:.0%}; ",
        end="",
    )
    print(f"waits for data {waiting:.1%}, wanted at most {WAITING:.0%}")
    return ratio >= TIMES and busy >= BUSY and waiting <= WAITING


def _shares(outcomes: list[Outcome]) -> list[str]:
    """Return how busy the GPU was and the share of data wait, where they are known."""
    known = [[share for each in outcomes if (share := getattr(each, name)) is not None] for name in ("busy", "waiting")]
    return [f"{statistics.fmean(shares):6.1%}" if shares else "     –" for shares in known]


def main() -> None:
    """Run the contestants in turn, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="an .npz file with x and y")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--examples", type=int, default=12_000)
    parser.add_argument("--held-out", type=int, default=2_500)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--width", type=int, default=16, help="channels of the first layer")
    parser.add_argument("--image-sizes", nargs="*", default=[], help="more progressive sizes to try: 14,20,28 12,28 …")
    parser.add_argument("--only", nargs="*", default=[], help="names of contestants, beside the yardsticks")
    given = parser.parse_args()
    task = Task(
        *data_of(given.data, given.examples, given.held_out), given.epochs, given.device, given.threads, given.width
    )
    import torch

    import assay_trainer.vision  # noqa: F401 - imported before the forks

    torch.set_num_threads(1)
    torch.optim.SGD([torch.nn.Parameter(torch.empty(1))], lr=0.0)  # imports what the first optimizer does
    chosen = {
        name: run
        for name, run in {**CONTESTANTS, **with_sizes(given.image_sizes)}.items()
        if not given.only
        or name in {"TensorDataset", "per sample", "bf16, progressive", *given.only, *given.image_sizes}
    }
    found: dict[str, list[Outcome]] = {name: [] for name in chosen}
    for seed in range(given.seeds):
        for name, run in chosen.items():
            found[name].append(in_a_process(lambda run=run: run(task, seed), given.threads))  # type: ignore[misc]  # noqa: B023
            print(f"seed {seed}, {name}: {found[name][-1].seconds:.2f} s", file=sys.stderr)
    print(
        f"{len(task.train.labels):,} examples of {task.train.images.shape[1:]}, {given.epochs} epochs, batch {BATCH}, "
        f"width {given.width}, {given.threads} thread(s), {given.seeds} seeds, on {given.device}"
    )
    sys.exit(0 if report(found) else 1)


if __name__ == "__main__":
    main()
