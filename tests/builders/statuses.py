"""Statuses that say something else of an arm or a hypothesis."""

from __future__ import annotations

from typing import Any

from assay.api.conditions import Reason
from assay.api.resources import ProxyStudyStatus, TrustDecision

REVOKED_MESSAGE = "Audits revoked the certificate of short: it orders 32 % of the pairs as promised."


def with_arm(status: ProxyStudyStatus, name: str, **fields: Any) -> ProxyStudyStatus:
    """Return the status with some fields of an arm replaced."""
    arms = tuple(arm.model_copy(update=fields) if arm.name == name else arm for arm in status.arms)
    return status.model_copy(update={"arms": arms})


def with_row(status: ProxyStudyStatus, name: str, **fields: Any) -> ProxyStudyStatus:
    """Return the status with some fields of a hypothesis in the ranking replaced."""
    ranking = tuple(row.model_copy(update=fields) if row.name == name else row for row in status.ranking)
    return status.model_copy(update={"ranking": ranking})


def revoked(status: ProxyStudyStatus, name: str) -> ProxyStudyStatus:
    """Return the status after audits have ended an arm's certificate."""
    fields = {"decision": TrustDecision.NOT_TRUSTED, "reason": Reason.REVOKED, "message": REVOKED_MESSAGE}
    return with_arm(status, name, **fields).model_copy(update={"recommended_proxy": None})
