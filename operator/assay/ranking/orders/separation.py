"""When the reference separates two hypotheses: their mean scores differ by over two standard errors.

Agreement over separable pairs, the estimand of a certificate, and audits all go by this one rule.
"""

from __future__ import annotations

import numpy as np

from assay.ranking.arrays import FloatArray, IntArray

SEPARATED = 2.0
"""Standard errors of the difference."""

_ROUNDING = 1e-9
"""A pair just on the line is not separated, whichever way its last bit was rounded."""


def separating_difference(variance: float, seeds: IntArray | int) -> FloatArray:
    """Return the difference that two means over these seeds must exceed to be separated, in the metric's units.

    `variance`: of one score, from seed to seed.
    """
    return SEPARATED * np.sqrt(2 * variance / seeds) * (1 + _ROUNDING)
