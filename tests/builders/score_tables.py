"""Builders of score tables."""

from __future__ import annotations

import numpy as np

from assay.ranking import Scores
from assay.ranking.arrays import FloatArray
from assay.ranking.orders.tau import correlation_of


def scores(values: object, hypotheses: tuple[str, ...] | None = None) -> Scores:
    """A table of these values (hypotheses, seeds); names h0, h1, … and seeds 0, 1, …."""
    table = np.array(values, dtype=np.float64)
    names = hypotheses or tuple(f"h{row}" for row in range(len(table)))
    return Scores(names, tuple(range(table.shape[1])), table)


def one_seed(values: object) -> Scores:
    """A table of one seed."""
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
    """Reference and proxy with normal true scores of this tau, and seed noise with this correlation between arms."""
    r = float(correlation_of(true_tau))
    signal, rest = generator.standard_normal((2, hypotheses))
    error, other = generator.standard_normal((2, hypotheses, seeds))
    of_proxy: FloatArray = r * signal + np.sqrt(1 - r * r) * rest
    return (
        scores(signal[:, None] + noise * error),
        scores(of_proxy[:, None] + noise * (shared * error + np.sqrt(1 - shared**2) * other)),
    )
