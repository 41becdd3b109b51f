"""The observed orders of two arms, as a test of the true correlation needs them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.ranking.arrays import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class ObservedOrders:
    """The orders of both arms in some observations, (observations,) each."""

    concordant: IntArray
    """The number of pairs that both arms order alike."""
    tie_share: FloatArray
    """The share in [0, 1] of the studies with as many concordant pairs that agree as closely; see `tie_breaking`."""
    widening: FloatArray
    """How much more the number of concordant pairs varies than with normal scores, at least 1; see `tau_spread`."""

    @classmethod
    def plain(cls, concordant: IntArray) -> ObservedOrders:
        """Take these numbers of concordant pairs, as of normal scores, with ties unbroken."""
        return cls(concordant, np.ones(len(concordant)), np.ones(len(concordant)))
