"""Regression on a table: boosted trees, where an epoch is ten more trees.

The table is one of 442 diabetes patients, of Efron, Hastie, Johnstone and Tibshirani, "Least Angle Regression", 2004:
what their disease was like a year after ten measurements.
"""

from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from assay_trainer.trial import InvalidRecipe, Trial

DEFAULTS = {"learningRate": 0.1, "leaves": 8, "leastInLeaf": 10, "l2": 0.0, "features": 0.5, "loss": "squared_error"}
TREES = 10


def train(trial: Trial) -> dict[str, float]:
    if unknown := sorted(trial.recipe.keys() - DEFAULTS):
        raise InvalidRecipe(f"recipe.{unknown[0]}: no such field; allowed: {', '.join(DEFAULTS)}")
    recipe = {**DEFAULTS, **trial.recipe}
    # the held-out rows are those of the study's table, also for a hypothesis that brings a table of its own
    rows = table(trial.dataset.path)[:-112]
    inputs, targets = np.split(table(trial.held_out_dataset.path)[-112:], [-1], axis=1)
    rows = rows[trial.kept(len(rows))]  # dataPercent of them, drawn anew for each seed
    model = HistGradientBoostingRegressor(
        loss=recipe["loss"],
        learning_rate=recipe["learningRate"],
        max_leaf_nodes=recipe["leaves"],
        min_samples_leaf=recipe["leastInLeaf"],
        l2_regularization=recipe["l2"],
        max_features=recipe["features"],
        early_stopping=False,
        warm_start=True,
        random_state=trial.seed,
    )
    for epoch in range(1, trial.fidelity.epochs + 1):
        model.set_params(max_iter=TREES * epoch).fit(rows[:, :-1], rows[:, -1])
        trial.count_samples(len(rows))
        with trial.timed("evaluation"):
            errors = (model.predict(inputs) - targets[:, 0]) ** 2 / targets.var()
        trial.report(epoch, unexplained=errors.mean())
    trial.per_example(loss=errors)
    return {"unexplained": errors.mean()}  # the share of the variance that is left; 1 is the mean's own


def table(path: Path) -> np.ndarray:
    rows = np.loadtxt(path, delimiter=",", skiprows=1)
    return np.random.default_rng(0).permutation(rows)  # always the same order: an index means the same row
