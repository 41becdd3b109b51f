"""Trains 24 recipes on scikit-learn's digits: in full, with their learning curves read, and on schedules of their own
that are shorter. Results are kept in a store, so that what has run is not run again."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from work_in_processes import begin, code_of, run_trial

from assay.ranking.scores import Scores
from assay_trainer import contract, vision
from assay_trainer.contract import Fidelity, TrialRequest, TrialResult, read_curve
from assay_trainer.shards import build_shards

ENTRYPOINT = "assay_trainer.vision:train"
BASE = {"width": 8, "batchSize": 64}
HYPOTHESES: Mapping[str, Mapping[str, Any]] = {
    "baseline": {},
    "wider": {"width": 16},
    "somewhat wider": {"width": 12},
    "narrower": {"width": 4},
    "deeper": {"depth": 3},
    "shallower": {"depth": 1},
    "rate of .3": {"learningRate": 0.3},
    "rate of .03": {"learningRate": 0.03},
    "rate of .01": {"learningRate": 0.01},
    "AdamW": {"optimizer": "adamw"},
    "AdamW, rate of .01": {"optimizer": "adamw", "learningRate": 0.01},
    "Muon": {"optimizer": "muon"},
    "Muon, rate of .01": {"optimizer": "muon", "learningRate": 0.01},
    "no momentum": {"momentum": 0.0, "nesterov": False},
    "momentum of .97": {"momentum": 0.97},
    "strong decay": {"weightDecay": 0.01},
    "dropout": {"dropout": 0.3},
    "label smoothing": {"labelSmoothing": 0.1},
    "GELU": {"activation": "gelu"},
    "SiLU": {"activation": "silu"},
    "shifts": {"crop": 0.13},
    "cutout": {"cutout": 0.4},
    "no batch norm": {"batchNorm": False, "learningRate": 0.05},
    "averaged weights": {"averageDecay": 0.99},
}
HELD_OUT_PERCENT = 40


@dataclass(frozen=True)
class Design:
    """What is run: each hypothesis with each seed, in full and for some shorter numbers of epochs."""

    hypotheses: tuple[str, ...]
    seeds: tuple[int, ...]
    epochs: int
    lengths: tuple[int, ...]
    """Epochs of the shorter runs, at which the curve of the full ones is read, too."""


@dataclass(frozen=True)
class Runs:
    """The results under one schedule of learning rates."""

    design: Design
    results: Mapping[tuple[int, str, int], TrialResult]
    """By epochs, hypothesis and seed."""

    def returned(self, epochs: int, metric: str) -> Scores:
        """Return the scores of runs of so many epochs, at their ends."""
        return self._scores({(name, seed): each.metrics[metric] for name, seed, each in self._of(epochs)}, metric)

    def read(self, epoch: int, metric: str) -> Scores:
        """Return the scores that the curves of the full runs have at an epoch."""
        found = {
            (name, seed): value
            for name, seed, each in self._of(self.design.epochs)
            if (value := read_curve(each.curve, epoch, metric)) is not None
        }
        return self._scores(found, metric)

    def seconds(self, epochs: int) -> float:
        """Return the CPU seconds of all runs of so many epochs."""
        return sum(each.cost.accelerator_seconds for _, _, each in self._of(epochs))

    def _of(self, epochs: int) -> Iterator[tuple[str, int, TrialResult]]:
        return ((name, seed, each) for (own, name, seed), each in self.results.items() if own == epochs)

    def _scores(self, by_trial: Mapping[tuple[str, int], float], metric: str) -> Scores:
        turned = {key: -value if metric == "loss" else value for key, value in by_trial.items()}
        return Scores.build(self.design.hypotheses, self.design.seeds, turned)


def runs_of(schedule: str, design: Design, folder: Path, workers: int) -> Runs:
    """Run what is not in the store yet, and return all results under a schedule. Raises RuntimeError if a run fails."""
    dataset, code = _dataset(folder), code_of(vision)
    requests = {
        (epochs, name, seed): _request(schedule, name, seed, epochs, design, dataset, code)
        for seed in design.seeds
        for epochs in (design.epochs, *design.lengths)
        for name in design.hypotheses
    }
    store = (folder / "store").as_uri()
    with ProcessPoolExecutor(workers, initializer=begin) as pool:
        done = pool.map(partial(run_trial, store), requests.values())
        results = {}
        for number, (key, result) in enumerate(zip(requests, done, strict=True), 1):
            results[key] = result
            if number % 24 == 0 and sys.stderr.isatty():
                print(f"\r{schedule}: {number} of {len(requests)} runs", end="", file=sys.stderr, flush=True)
    return Runs(design, results)


def _request(
    schedule: str, name: str, seed: int, epochs: int, design: Design, dataset: contract.Dataset, code: str
) -> TrialRequest:
    full = epochs == design.epochs
    return contract.keyed_trial(
        study=schedule,
        hypothesis=name,
        arm="reference" if full else f"{epochs} epochs",
        seed=seed,
        code=code,
        entrypoint=ENTRYPOINT,
        recipe={**BASE, **HYPOTHESES[name], "schedule": schedule, "evaluateEvery": design.epochs},
        fidelity=Fidelity(epochs=epochs),
        dataset=dataset,
        held_out=dataset,
        metric="accuracy",
        wanted_epochs=design.lengths if full else (),
        wanted_metrics=("loss",),
        deadline_seconds=600,
    )


def _dataset(folder: Path) -> contract.Dataset:
    source = folder / "digits.npz"
    if not source.exists():
        digits = load_digits()
        folder.mkdir(parents=True, exist_ok=True)
        images = np.rint(digits.images * (255 / 16)).astype(np.uint8)
        np.savez(source, x=images[..., None], y=digits.target.astype(np.int64))
    built = build_shards(
        source, str(folder / "shards"), name="digits", sizes=(8,), held_out_percent=HELD_OUT_PERCENT, seed=0
    )
    return built.dataset


def evenly_chosen(names: Sequence[str], count: int) -> tuple[str, ...]:
    """Return so many of the names, evenly spaced."""
    return tuple(names[index * len(names) // count] for index in range(count))
