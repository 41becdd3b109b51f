"""Noisy hypotheses: those whose seeds vary plainly more than the others' do, and those with one seed that stands apart.

They are named for the reader. No verdict rests on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy

from assay.ranking.arrays import FloatArray
from assay.ranking.scores import Scores

ERROR = 0.01
"""How often any hypothesis at all is called noisy where the noise of all is equal and normal."""

LEAST_TIMES = 2.0
"""What varies less than so many times as much as the others is not worth a word."""

_FEWEST_HYPOTHESES = 5
_FEWEST_SEEDS = 4
"""With fewer seeds one of them always stands apart."""


@dataclass(frozen=True)
class Noisiness:
    """How noisy a hypothesis is."""

    times: float
    """The standard deviation of its seeds, relative to the median hypothesis'."""
    bad_seed: int | None
    """The seed that does all of it: without this one, the hypothesis is not noisy. None if there is no such seed."""
    is_worse: bool
    """Whether that seed's score is worse than the others of the hypothesis."""


def noisy_hypotheses(table: Scores) -> Mapping[str, Noisiness]:
    """Return the hypotheses that are plainly noisier than most.

    A very noisy one shows a little in what is taken for the seeds' effect on all, so it may be noisier than is said.
    """
    seen = np.flatnonzero(table.counts >= 3)
    if len(seen) < _FEWEST_HYPOTHESES or table.noise is None:
        return {}
    known = table.counts[seen] - 1
    squares = table.own_squares[seen]
    # the median of variances with few degrees of freedom lies below the true one
    typical = float(np.median(squares / scipy.special.chdtri(known, 0.5)))
    if typical == 0:
        return {}
    most = scipy.special.chdtri(known, ERROR / len(seen)) * typical
    found = {}
    for at in np.flatnonzero((squares > most) & (squares > LEAST_TIMES**2 * typical * known)):
        row = int(seen[at])
        seed, is_worse = _bad_seed(table.residuals[row], float(most[at]))
        found[table.hypotheses[row]] = Noisiness(
            float(np.sqrt(squares[at] / known[at] / typical)), None if seed is None else table.seeds[seed], is_worse
        )
    return found


def _bad_seed(residuals: FloatArray, most: float) -> tuple[int | None, bool]:
    """Return the seed without which the squares are no more than `most`, and whether it is worse than the others."""
    there = np.flatnonzero(~np.isnan(residuals))
    if len(there) < _FEWEST_SEEDS:
        return None, False
    at = int(there[np.argmax(np.abs(residuals[there] - np.median(residuals[there])))])
    others = residuals[there[there != at]]
    if float(((others - others.mean()) ** 2).sum()) > most:
        return None, False
    return at, bool(residuals[at] < others.mean())
