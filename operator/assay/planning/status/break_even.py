"""After how many further hypotheses a proxy has paid for itself, and how sure that is.

A hypothesis that runs on the proxy instead of the reference saves the difference of their costs, estimated from the
hypotheses that ran on both. Hypotheses differ in what they cost: n further ones save n times the mean, and the variance
of that is n times the variance of one saving, plus n squared times the variance of the mean. To be paid back is what
the study has spent on the proxy's trials and preparations and, if it screens, the reference trials of the promoted and
audited hypotheses.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assay.api.resources import REFERENCE
from assay.planning.trust.audit_draws import AT_LEAST
from assay.ranking.distributions import t_exceeded_by

if TYPE_CHECKING:
    from assay.planning.results.costs import Costs
    from assay.planning.study.study import Study

CONFIDENCE = 0.9
"""The confidence of the interval."""


class BreakEven(NamedTuple):
    """Numbers of further hypotheses, with an interval; None where the proxy never pays for itself, or that is not
    known."""

    hypotheses: int | None
    low: int | None
    high: int | None


NEVER = BreakEven(None, None, None)


def break_even(study: Study, arm: str, costs: Costs) -> BreakEven:
    """Return the break-even of a proxy, by the costs so far."""
    matched = np.array(costs.matched.get(arm, ()), dtype=np.float64).reshape(-1, 2)
    reference = costs.arms[REFERENCE].trial_seconds
    if reference is None or not len(matched):
        return NEVER
    seeds = study.design.initial_seeds
    full, saved = seeds * reference, seeds * (matched[:, 0] - matched[:, 1])
    spent = costs.arms[arm].spent_seconds
    screening = study.spec.screening
    if screening is None:
        return _paid_back(spent, saved)
    # audits are a share of the hypotheses, but at least a few: whichever is more counts
    audited = screening.audit_percent / 100
    least = AT_LEAST * _strata(study) if audited else 0
    ways = (
        _paid_back(spent + full * (screening.promote + least), saved),
        _paid_back(spent + full * screening.promote * (1 - audited), saved - audited * seeds * matched[:, 0]),
    )
    return BreakEven(*(_later(*numbers) for numbers in zip(*ways, strict=True)))


def _later(first: int | None, second: int | None) -> int | None:
    return None if first is None or second is None else max(first, second)


def _strata(study: Study) -> int:
    label = study.spec.screening.stratify_by if study.spec.screening else None
    return len({each.metadata.labels.get(label) for each in study.hypotheses}) if label else 1


def _paid_back(owed: float, saved: np.ndarray) -> BreakEven:
    """Return after how many hypotheses `owed` seconds are saved; `saved`: (hypotheses,), the seconds that each one
    saved.

    The ends of the interval solve n m - owed = +-t sqrt(v (n + n^2 / k)), where m and v are the mean and the variance
    of the k savings. Source: Fieller's interval of a ratio (1954, J. R. Stat. Soc. B 16), here of owed / m. There
    the variance is v n^2 / k alone; v n is added since the further hypotheses differ in what they save, too.
    """
    mean, count = float(saved.mean()), len(saved)
    if owed <= 0:
        return BreakEven(0, 0, 0)
    number = math.ceil(round(owed / mean, 9)) if mean > 0 else None
    if count < 2:
        return BreakEven(number, None, None)
    spread = t_exceeded_by((1 - CONFIDENCE) / 2, count - 1) ** 2 * float(saved.var(ddof=1))
    square, linear = mean**2 - spread / count, 2 * owed * mean + spread
    root = math.sqrt(max(linear**2 - 4 * square * owed**2, 0.0))
    # the smaller root in the form that does not cancel; there is a larger one only if the mean is surely above 0
    low = 2 * owed**2 / (linear + root) if linear + root > 0 else None
    high = (linear + root) / (2 * square) if square > 0 and mean > 0 else None
    return BreakEven(number, _up(low), _up(high))


def _up(number: float | None) -> int | None:
    return math.ceil(round(number, 9)) if number is not None and number < _MOST else None


_MOST = 10**9
"""From so many hypotheses on it counts as never."""
