"""The values of a statistic that the tests do not reject, as an interval that says the same as the decision.

A proxy is Trusted if and only if its interval begins at or above the threshold, and NotTrusted if and only if it ends
below. Only an interval that begins above the threshold can miss a value below it, and only one that ends below can miss
a value above. So each end has the full error, and the interval covers the true value with about the stated confidence
(one proxy at one look; otherwise all intervals together do). Such intervals fit Holm's procedure, but say nothing more
of a proxy that is decided (Strassburger & Bretz 2008). So a part of the error is spent on how far beyond the threshold
it lies.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from assay.ranking.certificates.certificate import Decision
from assay.ranking.certificates.error_spending import Spending
from assay.ranking.certificates.evidence import Evidence
from assay.ranking.certificates.look import Look

BEYOND = 0.7
"""The part of the error that is spent on how far beyond the threshold a decided proxy lies."""


class EndErrors(NamedTuple):
    """The error probabilities of the interval's ends, for all looks together."""

    trusted: float
    """The error probability of the lower end, which decides for trust."""
    refused: float
    """The error probability of the upper end, which decides against trust."""
    beyond: float
    """The error probability of the end that lies beyond the threshold once a proxy is decided."""


def interval(
    test: Look, found: Evidence, spending: Spending, decision: Decision, errors: EndErrors
) -> tuple[float, float]:
    """Return (low, high): the interval that one look shows."""
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
