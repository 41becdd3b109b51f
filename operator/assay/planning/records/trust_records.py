"""What is written down about a study's certificates, so that every later plan knows the same.

A record is written only if there is none of its name: the first one counts, for good.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from assay_trainer.contract import CONTRACT_VERSION, Message, canonical_json, short_digest


class _Record(Message):
    """The fields that all records have. The time is in Unix seconds."""

    version: int = Field(default=CONTRACT_VERSION, ge=CONTRACT_VERSION, le=CONTRACT_VERSION)
    rests_on: str
    """The digest of all that the certificate rests on; it names the certificate."""
    made_at: float


class CertificateInForce(_Record):
    """A certificate, as it was made."""

    kind: Literal["Certificate"] = "Certificate"
    arm: str
    statistic: str
    threshold: float
    confidence: float
    value: float | None
    """The observed value of the statistic."""
    low: float | None
    high: float | None
    promised_rate: float
    """The share of separable pairs that the proxy must order as the reference does; audits test it."""
    hypotheses: dict[str, str]
    """The calibration's hypotheses: their names, and digests of what each runs at the reference."""
    seeds: int
    price: float
    """The price of a trial over the reference's, as it was known then. Of several proxies in force the
    cheapest is used, and which one that is must not change later."""


class AuditsDrawn(_Record):
    """Hypotheses that were drawn to be audited, in the order in which they were drawn."""

    kind: Literal["Audits"] = "Audits"
    hypotheses: dict[str, str]
    """Their names, and digests of what each runs at the reference."""


class Revocation(_Record):
    """The end of a certificate."""

    kind: Literal["Revocation"] = "Revocation"
    arm: str
    stratum: str
    audited: int
    """How many hypotheses were audited until it was revoked."""
    message: str


TrustRecord = CertificateInForce | AuditsDrawn | Revocation


@dataclass(frozen=True)
class TrustRecords:
    """All that was written down about a study's certificates, also about those that rest on an earlier spec."""

    certificates: Mapping[str, CertificateInForce] = field(default_factory=dict)
    """By the digest of what they rest on, as are the audits and revocations."""
    audits: Mapping[str, tuple[AuditsDrawn, ...]] = field(default_factory=dict)
    """The draws of each, in the order in which they were made."""
    revocations: Mapping[str, Revocation] = field(default_factory=dict)


NO_TRUST_RECORDS = TrustRecords()
"""The records of a study that has none."""


def trust_records(records: Iterable[TrustRecord]) -> TrustRecords:
    """Sort out a study's records; those of equal times come by name, so that their order is always the same."""
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
    """Return the name under which a record is kept, among those of its study. That of a draw has a digest of who was
    drawn, since there may be several."""
    if isinstance(record, AuditsDrawn):
        return f"{record.rests_on}-audits-{short_digest(canonical_json(record.hypotheses))}"
    return f"{record.rests_on}-{'certificate' if isinstance(record, CertificateInForce) else 'revocation'}"
