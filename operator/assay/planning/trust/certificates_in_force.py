"""Certificates that were written down: made once, in force until audits revoke them, whatever is added to the backlog.

A certificate names what it rests on by a digest: how the arm and the reference train, on what, and what is asked of a
proxy. If one of these is edited, the certificate is about something else and is left aside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from assay.api.resources import REFERENCE
from assay.planning.records.trust_records import CertificateInForce
from assay.planning.trust.yardstick import own_metric, what_is_asked
from assay_trainer.contract import canonical_json, short_digest

if TYPE_CHECKING:
    from assay.planning.study.study import Study


def rests_on(study: Study, arm: str) -> str:
    """Return the digest (32 hex digits) of all that an arm's certificate rests on, except hypotheses and seeds."""
    spec = study.spec
    asked: dict[str, Any] = {"metric": [spec.metric.name, spec.metric.goal], "trust": what_is_asked(study)}
    if spec.trust.statistic == "WinnerRegret":
        promote = spec.screening.promote if spec.screening else None
        asked["regret"] = [spec.metric.smallest_effect, promote]
    if spec.hypotheses.cluster_by is not None:
        asked["kin"] = spec.hypotheses.cluster_by
    if by := own_metric(study, arm):
        asked["arm"] = by
    return short_digest(canonical_json([asked, [study.design.ground[name] for name in (REFERENCE, arm)]]))


def identities(study: Study) -> Mapping[str, str]:
    """Return the digest of what each hypothesis runs at the reference, by name. An edited hypothesis is another one."""
    return {
        hypothesis.name: short_digest(canonical_json(study.design.conditions[hypothesis.name, REFERENCE].digest))
        for hypothesis in study.hypotheses
    }


def certificates_of(study: Study) -> Mapping[str, CertificateInForce]:
    """Return the written certificates that rest on what the study is now, by arm; the revoked ones are among them."""
    found = {arm: study.history.trust_records.certificates.get(rests_on(study, arm)) for arm in study.design.arms[1:]}
    return {arm: certificate for arm, certificate in found.items() if certificate is not None}
