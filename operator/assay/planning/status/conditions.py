"""The conditions of a study: what state it is in, why, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from assay.api.bounds import shortened
from assay.api.conditions import Condition, ConditionType, Reason
from assay.api.resources import HypothesisStatus, ProxyStudyStatus, TrustDecision, Verdict
from assay.api.times import time_string
from assay.planning.records.edit_digest import edit_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assay.api.resources import ArmStatus, RankedHypothesis, TrialCounts
    from assay.planning.allocation.admission import Admission
    from assay.planning.records.records import Obstacle
    from assay.planning.study.study import Study

_MESSAGE_LENGTH = 512


class Statement(NamedTuple):
    """A condition before it has its times: type, status (None: unknown), reason and message."""

    type: ConditionType
    holds: bool | None
    reason: Reason
    message: str = ""


def dated(
    statements: Iterable[Statement],
    earlier: ProxyStudyStatus | HypothesisStatus | None,
    generation: int,
    now: float,
) -> tuple[Condition, ...]:
    """The statements as conditions; one whose status is as before keeps the time of its transition."""
    before = {condition.type: condition for condition in earlier.conditions} if earlier else {}
    words = {True: "True", False: "False", None: "Unknown"}
    conditions = []
    for statement in statements:
        status = words[statement.holds]
        known = before.get(statement.type)
        since = known.last_transition_time if known and known.status == status else time_string(now)
        conditions.append(
            Condition.model_validate(
                {
                    "type": str(statement.type),
                    "status": status,
                    "reason": str(statement.reason),
                    "message": shortened(statement.message, _MESSAGE_LENGTH),
                    "last_transition_time": since,
                    "observed_generation": generation,
                }
            )
        )
    return tuple(conditions)


def rejection(reason: Reason, problems: str, *, retried: bool) -> tuple[Statement, ...]:
    """Of a study that can't be run as it is; `retried` if that may change without an edit."""
    advice = "It is tried again by itself." if retried else "Nothing is started until this is mended."
    return (
        Statement(ConditionType.ACCEPTED, False, reason, problems),
        Statement(ConditionType.SUCCEEDED, False, reason, "The study is not accepted as it is."),
        Statement(ConditionType.RECONCILING, False, reason),
        Statement(ConditionType.STALLED, True, reason, advice),
    )


def statements(
    study: Study,
    allowed: Admission,
    trials: TrialCounts,
    arms: Sequence[ArmStatus],
    ranking: Sequence[RankedHypothesis],
    obstacles: Sequence[Obstacle] = (),
    *,
    told_apart: bool,
    finished: bool,
) -> tuple[Statement, ...]:
    """All conditions of an accepted study."""
    succeeded = _succeeded(study, allowed, trials, ranking, told_apart=told_apart, finished=finished)
    suspended = study.spec.suspend
    return (
        Statement(ConditionType.ACCEPTED, True, Reason.VALID),
        succeeded,
        _proxy_trusted(study, arms, finished=finished),
        Statement(
            ConditionType.SUSPENDED,
            suspended,
            Reason.SUSPENDED if suspended else Reason.NOT_SUSPENDED,
            "Set spec.suspend to false to go on." if suspended else "",
        ),
        _reconciling(obstacles, finished=finished),
        _stalled(study, succeeded, obstacles, finished=finished),
    )


def _reconciling(obstacles: Sequence[Obstacle], *, finished: bool) -> Statement:
    if finished:
        return Statement(ConditionType.RECONCILING, False, Reason.DONE)
    if stalled := next((obstacle for obstacle in obstacles if obstacle.stalled), None):
        # kstatus reads the first of the two that is True: a study that is stuck must not seem to get on.
        return Statement(ConditionType.RECONCILING, False, stalled.reason)
    reason = obstacles[0].reason if obstacles else Reason.PROGRESSING
    return Statement(ConditionType.RECONCILING, True, reason, " ".join(each.message for each in obstacles))


def _stalled(study: Study, succeeded: Statement, obstacles: Sequence[Obstacle], *, finished: bool) -> Statement:
    """kstatus: by the study's own end, or by something in the way that does not go away by itself."""
    kind = ConditionType.STALLED
    if finished and succeeded.holds is False and not study.spec.suspend:
        return Statement(kind, True, succeeded.reason, succeeded.message)
    blocking = [obstacle for obstacle in obstacles if obstacle.stalled]
    if blocking and not finished:
        return Statement(kind, True, blocking[0].reason, " ".join(each.message for each in blocking))
    if finished:
        return Statement(kind, False, Reason.DONE)
    return Statement(kind, False, obstacles[0].reason if obstacles else Reason.PROGRESSING)


