"""What is said beside a certificate: which hypotheses are kin, and for which the proxy is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from assay.api.bounds import shortened

if TYPE_CHECKING:
    from assay.api.resources import CertificateStatus
    from assay.ranking import Certificate

MOST_APART_SHOWN = 5
"""So many hypotheses that stand apart are kept in the status."""
_NAMED = 3
_NAME_LENGTH = 40


def kin_in_words(certificate: Certificate | CertificateStatus) -> str:
    """Say in a sentence of at most 160 characters who shares luck, and what that leaves; empty if nobody does."""
    if not certificate.kin or certificate.families is None or certificate.families < 2:
        return ""
    key = shortened(certificate.kin, _NAME_LENGTH)
    return (
        f"Hypotheses of one {key} share luck: these {certificate.hypotheses}, in {certificate.families} families, are "
        f"worth about {certificate.effective_hypotheses}."
    )


def apart_in_words(standing_apart: Sequence[str], count: int) -> str:
    """Say in a sentence of at most 220 characters which hypotheses the proxy misjudges; empty if none stands apart.

    `standing_apart`: the first of them; `count`: how many there are.
    """
    named = standing_apart[:_NAMED]
    if not named:
        return ""
    names = ", ".join(shortened(name, _NAME_LENGTH) for name in named)
    more = f" and {count - len(named)} more" if count > len(named) else ""
    return f"It misjudges {names}{more}, by more than seeds and the other hypotheses explain."
