"""What is written down of a study's certificates, so that it is the same whoever plans it, and whenever.

A record is written if there is none of its name, so the first counts, for good.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from assay_trainer.contract import CONTRACT_VERSION, Message, canonical_json, short_digest


class _Record(Message):
    """What all records have. The time is in Unix seconds."""

    version: int = Field(default=CONTRACT_VERSION, ge=CONTRACT_VERSION, le=CONTRACT_VERSION)
    rests_on: str
    """Digest of what the certificate rests on: its name."""
    made_at: float


class CertificateInForce(_Record):
    """A certificate, as it was made."""

    kind: Literal["Certificate"] = "Certificate"
    arm: str
    statistic: str
    threshold: float
    confidence: float
    value: float | None
    """Of the statistic, as observed."""
    low: float | None
    high: float | None
    promised_rate: float
    """Share of separable pairs that audits hold it to."""
    hypotheses: dict[str, str]
    """Those of the calibration: name, and digest of what is run at the reference."""
    seeds: int
    price: float
    """Of a trial, over the reference's, as known then: of several proxies in force the cheapest is used, and which that
    is does not change."""


class AuditsDrawn(_Record):
    """Hypotheses that were drawn to be audited, in the order in which they were drawn."""

    kind: Literal["Audits"] = "Audits"
    hypotheses: dict[str, str]
    """Name, and digest of what is run at the reference."""


class Revocation(_Record):
    """The end of a certificate."""

    kind: Literal["Revocation"] = "Revocation"
    arm: str
    stratum: str
    audited: int
    """Hypotheses that it took."""
    message: str


TrustRecord = CertificateInForce | AuditsDrawn | Revocation


@dataclass(frozen=True)
class TrustRecords:
    """All that was written down of a study's certificates, whatever they rest on."""

    certificates: Mapping[str, CertificateInForce] = field(default_factory=dict)
    """By what they rest on; so are the others."""
    audits: Mapping[str, tuple[AuditsDrawn, ...]] = field(default_factory=dict)
    """In the order in which they were made."""
    revocations: Mapping[str, Revocation] = field(default_factory=dict)


NO_TRUST_RECORDS = TrustRecords()
"""Of a study that has none."""


def trust_records(records: Iterable[TrustRecord]) -> TrustRecords:
    """A study's records, sorted out; those of equal times by name, so that their order is always the same."""
    ordered = sorted(records, key=lambda record: (record.made_at, record_name(record)))
    audits: dict[str, tuple[AuditsDrawn, ...]] = {}
    for record in ordered:
        if isinstance(record, AuditsDrawn):
            audits[record.rests_on] = (*audits.get(record.rests_on, ()), record)
    return TrustRecords(
        certificates={each.rests_on: each for each in ordered if isinstance(each, CertificateInForce)},
        audits=audits,
        revocations={each.rests_on: each for each in ordered if isinstance(each, Revocation)},
    )


def record_name(record: TrustRecord) -> str:
    """Under which it is kept, among those of its study. Of draws it holds who was drawn: there may be several."""
    if isinstance(record, AuditsDrawn):
        return f"{record.rests_on}-audits-{short_digest(canonical_json(record.hypotheses))}"
    return f"{record.rests_on}-{'certificate' if isinstance(record, CertificateInForce) else 'revocation'}"