def _succeeded(
    study: Study,
    allowed: Admission,
    trials: TrialCounts,
    ranking: Sequence[RankedHypothesis],
    *,
    told_apart: bool,
    finished: bool,
) -> Statement:
    kind = ConditionType.SUCCEEDED
    if study.spec.suspend:
        return Statement(kind, False, Reason.SUSPENDED, f"{_done(trials)}; set spec.suspend to false to go on.")
    if not finished:
        return Statement(kind, False, Reason.TRIALS_OPEN, f"{_done(trials)}.")
    if allowed.halted:
        return Statement(kind, False, Reason.TOO_MANY_FAILURES, f"{allowed.halted}. Mend them, then run it again.")
    scored = [row for row in ranking if row.score is not None]
    if allowed.spent:
        reason = Reason.DEADLINE_REACHED if "deadline" in allowed.spent else Reason.BUDGET_SPENT
        found = verdicts_in_words(ranking, told_apart=told_apart)
        if len(scored) < 2:
            found = "Fewer than two hypotheses have a score on the reference arm."
        return Statement(kind, True, reason, f"{allowed.spent}; {_done(trials)}. {found}")
    if len(scored) < 2:
        return Statement(
            kind, False, Reason.REFERENCE_FAILED, "Fewer than two hypotheses have a score on the reference arm."
        )
    if all(row.name != study.baseline for row in scored):
        return Statement(
            kind,
            False,
            Reason.BASELINE_FAILED,
            f"The baseline {study.baseline!r} has no score: no verdict is possible.",
        )
    found = verdicts_in_words(ranking, told_apart=told_apart)
    return Statement(kind, True, Reason.ALL_TRIALS_ENDED, f"{_done(trials)}. {found}")


def _proxy_trusted(study: Study, arms: Sequence[ArmStatus], *, finished: bool) -> Statement:
    kind = ConditionType.PROXY_TRUSTED
    proxies = [arm for arm in arms if arm.decision is not None]
    if not proxies:
        return Statement(kind, False, Reason.NO_PROXIES, "The study has no proxies.")
    trusted = [arm.name for arm in proxies if arm.decision is TrustDecision.TRUSTED]
    revoked = [arm for arm in proxies if arm.reason == Reason.REVOKED]
    pending = any(arm.decision is TrustDecision.PENDING for arm in proxies)
    if pending or not (finished or trusted or revoked):
        seeds = study.design.initial_seeds
        return Statement(kind, None, Reason.PENDING, f"Trust is first decided when all hypotheses have {seeds} seeds.")
    undecided = [arm.name for arm in proxies if arm.decision is TrustDecision.UNDECIDED]
    if revoked:
        reason, message = Reason.REVOKED, revoked[0].message or ""
    elif trusted:
        reason, message = Reason.CERTIFIED, f"Trusted: {', '.join(trusted)}."
    elif undecided:
        reason, message = Reason.UNDECIDED, f"Undecided: {', '.join(undecided)}. {proxies[0].message or ''}"
    else:
        reason, message = Reason.NOT_CERTIFIED, "No proxy ranks the hypotheses as the reference does."
    if study.criteria_seen - {edit_digest(study.spec)}:
        reason = Reason.EDITED_AFTER_LOOKING
        message = (
            "metric, trust, verdicts or question were edited after results were seen, so the error "
            f"probabilities do not hold. {message}"
        )
    return Statement(kind, bool(trusted), reason, message)


def verdicts_in_words(ranking: Sequence[RankedHypothesis], *, told_apart: bool) -> str:
    """The verdicts, counted; and plainly, if no hypothesis differs from another."""
    if not told_apart:
        return "The hypotheses can't be told apart: their differences are within the noise of the seeds."
    counts = {
        verdict: sum(row.verdict is verdict for row in ranking)
        for verdict in Verdict
        if verdict is not Verdict.BASELINE
    }
    told = [f"{count} {verdict}" for verdict, count in counts.items() if count]
    return f"Against the baseline: {', '.join(told)}." if told else ""


def _done(trials: TrialCounts) -> str:
    failed = f", {trials.failed} failed" if trials.failed else ""
    return f"{trials.succeeded} of {trials.planned} trials succeeded{failed}"
