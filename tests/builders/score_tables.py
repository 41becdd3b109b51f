"""Builders of score tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assay.ranking import Scores
from assay.ranking.arrays import FloatArray
from assay.ranking.orders.tau import correlation_of


def scores(values: object, hypotheses: tuple[str, ...] | None = None) -> Scores:
    """Return a table of these values (hypotheses, seeds), with names h0, h1, … and seeds 0, 1, …."""
    table = np.array(values, dtype=np.float64)
    names = hypotheses or tuple(f"h{row}" for row in range(len(table)))
    return Scores(names, tuple(range(table.shape[1])), table)


def one_seed(values: object) -> Scores:
    """Return a table of one seed."""
    return scores(np.array(values, dtype=np.float64)[:, None])


def simulated_arms(
    generator: np.random.Generator,
    hypotheses: int,
    *,
    true_tau: float,
    noise: float,
    seeds: int = 3,
    shared: float = 0.0,
) -> tuple[Scores, Scores]:
    """Return (reference, proxy): normal true scores with this tau, and seed noise with this correlation of the arms."""
    r = float(correlation_of(true_tau))
    signal, rest = generator.standard_normal((2, hypotheses))
    error, other = generator.standard_normal((2, hypotheses, seeds))
    of_proxy: FloatArray = r * signal + np.sqrt(1 - r * r) * rest
    return (
        scores(signal[:, None] + noise * error),
        scores(of_proxy[:, None] + noise * (shared * error + np.sqrt(1 - shared**2) * other)),
    )


def noisy_scores(true: Sequence[float], noise: float, seeds: int = 10, seed: int = 0) -> FloatArray:
    """Return scores (hypotheses, seeds): the true ones with normal noise of this standard deviation for each seed."""
    generator = np.random.default_rng(seed)
    table: FloatArray = np.array(true)[:, None] + noise * generator.standard_normal((len(true), seeds))
    return table


def after_seeds(values: FloatArray, seeds: int | Sequence[int]) -> Scores:
    """Return the table when only the first `seeds` seeds have ended: one number for all hypotheses, or one for each."""
    ended = np.broadcast_to(seeds, len(values))[:, None]
    return scores(np.where(np.arange(values.shape[1]) < ended, values, np.nan))
