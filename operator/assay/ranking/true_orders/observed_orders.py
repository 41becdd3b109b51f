"""What the orders of two arms show, for a test of the correlation behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.ranking.arrays import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class ObservedOrders:
    """Of some observations, (observations,) each."""

    concordant: IntArray
    """Pairs that both arms order alike."""
    tie_share: FloatArray
    """In [0, 1]: of the studies with as many concordant pairs, those that agree as closely; see `tie_breaking`."""
    widening: FloatArray
    """At least 1: how much more the number of concordant pairs varies than that of normal scores; see `tau_spread`."""

    @classmethod
    def plain(cls, concordant: IntArray) -> ObservedOrders:
        """As many pairs, ties unbroken, of normal scores."""
        return cls(concordant, np.ones(len(concordant)), np.ones(len(concordant)))
