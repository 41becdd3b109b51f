"""The rate that a certificate promises for pairs that the reference separates, and that audits hold it to."""

from __future__ import annotations

import numpy as np
import scipy

from assay.ranking.distributions import normal_density
from assay.ranking.orders.ceiling import reliability
from assay.ranking.orders.separable_pairs import PairTable
from assay.ranking.orders.separation import SEPARATED
from assay.ranking.orders.tau import correlation_of
from assay.ranking.scores import Scores, balanced

_MOST = 0.995
"""The highest promise. One of 1 would be broken by a single pair whose order noise has reversed."""
_LEAST_RELIABLE = 0.01
"""The lowest reliability that is counted with: scores without any signal would have no correlation at all."""


def promised_rate(statistic: str, threshold: float, reference: Scores, proxy: Scores) -> float:
    """Return the share of separable pairs that a certificate promises to be ordered alike, in [.5, 1).

    `reference`, `proxy`: the calibration's scores. By `statistic`:

    - "KendallTau": the share that normal scores with this tau have at the calibration's noise. It is more than
      (1 + threshold) / 2, the share of all pairs, since close pairs are left out; it is less if the proxy is noisy.
    - "DecisionAccuracy": the threshold.
    - "WinnerRegret": 1, since this statistic promises nothing of pairs.

    In each case it is no more than the calibration itself shows, less a standard error (jackknife over hypotheses).
    Audited hypotheses are compared with these very ones, and must not pay for their chance errors.

    Raises ValueError on another statistic.
    """
    reference, proxy = balanced(reference, proxy)
    if statistic == "KendallTau":
        if min(reference.values.shape) < 2:
            return 0.5
        signal = [max(float(reliability(arm.values)), _LEAST_RELIABLE) for arm in (reference, proxy)]
        observed = float(correlation_of(threshold)) * np.sqrt(signal[0] * signal[1])
        rate = _separable_rate(observed, SEPARATED * np.sqrt(1 - signal[0]))
    elif statistic in ("DecisionAccuracy", "WinnerRegret"):
        rate = threshold if statistic == "DecisionAccuracy" else 1.0
    else:
        raise ValueError(f"statistic: {statistic!r}, allowed are KendallTau, DecisionAccuracy and WinnerRegret")
    return float(np.clip(min(rate, _rate_less_its_error(reference, proxy)), 0.5, _MOST))


def _separable_rate(correlation: float, line: float) -> float:
    """Return the share ordered alike at this correlation, of pairs whose standard normal difference is over `line`."""
    z = line + np.linspace(0.0, 8.0, 801)
    density = normal_density(z)
    alike = scipy.special.ndtr(z * correlation / np.sqrt(max(1 - correlation**2, 1e-12)))
    return float((density * alike).sum() / density.sum())


def _rate_less_its_error(reference: Scores, proxy: Scores) -> float:
    """Return the share of the separable pairs ordered alike, less a standard error; .5 without such pairs.

    Source of the error: the jackknife that leaves out one hypothesis at a time (Tukey 1958, Ann. Math. Stat. 29; Efron
    and Stein 1981, Ann. Stat. 9(3)).
    """
    table = PairTable(reference, proxy, reference.hypotheses)
    counted = [table.with_calibration(name) for name in reference.hypotheses]
    counts = np.array([(each.separable, each.alike) for each in counted]).reshape(-1, 2)
    pairs, alike = counts.sum(axis=0) / 2
    if pairs == 0:
        return 0.5
    hypotheses = len(counts)
    left = pairs - counts[:, 0]
    without = (alike - counts[:, 1])[left > 0] / left[left > 0]
    error = np.sqrt((hypotheses - 1) / hypotheses * ((without - without.mean()) ** 2).sum()) if len(without) else 1.0
    return float(alike / pairs - error)
