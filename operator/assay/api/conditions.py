"""The conditions of the resources, with their types and reasons."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from assay.api.base import Model
from assay.api.values import CONDITION_REASON, CONDITION_TYPE, TIME


class ConditionType(StrEnum):
    """What a condition is about."""

    ACCEPTED = "Accepted"
    """The spec is valid and supported."""
    SUCCEEDED = "Succeeded"
    """The study has said all that it will say about the hypotheses that it selects."""
    PROXY_TRUSTED = "ProxyTrusted"
    """At least one proxy has a certificate."""
    SUSPENDED = "Suspended"
    """No new trial is started, since the spec says so."""
    RECONCILING = "Reconciling"
    """kstatus: work is under way."""
    STALLED = "Stalled"
    """kstatus: nothing will go on without a change by somebody."""
    VERIFIABLE = "Verifiable"
    """What a finished study rests on could be read when it was last looked at. It is there only while it is False."""
    EDITED_AFTER_LOOKING = "EditedAfterLooking"
    """Something by which results are judged was edited after scores were seen. It is there only while it is True."""
    CONCLUDED = "Concluded"
    """A hypothesis has a verdict from every study that selects it."""


class Reason(StrEnum):
    """Why a condition has its status."""

    VALID = "Valid"
    INVALID = "Invalid"
    NOT_ALLOWED = "NotAllowed"
    EDITED_AFTER_LOOKING = "EditedAfterLooking"
    DATASET_NOT_READABLE = "DatasetNotReadable"
    STORE_UNREACHABLE = "StoreUnreachable"
    OBJECT_NOT_READABLE = "ObjectNotReadable"
    READING_STORE = "ReadingStore"
    INTERNAL_ERROR = "InternalError"

    TRIALS_OPEN = "TrialsOpen"
    ALL_TRIALS_ENDED = "AllTrialsEnded"
    BUDGET_SPENT = "BudgetSpent"
    DEADLINE_REACHED = "DeadlineReached"
    TOO_MANY_FAILURES = "TooManyFailures"
    REFERENCE_FAILED = "ReferenceFailed"
    BASELINE_FAILED = "BaselineFailed"

    CERTIFIED = "Certified"
    NOT_CERTIFIED = "NotCertified"
    UNDECIDED = "Undecided"
    REVOKED = "Revoked"
    ERROR_HOLDS = "ErrorHolds"
    ERROR_DOES_NOT_HOLD = "ErrorDoesNotHold"

    NO_PROXIES = "NoProxies"
    PENDING = "Pending"

    SUSPENDED = "Suspended"
    NOT_SUSPENDED = "NotSuspended"
    PROGRESSING = "Progressing"
    DONE = "Done"

    UNSCHEDULABLE = "Unschedulable"
    IMAGE_NOT_PULLED = "ImageNotPulled"
    CONTAINER_NOT_CREATED = "ContainerNotCreated"
    QUOTA_EXCEEDED = "QuotaExceeded"
    JOB_LIMIT_REACHED = "JobLimitReached"
    NOT_ADMITTED = "NotAdmitted"
    KUEUE_MISSING = "KueueMissing"
    JOB_REFUSED = "JobRefused"
    NO_POD = "NoPod"
    NOT_STARTED = "NotStarted"
    NOT_ENDING = "NotEnding"

    VERDICT_REACHED = "VerdictReached"
    NOT_SELECTED = "NotSelected"


class Condition(Model):
    """A condition as metav1 has it."""

    type: str = Field(pattern=CONDITION_TYPE, max_length=63, description="What the condition is about.")
    status: Literal["True", "False", "Unknown"] = Field(description="Whether it holds.")
    reason: str = Field(
        pattern=CONDITION_REASON, min_length=1, max_length=63, description="Why, as one word for programs."
    )
    message: str = Field(default="", max_length=512, description="Why, as a sentence for people.")
    last_transition_time: str = Field(
        pattern=TIME,
        max_length=40,
        description="When the status last changed.",
        json_schema_extra={"format": "date-time"},
    )
    observed_generation: int | None = Field(
        default=None, ge=0, description="The metadata.generation that the condition is about."
    )
