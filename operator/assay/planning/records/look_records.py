"""What is written down of looks at trust, whichever study takes them: who has been seen, and what each look has found.

Records are kept by *yardstick*: how the reference trains, and by which metric. So a study that is deleted, made anew or
called otherwise finds them again, and so does another one that compares the same. A record is written only if there is
none of its name: the first one counts, for good.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from assay.api.values import Name
from assay.ranking import Certificate, Decision, TrustStatistic
from assay.ranking.certificates.error_spending import MOST_LOOKS
from assay.ranking.certificates.growing_backlogs import Wave
from assay_trainer.contract import CONTRACT_VERSION, Message, TrialResult, canonical_json, short_digest

MEMBER_DIGITS = 16
MOST_SEEN_TOGETHER = 300
"""So many hypotheses one record of who has been seen has at most: it stays within the limit of a record."""
MOST_MEMBERS = 12_000
"""So many of the hypotheses that were looked at are written down with a look, for the same reason. The first wave of
more is not gone on with; they are looked at again when they have grown."""

_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
_Condition = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
_Member = Annotated[str, Field(pattern=rf"^[0-9a-f]{{{MEMBER_DIGITS}}}$")]
_Number = Annotated[float, Field(allow_inf_nan=False)]
_Statistic = Annotated[float, Field(ge=-1, le=1)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Count = Annotated[int, Field(ge=0, le=1_000_000)]
_Text = Annotated[str, Field(max_length=2000)]


def member(reference: str, arm: str) -> str:
    """Return the 16 hex digits that stand for a hypothesis, by the digests of what it runs on both arms."""
    return short_digest(f"{reference} {arm}".encode())[:MEMBER_DIGITS]


def _is_none(value: object) -> bool:
    """Return whether a field is left out, so that earlier releases can read a record that does not use it."""
    return value is None


class SeenHypothesis(Message):
    """A hypothesis that had scores on both arms."""

    name: str = Field(max_length=253)
    reference: _Condition
    """The digest of what it runs at the reference: with a seed it gives the key of a trial."""
    arm: _Condition
    """The digest of what it runs on the arm."""
    read_from: _Condition | None = Field(default=None, exclude_if=_is_none)
    """The digest of the longer run that its score on the arm is read from, if that is not its own."""

    label: str | None = Field(default=None, max_length=317)
    """The label by which the study told kin then; None: it named none."""
    value: str | None = Field(default=None, max_length=63)
    """The value of that label; None: the hypothesis lacked it."""

    @property
    def member(self) -> str:
        """See `member`."""
        return member(self.reference, self.arm)


class _LookRecord(Message):
    """The fields that all records have. The time is in Unix seconds."""

    version: int = Field(default=CONTRACT_VERSION, ge=CONTRACT_VERSION, le=CONTRACT_VERSION)
    yardstick: _Digest
    arm: _Digest
    """How the arm trains, before any hypothesis changes it."""
    made_at: _Number


class HypothesesSeen(_LookRecord):
    """Hypotheses whose scores were seen on both arms. Who is removed later still counts."""

    kind: Literal["Seen"] = "Seen"
    hypotheses: tuple[SeenHypothesis, ...] = Field(max_length=MOST_SEEN_TOGETHER)


class WaveSeen(Message):
    """See `Wave`."""

    hypotheses: int = Field(ge=1, le=1_000_000)
    planned: tuple[_Count, ...] = Field(min_length=1, max_length=100)
    correlations: tuple[Annotated[float, Field(ge=0, lt=1)], ...]
    size: float = Field(ge=1e-3, le=1e9)
    taken: int = Field(ge=1)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.correlations) != len(self.planned) or self.taken > len(self.planned):
            raise ValueError("as many correlations as planned looks, of which some were taken")
        if list(self.planned) != sorted(set(self.planned)) or self.planned[0] < 1:
            raise ValueError("planned: ascending numbers of seeds, from 1 on")
        return self


class Found(Message):
    """A certificate as it was found; see `Certificate`."""

    decision: Decision
    statistic: TrustStatistic
    look: int = Field(ge=1, le=MOST_LOOKS)
    hypotheses: _Count
    seeds: _Count
    tau: _Statistic | None
    value: _Statistic | None
    low: _Statistic | None
    high: _Statistic | None
    corrected: _Statistic | None
    p_value: _Share | None
    noise_share: _Share | None
    reason: _Text
    needed_hypotheses: _Count | None
    needed_seeds: _Count | None
    needed_message: _Text
    may_change: bool
    next_hypotheses: _Count | None
    kin: str = Field(default="", max_length=320)
    families: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    effective_hypotheses: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    standing_apart: tuple[Name, ...] = ()


class LookTaken(_LookRecord):
    """One look at one arm."""

    kind: Literal["Look"] = "Look"
    asked: _Digest
    """What was asked of the arm: statistic, threshold, confidence."""
    number: int = Field(ge=1, le=100_000)
    """The number of the look among those that were known at one arm, by what was asked: clocks may differ."""
    group: int = Field(ge=1, le=100_000)
    """Arms that were first looked at together are a group, and share one error."""
    study: str = Field(max_length=253)
    arm_name: str = Field(max_length=253)
    rules: str = Field(max_length=64)
    """The version of Assay by whose rules it was decided."""
    expected: Annotated[int, Field(ge=2, le=1_000_000)] | None
    """How many hypotheses were expected, as it was said then."""
    hypotheses: tuple[_Member, ...]
    wave: WaveSeen
    found: Found

    def certificate(self) -> Certificate:
        """Return the certificate of this look."""
        return Certificate(**self.found.model_dump(), wave=self.past())

    @property
    def at_seeds(self) -> int:
        """The number of seeds at which the look was planned."""
        return self.wave.planned[self.wave.taken - 1]

    def past(self) -> Wave:
        """Return the wave of this look, with as many looks as were taken by then."""
        return Wave(**self.wave.model_dump())


LookRecord = HypothesesSeen | LookTaken


@dataclass(frozen=True)
class LooksBefore:
    """All that was written down of looks by one yardstick."""

    seen: Mapping[str, Mapping[str, SeenHypothesis]] = field(default_factory=dict)
    """By arm (the digest of how it trains) and member."""
    looks: Mapping[str, Mapping[str, tuple[LookTaken, ...]]] = field(default_factory=dict)
    """By arm and by what was asked, in the order in which they were taken."""
    results: Mapping[str, TrialResult] = field(default_factory=dict)
    """By key: results of hypotheses that have been seen and that the study no longer has."""


NOT_LOOKED_AT = LooksBefore()
"""Nothing was written down."""


def looks_before(records: Iterable[LookRecord]) -> LooksBefore:
    """Sort out records; looks of equal numbers come by time and name, so that their order is always the same."""
    seen: dict[str, dict[str, SeenHypothesis]] = {}
    looks: dict[str, dict[str, tuple[LookTaken, ...]]] = {}
    for record in sorted(records, key=_order):
        if isinstance(record, HypothesesSeen):
            for each in record.hypotheses:
                seen.setdefault(record.arm, {}).setdefault(each.member, each)
        else:
            of_arm = looks.setdefault(record.arm, {})
            of_arm[record.asked] = (*of_arm.get(record.asked, ()), record)
    return LooksBefore(seen, looks)


def _order(record: LookRecord) -> tuple[int, float, str]:
    return getattr(record, "number", 0), record.made_at, look_record_name(record)


def look_record_name(record: LookRecord) -> str:
    """Return the name under which a record is kept, among those of its yardstick: looks at the same are one."""
    if isinstance(record, HypothesesSeen):
        told: object = sorted(each.member for each in record.hypotheses)
        return f"{record.arm}-seen-{short_digest(canonical_json(told))}"
    told = [record.asked, sorted(record.hypotheses), record.at_seeds]
    return f"{record.arm}-look-{short_digest(canonical_json(told))}"
