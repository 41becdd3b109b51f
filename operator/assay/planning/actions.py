"""What a plan asks for, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass, field

from assay.api.resources import ProxyStudyStatus, RankedHypothesis
from assay.planning.assessment.assessment import Assessment
from assay.planning.judgement import Judgement
from assay.planning.records.look_records import LookRecord
from assay.planning.records.trust_records import TrustRecord
from assay_trainer.contract import Failure, PreparationRequest, TrialRequest


@dataclass(frozen=True)
class Start:
    """Start an attempt. Starting the same attempt twice starts it once."""

    item: TrialRequest | PreparationRequest


@dataclass(frozen=True)
class Stop:
    """End a running attempt; what it cost is counted, and it does not count as a failure."""

    key: str
    attempt: int
    why: str


@dataclass(frozen=True)
class RecordLost:
    """Write down an attempt that vanished with its runner, so that its cost is counted."""

    failure: Failure


@dataclass(frozen=True)
class RecordTrust:
    """Write down a certificate, who is audited, or that a certificate is revoked; what is there already counts."""

    record: TrustRecord


@dataclass(frozen=True)
class RecordLook:
    """Write down who has been seen, or what a look at trust has found; what is there already counts."""

    record: LookRecord


Action = Start | Stop | RecordLost | RecordTrust | RecordLook


@dataclass(frozen=True)
class Plan:
    """What to do now, what to say now, and when to look again (None: when something changes).

    `finished`: nothing runs and nothing will start until the study, its hypotheses or the store change.
    `seconds_left` is the expected time to the end, None while nothing is known to go by.
    `ranking` has all hypotheses, of which the status has the first.
    `kept`: the status is the recorded one, since the study has finished by the rules of an earlier release.
    `judgement` and `assessment` are what all of it was decided by: reports and verdicts judge nothing again.
    """

    actions: tuple[Action, ...]
    status: ProxyStudyStatus
    finished: bool
    requeue_after: float | None
    seconds_left: float | None
    ranking: tuple[RankedHypothesis, ...]
    judgement: Judgement = field(compare=False, repr=False)
    assessment: Assessment = field(compare=False, repr=False)
    kept: bool = False
