"""Trains 18 learners on scikit-learn's digits, at four sizes with three seeds, and writes recorded.csv beside it.

A row per run: hypothesis, size (training examples), seed, cost (CPU seconds of `fit`, one thread), score (accuracy on
the 450 digits that are held out for that seed). A minute on one core. The scores come out the same each time, the
costs as alike as measurements do. Nothing is downloaded.
"""

from __future__ import annotations

import csv
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Perceptron, RidgeClassifier, SGDClassifier
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import BernoulliNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

DESTINATION = Path(__file__).parent / "recorded.csv"
HELD_OUT = 450
SIZES = (168, 337, 674, 1347)
SEEDS = range(3)

# Named as in LCDB, the database of such learning curves, so that study.yaml fits both.
LEARNERS = {
    "SVC_linear": SVC(kernel="linear"),
    "SVC_poly": SVC(kernel="poly"),
    "SVC_rbf": SVC(kernel="rbf"),
    "SVC_sigmoid": SVC(kernel="sigmoid"),
    "sklearn.discriminant_analysis.LinearDiscriminantAnalysis": LinearDiscriminantAnalysis(),
    "sklearn.ensemble.ExtraTreesClassifier": ExtraTreesClassifier(),
    "sklearn.ensemble.GradientBoostingClassifier": GradientBoostingClassifier(),
    "sklearn.ensemble.RandomForestClassifier": RandomForestClassifier(),
    "sklearn.linear_model.LogisticRegression": LogisticRegression(),
    "sklearn.linear_model.Perceptron": Perceptron(),
    "sklearn.linear_model.RidgeClassifier": RidgeClassifier(),
    "sklearn.linear_model.SGDClassifier": SGDClassifier(),
    "sklearn.naive_bayes.BernoulliNB": BernoulliNB(),
    "sklearn.naive_bayes.MultinomialNB": MultinomialNB(),
    "sklearn.neighbors.KNeighborsClassifier": KNeighborsClassifier(),
    "sklearn.neural_network.MLPClassifier": MLPClassifier(),
    "sklearn.tree.DecisionTreeClassifier": DecisionTreeClassifier(),
    "sklearn.tree.ExtraTreeClassifier": ExtraTreeClassifier(),
}


class Run(NamedTuple):
    """A row of the table."""

    hypothesis: str
    size: int
    seed: int
    cost: str
    score: str


def runs() -> Iterator[Run]:
    images, labels = load_digits(return_X_y=True)
    for learner in LEARNERS.values():  # so that no run pays for what the first one loads
        seeded(learner, 0).fit(images[: SIZES[0]], labels[: SIZES[0]])
    for seed in SEEDS:
        split = train_test_split(images, labels, test_size=HELD_OUT, random_state=seed, stratify=labels)
        inputs, held_out_inputs, targets, held_out_targets = split
        for name, learner in LEARNERS.items():
            for size in SIZES:
                model = seeded(learner, seed)
                started = time.process_time()
                model.fit(inputs[:size], targets[:size])
                seconds = time.process_time() - started
                score = model.score(held_out_inputs, held_out_targets)
                yield Run(name, size, seed, f"{seconds:.5f}", f"{score:.4f}")


def seeded(learner: Any, seed: int) -> Any:
    model = clone(learner)
    return model.set_params(random_state=seed) if "random_state" in model.get_params() else model


def main() -> None:
    warnings.simplefilter("ignore", ConvergenceWarning)  # the learners are what they are
    with threadpool_limits(limits=1), DESTINATION.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(Run._fields)
        table.writerows(runs())
    print(f"{len(LEARNERS) * len(SIZES) * len(SEEDS)} runs in {DESTINATION}")


if __name__ == "__main__":
    main()
