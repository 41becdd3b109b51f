"""By what hypotheses are compared, as digests: they stay the same whatever a study is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.api.resources import REFERENCE
from assay_trainer.contract import canonical_json, short_digest

if TYPE_CHECKING:
    from assay.planning.study.study import Study


def yardstick_of(study: Study) -> str:
    """Return the digest (32 hex digits) of how the reference trains, and of the metric."""
    metric = study.spec.metric
    return short_digest(canonical_json([study.design.ground[REFERENCE], metric.name, metric.goal]))


def arm_digest(study: Study, arm: str) -> str:
    """Return the digest (32 hex digits) of how an arm trains, and of its metric if that is not the study's."""
    told = " ".join((study.design.ground[arm], *own_metric(study, arm)))
    return short_digest(told.encode())


def own_metric(study: Study, arm: str) -> tuple[str, ...]:
    """Return the name of the metric that an arm is ranked by and its goal; nothing if it is the study's."""
    by = study.design.metrics[arm]
    return () if by.name == study.spec.metric.name else (by.name, by.goal.value)


def asked_of(study: Study) -> str:
    """Return the digest (32 hex digits) of what is asked of a proxy."""
    spec = study.spec
    parts: list[Any] = [what_is_asked(study)]
    if spec.trust.statistic == "WinnerRegret":
        parts.append([spec.metric.smallest_effect, spec.screening.promote if spec.screening else None])
    if spec.hypotheses.cluster_by is not None:
        parts.append({"kin": spec.hypotheses.cluster_by})
    return short_digest(canonical_json(parts))


def what_is_asked(study: Study) -> dict[str, Any]:
    """Return the statistic, its threshold and the confidence, as JSON values."""
    # how large the backlog becomes is no part of it: it says how the error is spent, not what is claimed
    trust = study.spec.trust.to_dict()
    return {name: value for name, value in trust.items() if name != "expectedHypotheses"}
