"""How much a further trial is worth, whatever its price: (hypotheses, rungs) tables, 0 where it is worth nothing.

Trials that were started and have not ended count as if they had: they will lower the variance whatever they score.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.ranking.arrays import FloatArray
from assay.ranking.budget.multifidelity_scores import MultifidelityScores, relative_drift
from assay.ranking.distributions import expected_positive_part


def reached_rungs(started: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the highest rung with a trial, (hypotheses,); -1 where there is none. `started`: (hypotheses, rungs), how
    many trials."""
    last = started.shape[1] - 1
    return np.where(started.any(axis=1), last - np.argmax(started[:, ::-1] > 0, axis=1), -1)


def variance_lowered(started: NDArray[np.int64], work: FloatArray) -> FloatArray:
    """Return by how much a trial lowers the variance of its hypothesis' score, in units of one seed's variance.

    Any rung above the one reached may come next, and on the last rung a further seed. Further seeds on lower rungs are
    worth nothing: they lower the variance only until their hypothesis climbs.
    """
    tops, rungs = reached_rungs(started), np.arange(started.shape[1])
    drift = relative_drift(work)
    now, again = _variances(started, tops, drift)
    lowered = now[:, None] - (drift + 1.0)[None, :]
    lowered[rungs[None, :] <= tops[:, None]] = 0.0
    finished = tops == rungs[-1]
    lowered[finished, -1] = (now - again)[finished]
    return np.where((tops >= 0)[:, None], np.maximum(lowered, 0.0), 0.0)


def expected_improvement(started: NDArray[np.int64], known: MultifidelityScores) -> FloatArray:
    """Return by how much a trial is expected to raise the score of the winner, in the scores' units.

    That is the knowledge gradient of normal beliefs (Frazier, Powell and Dayanik 2008, "A knowledge-gradient policy for
    sequential information collection", SIAM J. Control Optim. 47(5)): the expected improvement over the best of the
    others, by the deviation with which the trial moves the own score. Hypotheses climb rung by rung: most are out after
    a cheap one.
    """
    tops, rungs = reached_rungs(started), np.arange(started.shape[1])
    if np.isnan(known.scores).all():
        return np.zeros(started.shape)
    scores = np.where(np.isnan(known.scores), np.nanmedian(known.scores), known.scores)
    order = np.argsort(-scores, kind="stable")
    rivals = np.full(len(scores), scores[order[0]])
    rivals[order[0]] = scores[order[1]] if len(scores) > 1 else scores[order[0]]
    gaps = np.abs(scores - rivals)
    drift, noise = known.drift_variances, known.seed_variances
    rows, reached = np.arange(len(scores)), np.maximum(tops, 0)
    counts = np.maximum(started[rows, reached], 1)
    now = drift[reached] + noise / counts
    after = drift[None, :] + noise[:, None]
    lowered = np.where(rungs[None, :] == tops[:, None] + 1, now[:, None] - after, 0.0)
    finished = tops == rungs[-1]
    lowered[finished, -1] = (noise / counts - noise / (counts + 1))[finished]
    moves = np.sqrt(np.maximum(lowered, 0.0))
    raised = expected_positive_part(-gaps[:, None], moves)
    return np.where((tops >= 0)[:, None], np.maximum(raised, 0.0), 0.0)


def _variances(started: NDArray[np.int64], tops: NDArray[np.int64], drift: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the variance of each score, (hypotheses,), as it is and with one more seed on the rung that was
    reached."""
    reached = np.maximum(tops, 0)
    counts = np.maximum(started[np.arange(len(started)), reached], 1)
    return drift[reached] + 1 / counts, drift[reached] + 1 / (counts + 1)
