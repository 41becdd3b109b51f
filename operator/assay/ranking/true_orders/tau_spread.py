"""Whether an observed tau varies more than that of normal scores would.

If there are hypotheses of several kinds, or if a proxy goes wrong for a few of them only, tau varies more from backlog
to backlog than with normal scores. The jackknife over hypotheses shows this, if there are enough of them.
"""

from __future__ import annotations

import numpy as np

from assay.ranking.arrays import FloatArray
from assay.ranking.orders.tau import correlation_of, tau_variance

CHANCE_LOW, CHANCE_HIGH = 10.0, 2.0
"""The jackknife's standard error is itself off by chance, by about so many over the number of hypotheses; that much is
forgiven. For lower bounds more is: with a few dozen hypotheses the error is as large as what is looked for, and
needless caution costs certificates."""


def widenings(reference: FloatArray, proxy: FloatArray, *, apart: bool = False) -> tuple[FloatArray, FloatArray]:
    """Return (...,) factors of 1 or more for the spread of simulated taus: for lower and for upper bounds.

    `reference`, `proxy`: (..., hypotheses) rounded means, none constant. A factor is the jackknife's standard error of
    tau (Efron 1982) over that of as many normal pairs, less what it may be off by chance. `apart`: some hypotheses are
    known to stand apart (see `disagreement`), so that nothing of the factor for lower bounds is put down to chance.
    """
    count = reference.shape[-1]
    if count < 4:
        return np.ones(reference.shape[:-1]), np.ones(reference.shape[:-1])
    alike = np.sign(reference[..., :, None] - reference[..., None, :]) * np.sign(
        proxy[..., :, None] - proxy[..., None, :]
    )
    of_each = alike.sum(axis=-1)
    total = of_each.sum(axis=-1, keepdims=True)
    without = (total - 2 * of_each) / ((count - 1) * (count - 2))
    jackknife = np.sqrt((count - 1) * without.var(axis=-1))
    pairs = count * (count - 1)
    # perfect agreement counts as half a pair less: with no pair missing it would be certain to repeat itself
    tau = np.clip(total[..., 0] / pairs, -1 + 1 / pairs, 1 - 1 / pairs)
    ratio = jackknife / np.sqrt(tau_variance(np.array(count), correlation_of(tau)))
    return np.maximum(ratio / (1 + (0.0 if apart else CHANCE_LOW) / count), 1.0), np.maximum(
        ratio / (1 + CHANCE_HIGH / count), 1.0
    )
