"""The values of a statistic that the tests leave, as an interval that says the same as the decision.

Trusted if and only if it begins at or above the threshold, NotTrusted if and only if it ends below it. A value below
the threshold can only be missed by an interval that begins above it, one above the threshold by an interval that ends
below it; so each end has the full error, and the interval covers with about the confidence (at a single look, of a
single proxy; otherwise all intervals together do). Such intervals fit Holm's procedure, but say no more of a decided
proxy (Strassburger & Bretz 2008); so a part of the error serves to say by how much it surpasses or misses the
threshold.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from assay.ranking.certificates.certificate import Decision
from assay.ranking.certificates.error_spending import Spending
from assay.ranking.certificates.evidence import Evidence
from assay.ranking.certificates.look import Look

BEYOND = 0.7
"""Part of the error that is spent on how far beyond the threshold a decided proxy is."""


class EndErrors(NamedTuple):
    """What each end of the interval may err with, all looks together."""

    trusted: float
    refused: float
    beyond: float


def interval(
    test: Look, found: Evidence, spending: Spending, decision: Decision, errors: EndErrors
) -> tuple[float, float]:
    """(low, high) of what one look shows."""
    threshold = test.criterion.threshold
    # just below the threshold: an interval that ends there does not hold it
    below = float(np.nextafter(threshold, -np.inf))
    trusted, refused = decision == "Trusted", decision == "NotTrusted"
    low_level = float(spending.nominal(errors.beyond if trusted else errors.trusted))
    high_level = float(spending.nominal(errors.beyond if refused else errors.refused))
    low = test.lower_estimand.at(found.lower(found.low, low_level))
    high = test.upper_estimand.at(found.upper(high_level))
    low = max(low, threshold) if trusted else min(low, below)
    high = min(high, below) if refused else max(high, threshold)
    return low, max(low, high)
