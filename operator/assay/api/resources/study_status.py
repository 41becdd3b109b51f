"""What a study has found. Small whatever the study's size: rows and curves are in the store."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from assay.api.base import Model
from assay.api.conditions import Condition
from assay.api.extensions import list_map
from assay.api.resources.hypothesis import Verdict
from assay.api.values import DecimalString, Message, Name, PositiveDecimalString, Uri

MAXIMUM_RANKED = 50
"""Hypotheses that the ranking in a status shows."""

CostUnit = Literal["accelerator", "cpu-process"]
"""Devices times seconds; on a CPU, seconds of CPU processes."""


class TrustStatistic(StrEnum):
    """Which agreement statistic a proxy is trusted by."""

    KENDALL_TAU = "KendallTau"
    DECISION_ACCURACY = "DecisionAccuracy"
    WINNER_REGRET = "WinnerRegret"


class TrustDecision(StrEnum):
    """Whether a proxy may stand for the reference."""

    TRUSTED = "Trusted"
    NOT_TRUSTED = "NotTrusted"
    UNDECIDED = "Undecided"
    PENDING = "Pending"


class LeverKind(StrEnum):
    """Where a lever acts."""

    PROXY = "Proxy"
    TRAIN_LOOP = "TrainLoop"


class TrialCounts(Model):
    """Numbers of trials."""

    planned: int = Field(default=0, ge=0, description="Trials that the spec asks for so far.")
    succeeded: int = Field(default=0, ge=0, description="Trials with a result.")
    failed: int = Field(default=0, ge=0, description="Trials that failed for good.")
    running: int = Field(default=0, ge=0, description="Trials that run.")
    pending: int = Field(default=0, ge=0, description="Trials that are still to be started.")
    stale: int = Field(default=0, ge=0, description="Trials of earlier specs that no longer count.")


class AgreementStatus(Model):
    """How alike an arm and the reference order the hypotheses."""

    hypotheses: int = Field(ge=0, description="Hypotheses that both arms have scores of.")
    seeds: int = Field(ge=0, description="Fewest seeds that a hypothesis has in either arm.")
    kendall_tau: DecimalString | None = Field(default=None, description="Kendall's tau-b; -1 to 1.")
    low: DecimalString | None = Field(
        default=None, description="Lower end of tau's interval, of the trust test itself."
    )
    high: DecimalString | None = Field(default=None, description="Upper end of tau's interval.")
    weighted_tau: DecimalString | None = Field(
        default=None, description="Tau that weighs the best of the reference more; -1 to 1."
    )
    spearman_rho: DecimalString | None = Field(default=None, description="Spearman's rho; -1 to 1.")
    decision_accuracy: DecimalString | None = Field(
        default=None, description="Share of all pairs that both order alike; 0 to 1."
    )
    separable_decision_accuracy: DecimalString | None = Field(
        default=None, description="The same over the pairs that the reference separates; 0 to 1."
    )
    separable_pairs: int | None = Field(default=None, ge=0, description="Pairs that the reference separates.")
    top_k: int | None = Field(default=None, ge=1, description="How many of the best topKOverlap looks at.")
    top_k_overlap: DecimalString | None = Field(
        default=None, description="Share of the reference's best that are among the arm's best; 0 to 1."
    )
    winner_regret: DecimalString | None = Field(
        default=None,
        description="How much worse the arm's best is than the reference's best, in the reference's scores.",
    )


class ArmCost(Model):
    """What an arm has cost, and what one of its trials costs."""

    trial_accelerator_seconds: PositiveDecimalString | None = Field(
        default=None, description="Mean of a trial, in accelerator seconds."
    )
    preparation_accelerator_seconds: PositiveDecimalString = Field(
        default="0", description="All preparations of the arm, in accelerator seconds."
    )
    total_accelerator_seconds: PositiveDecimalString = Field(
        default="0", description="Trials, preparations and failures of the arm, in accelerator seconds."
    )
    relative_percent: int | None = Field(
        default=None, ge=0, description="A trial's cost in percent of the reference's; preparations apart."
    )
    free: bool | None = Field(
        default=None,
        description="True if its scores are read from trials that another arm runs anyway, so that to calibrate it "
        "costs nothing; else absent.",
    )
    saved_accelerator_seconds: PositiveDecimalString | None = Field(
        default=None, description="What trials of its own would have cost where its scores were read from others."
    )
    unit: CostUnit = Field(default="accelerator", description="What the seconds are of.")
    device_model: str = Field(default="", max_length=128, description="Device model, or several and that they differ.")


class CertificateStatus(Model):
    """What the test of a proxy has found."""

    statistic: TrustStatistic = Field(description="Agreement statistic that the test is about.")
    value: DecimalString | None = Field(default=None, description="The statistic, as observed.")
    low: DecimalString | None = Field(default=None, description="Lower end of its interval, of the test itself.")
    high: DecimalString | None = Field(default=None, description="Upper end of its interval.")
    corrected: DecimalString | None = Field(
        default=None, description="The statistic without the noise of the seeds, as estimated."
    )
    hypotheses: int = Field(ge=0, description="Hypotheses that it rests on.")
    seeds: int = Field(ge=0, description="Seeds that it rests on.")
    look: int = Field(ge=1, le=4, description="Which look at the results it is, of at most four.")
    looks: int = Field(ge=1, le=4, description="How many looks are planned.")
    noise_share_percent: int | None = Field(
        default=None,
        ge=0,
        le=100,
        description="How much of the disagreement, 1 - tau, the noise of the seeds alone would make, in percent.",
    )
    needed_hypotheses: int | None = Field(
        default=None, ge=0, description="About how many hypotheses would decide it; absent if that is not known."
    )
    needed_seeds: int | None = Field(
        default=None, ge=0, description="About how many seeds would decide it with the same hypotheses."
    )
    needed_accelerator_seconds: PositiveDecimalString | None = Field(
        default=None, description="What these hypotheses, or else these seeds, would cost further."
    )
    kin: str | None = Field(
        default=None,
        max_length=320,
        description="Label, or key of the recipes, by which hypotheses are kin; absent if none are.",
    )
    families: int | None = Field(default=None, ge=1, description="How many families they are of.")
    effective_hypotheses: int | None = Field(
        default=None, ge=1, description="About how many unrelated hypotheses they are worth."
    )
    standing_apart: tuple[Name, ...] = Field(
        default=(),
        max_length=5,
        description="Hypotheses that the proxy plainly misjudges, the worst first; at most five of them.",
    )
    standing_apart_count: int | None = Field(
        default=None, ge=1, description="How many hypotheses it plainly misjudges; absent if it is none."
    )
    next_hypotheses: int | None = Field(
        default=None,
        ge=0,
        description="How many hypotheses the backlog must have to be looked at again; absent once it is decided.",
    )


class ArmStatus(Model):
    """What is known of an arm."""

    name: Name = Field(description="Name of the arm: reference, or that of a proxy.")
    trials: TrialCounts = Field(default=TrialCounts(), description="Trials of the arm.")
    agreement: AgreementStatus | None = Field(default=None, description="Agreement with the reference.")
    noise_ceiling: DecimalString | None = Field(
        default=None, description="Kendall's tau of the reference with itself across seeds: no proxy can do better."
    )
    cost: ArmCost | None = Field(default=None, description="What the arm costs.")
    saving_percent: int | None = Field(
        default=None,
        description="What a study on this arm alone would save, preparations included; below 0: it costs more.",
    )
    break_even_hypotheses: int | None = Field(
        default=None,
        ge=0,
        description="How many further hypotheses have to run on the arm instead of the reference until its trials and "
        "preparations in this study are paid for. If the study screens, the reference trials of the hypotheses that it "
        "promotes and audits are to be paid for too.",
    )
    break_even_low: int | None = Field(
        default=None, ge=0, description="At least so many, with 95 % confidence, by how much the costs differ."
    )
    break_even_high: int | None = Field(
        default=None, ge=0, description="At most so many, with 95 % confidence; absent if it may never pay."
    )
    certificate: CertificateStatus | None = Field(default=None, description="What the test of the proxy has found.")
    decision: TrustDecision | None = Field(
        default=None, description="Whether the proxy may stand for the reference; the reference has none."
    )
    reason: str | None = Field(default=None, max_length=63, description="Why, as one word for programs.")
    message: Message | None = Field(default=None, description="Why, and what it would take, as a sentence for people.")


class RankedHypothesis(Model):
    """A row of the ranking."""

    name: Name = Field(description="Name of the hypothesis.")
    rank: int | None = Field(default=None, ge=1, description="Rank; 1 is the best.")
    rank_low: int | None = Field(default=None, ge=1, description="Best rank that the data allow.")
    rank_high: int | None = Field(default=None, ge=1, description="Worst rank that the data allow.")
    score: DecimalString | None = Field(default=None, description="Mean of the metric over seeds.")
    low: DecimalString | None = Field(default=None, description="Lower end of the score's interval.")
    high: DecimalString | None = Field(default=None, description="Upper end of the score's interval.")
    difference: DecimalString | None = Field(
        default=None, description="Score minus the baseline's, in the metric's unit."
    )
    difference_low: DecimalString | None = Field(default=None, description="Lower end of the difference's interval.")
    difference_high: DecimalString | None = Field(default=None, description="Upper end of the difference's interval.")
    verdict: Verdict = Field(description="Against the baseline.")
    may_be_best: bool | None = Field(default=None, description="Whether the data allow that it is the best.")
    arm: Name | None = Field(default=None, description="Arm that the score is from, if that is not the reference.")
    relative_cost_percent: int | None = Field(
        default=None, ge=0, description="A trial's cost in percent of the baseline's."
    )
    seeds: int = Field(default=0, ge=0, description="Seeds with a result that did not fail before a retry.")
    failed_seeds: int | None = Field(
        default=None,
        ge=1,
        description="Seeds whose trial on the same arm failed for good, or by its own fault before a retry; absent if "
        "none did.",
    )
    message: str | None = Field(default=None, max_length=160, description="Why there is no verdict.")


class Lever(Model):
    """Something that makes trials cheaper."""

    name: str = Field(min_length=1, max_length=63, description="Name of the proxy or of the train-loop option.")
    kind: LeverKind = Field(description="Where it acts.")
    speedup: PositiveDecimalString | None = Field(
        default=None, description="How many times cheaper a trial gets, as measured."
    )
    change: DecimalString | None = Field(
        default=None,
        description="How much better scores are with it, in the mean over hypotheses; below 0: worse.",
    )
    change_low: DecimalString | None = Field(default=None, description="Lower end of its 95 % interval.")
    change_high: DecimalString | None = Field(default=None, description="Upper end of its 95 % interval.")
    risk: str = Field(max_length=160, description="What it may do to the order.")


class CostLedger(Model):
    """What the study has spent, in accelerator seconds.

    It adds up in two ways: reference, proxies, preparations and failures are the whole; and calibration, screening,
    confirmation, audits and stale are reference and proxies. What is absent is nothing.
    """

    accelerator_seconds: PositiveDecimalString = Field(
        default="0", description="All of it; results that other studies had made are not in it."
    )
    reference_accelerator_seconds: PositiveDecimalString = Field(
        default="0", description="Trials of the reference that succeeded."
    )
    proxies_accelerator_seconds: PositiveDecimalString = Field(
        default="0", description="Trials of proxies that succeeded."
    )
    preparations_accelerator_seconds: PositiveDecimalString = Field(
        default="0", description="Preparations that succeeded."
    )
    failures_accelerator_seconds: PositiveDecimalString = Field(
        default="0", description="Attempts that ended without a result."
    )
    calibration_accelerator_seconds: PositiveDecimalString | None = Field(
        default=None,
        description="Trials that certificates rest on or will rest on: all that are not screening, confirmation, "
        "audits or stale.",
    )
    screening_accelerator_seconds: PositiveDecimalString | None = Field(
        default=None, description="Trials of screened hypotheses on the trusted proxy."
    )
    confirmation_accelerator_seconds: PositiveDecimalString | None = Field(
        default=None, description="Reference trials of promoted hypotheses, and of all once a certificate is revoked."
    )
    audits_accelerator_seconds: PositiveDecimalString | None = Field(
        default=None, description="Reference trials of hypotheses that were drawn to audit the proxy."
    )
    stale_accelerator_seconds: PositiveDecimalString | None = Field(
        default=None, description="Trials of earlier specs that no longer count."
    )
    reused_accelerator_seconds: PositiveDecimalString | None = Field(
        default=None, description="What others have spent on results that this study uses; not in the whole."
    )
    resumed_accelerator_seconds: PositiveDecimalString | None = Field(
        default=None,
        description="What trials did not have to do again, since they went on from a checkpoint; not in the whole.",
    )
    saved_accelerator_seconds: DecimalString | None = Field(
        default=None,
        description="What running all hypotheses at the reference would have cost this study, less the whole; "
        "below 0: it has cost more. Of a study that has ended and has proxies.",
    )
    unit: CostUnit = Field(default="accelerator", description="What the seconds are of.")


class StaleWork(Model):
    """Results of the study that no longer count. They are kept: what made them, put back, makes them count again."""

    results: int = Field(ge=0, description="How many.")
    accelerator_seconds: PositiveDecimalString = Field(
        description="What the study spent on them; it is part of what it has spent."
    )
    message: Message = Field(description="What has changed since they were made.")


class MetricResolution(Model):
    """How finely the metric tells hypotheses apart: it is the share of the held-out examples that were right."""

    held_out_examples: int = Field(ge=1, description="Scores come in steps of one over this.")
    tied_percent: int = Field(
        ge=0, le=100, description="Of the pairs of hypotheses, those that have the same score with the same seed."
    )
    loss_finer_by: DecimalString | None = Field(
        default=None,
        description="How many times as large differences would be beside the noise of the seeds if the same trials "
        "were compared by their metric loss; absent where that is not known, or no gain.",
    )


class ProxyStudyStatus(Model):
    """What the study has found so far."""

    observed_generation: int | None = Field(
        default=None, ge=0, description="The metadata.generation that the status is about."
    )
    conditions: tuple[Condition, ...] = Field(
        default=(), max_length=8, description="State of the study.", json_schema_extra=list_map("type")
    )
    reason: str | None = Field(
        default=None,
        max_length=63,
        description="The most important reason of the conditions: what somebody must act on, else what is waited for.",
    )
    message: str | None = Field(default=None, max_length=512, description="The message to the reason.")
    finished_for: str | None = Field(
        default=None,
        max_length=63,
        description="Digest of the study's generation and of the hypotheses, as they were, for which it has finished. "
        "While they are the same, what was found stays said, though it can't be read for a while.",
    )
    rules: int | None = Field(
        default=None,
        ge=1,
        description="Version of Assay's rules of judging by which a study that has finished was judged. A release with "
        "other rules does not judge it again until the study or its hypotheses are edited.",
    )
    trials: TrialCounts = Field(default=TrialCounts(), description="Trials of all arms.")
    arms: tuple[ArmStatus, ...] = Field(
        default=(),
        max_length=17,
        description="One entry per arm, the reference first.",
        json_schema_extra=list_map("name"),
    )
    ranking: tuple[RankedHypothesis, ...] = Field(
        default=(),
        max_length=MAXIMUM_RANKED,
        description="The best hypotheses, at most 50; all of them are in the report.",
        json_schema_extra=list_map("name"),
    )
    ranking_accuracy: DecimalString | None = Field(
        default=None,
        description="Share of all pairs of hypotheses that the ranking is expected to order rightly; 0.5 to 1.",
    )
    metric_resolution: MetricResolution | None = Field(
        default=None, description="Of the metric on the reference, where it ties many hypotheses."
    )
    recommended_proxy: Name | None = Field(default=None, description="The cheapest of the trusted proxies.")
    levers: tuple[Lever, ...] = Field(
        default=(),
        max_length=32,
        description="What makes trials cheaper, the best first.",
        json_schema_extra=list_map("name"),
    )
    cost: CostLedger = Field(default=CostLedger(), description="What the study has cost.")
    stale: StaleWork | None = Field(default=None, description="Results that no longer count, if there are any.")
    ledger: Uri | None = Field(default=None, description="URI of the table of all trials.")
    report: Uri | None = Field(default=None, description="URI of the report.")

    def condition(self, kind: str) -> Condition | None:
        """Return the condition of a type, None if it is not said."""
        return next((each for each in self.conditions if each.type == kind), None)

    def holds(self, kind: str) -> bool:
        """Return whether the condition of a type is said to be True."""
        found = self.condition(kind)
        return found is not None and found.status == "True"
