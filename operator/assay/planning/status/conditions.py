"""The conditions of a study: what state it is in, why, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from assay.api.bounds import shortened
from assay.api.conditions import Condition, ConditionType, Reason
from assay.api.resources import HypothesisStatus, ProxyStudyStatus, TrustDecision, Verdict
from assay.api.times import time_string
from assay.planning.status.edits import Edit, edits_of, in_words

if TYPE_CHECKING:
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
    """Return the statements as conditions; one whose status is as before keeps the time of its transition."""
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
    """Return the conditions of a study that can't be run as it is; `retried` if that may change without an edit."""
    advice = "It is tried again by itself." if retried else "Nothing is started until this is corrected."
    return (
        Statement(ConditionType.ACCEPTED, False, reason, problems),
        Statement(ConditionType.SUCCEEDED, False, reason, "The study is not accepted as it is."),
        Statement(ConditionType.RECONCILING, False, reason),
        Statement(ConditionType.STALLED, True, reason, advice),
    )


@dataclass(frozen=True)
class _Facts:
    """All that the conditions of an accepted study rest on."""

    study: Study
    admission: Admission
    trials: TrialCounts
    arms: Sequence[ArmStatus]
    ranking: Sequence[RankedHypothesis]
    obstacles: Sequence[Obstacle]
    told_apart: bool
    unstable: Collection[str]
    finished: bool

    @cached_property
    def proxies(self) -> Sequence[ArmStatus]:
        """The arms that something is decided of."""
        return [arm for arm in self.arms if arm.decision is not None]

    @cached_property
    def edits(self) -> Sequence[Edit]:
        """What was edited after scores were seen."""
        return edits_of(self.study)

    @cached_property
    def scored(self) -> Sequence[RankedHypothesis]:
        """The hypotheses that have a score."""
        return [row for row in self.ranking if row.score is not None]

    @cached_property
    def stalled_by(self) -> Sequence[Obstacle]:
        """The obstacles that do not go away by themselves."""
        return [obstacle for obstacle in self.obstacles if obstacle.stalled]

    def deciding(self, decision: TrustDecision) -> Sequence[str]:
        """Return the names of the proxies of which this is decided."""
        return [arm.name for arm in self.proxies if arm.decision is decision]


_Check = Callable[[_Facts], Statement | None]
"""Returns None where it does not apply; then the next one is asked."""


def _first(checks: Iterable[_Check], facts: _Facts) -> Statement:
    """Return what the first check says that applies; the last of a list always does."""
    return next(said for check in checks if (said := check(facts)) is not None)


def statements(
    study: Study,
    admission: Admission,
    trials: TrialCounts,
    arms: Sequence[ArmStatus],
    ranking: Sequence[RankedHypothesis],
    obstacles: Sequence[Obstacle] = (),
    *,
    told_apart: bool,
    unstable: Collection[str] = (),
    finished: bool,
) -> tuple[Statement, ...]:
    """Return all conditions of an accepted study; `unstable` are the hypotheses that fail on some of their seeds."""
    facts = _Facts(study, admission, trials, arms, ranking, obstacles, told_apart, unstable, finished)
    succeeded = _first(_SUCCEEDED, facts)
    return (
        Statement(ConditionType.ACCEPTED, True, Reason.VALID),
        succeeded,
        _first(_PROXY_TRUSTED, facts),
        *_edited(facts),
        _suspended(study),
        _first(_RECONCILING, facts),
        _stalled(facts, succeeded),
    )


# ---- EditedAfterLooking: whether the error that the study promises still holds


def _edited(facts: _Facts) -> Iterator[Statement]:
    if facts.edits:
        holds = all(edit.holds for edit in facts.edits)
        reason = Reason.ERROR_HOLDS if holds else Reason.ERROR_DOES_NOT_HOLD
        yield Statement(ConditionType.EDITED_AFTER_LOOKING, True, reason, in_words(facts.edits))


# ---- Suspended


def _suspended(study: Study) -> Statement:
    if not study.spec.suspend:
        return Statement(ConditionType.SUSPENDED, False, Reason.NOT_SUSPENDED)
    return Statement(ConditionType.SUSPENDED, True, Reason.SUSPENDED, "Set spec.suspend to false to go on.")


# ---- Succeeded: whether the study's question is answered


def _is_suspended(facts: _Facts) -> Statement | None:
    message = f"{_done(facts.trials)}; set spec.suspend to false to go on."
    return _not_succeeded(Reason.SUSPENDED, message) if facts.study.spec.suspend else None


def _trials_are_open(facts: _Facts) -> Statement | None:
    return None if facts.finished else _not_succeeded(Reason.TRIALS_OPEN, f"{_done(facts.trials)}.")


def _is_halted(facts: _Facts) -> Statement | None:
    halted = facts.admission.halted
    return _not_succeeded(halted.reason, f"{halted.message}. Fix the cause, then try again.") if halted else None


def _limit_is_reached(facts: _Facts) -> Statement | None:
    """A spent budget is a result, whatever there is by then."""
    spent = facts.admission.spent
    if spent is None:
        return None
    found = _TOO_FEW_SCORES if len(facts.scored) < 2 else _verdicts(facts)
    return Statement(ConditionType.SUCCEEDED, True, spent.reason, f"{spent.message}; {_done(facts.trials)}. {found}")


def _too_few_have_a_score(facts: _Facts) -> Statement | None:
    if facts.scored and not any(row.seeds for row in facts.scored):
        return _not_succeeded(Reason.REFERENCE_FAILED, _ALL_FAILED)
    return _not_succeeded(Reason.REFERENCE_FAILED, _TOO_FEW_SCORES) if len(facts.scored) < 2 else None


def _baseline_has_no_score(facts: _Facts) -> Statement | None:
    baseline = facts.study.baseline
    if any(row.name == baseline for row in facts.scored):
        return None
    return _not_succeeded(Reason.BASELINE_FAILED, f"The baseline {baseline!r} has no score: no verdict is possible.")


def _baseline_fails(facts: _Facts) -> Statement | None:
    baseline = facts.study.baseline
    if baseline not in facts.unstable:
        return None
    row = next(row for row in facts.ranking if row.name == baseline)
    failed = row.failed_seeds or 0
    why = f" {row.message}" if row.message else ""
    return _not_succeeded(
        Reason.BASELINE_FAILED,
        f"The baseline {baseline!r} failed on {failed} of {row.seeds + failed} seeds: no verdict is possible until it "
        f"has them, or spec.metric.onFailure says how they count.{why}",
    )


def _all_trials_have_ended(facts: _Facts) -> Statement:
    message = f"{_done(facts.trials)}. {_verdicts(facts)}"
    return Statement(ConditionType.SUCCEEDED, True, Reason.ALL_TRIALS_ENDED, message)


_SUCCEEDED: tuple[_Check, ...] = (
    _is_suspended,
    _trials_are_open,
    _is_halted,
    _limit_is_reached,
    _too_few_have_a_score,
    _baseline_has_no_score,
    _baseline_fails,
    _all_trials_have_ended,
)

_ALL_FAILED = "No trial of a ranked hypothesis has succeeded: the scores are those of failed seeds alone."

_TOO_FEW_SCORES = "Fewer than two hypotheses have a score on the reference arm."


def _not_succeeded(reason: Reason, message: str) -> Statement:
    return Statement(ConditionType.SUCCEEDED, False, reason, message)


def _verdicts(facts: _Facts) -> str:
    return verdicts_in_words(facts.ranking, told_apart=facts.told_apart)


# ---- ProxyTrusted: whether a proxy ranks like the reference


def _there_are_no_proxies(facts: _Facts) -> Statement | None:
    if facts.proxies:
        return None
    return Statement(ConditionType.PROXY_TRUSTED, False, Reason.NO_PROXIES, "The study has no proxies.")


def _trust_is_open(facts: _Facts) -> Statement | None:
    """While nothing is certified or revoked, later looks may still decide: only the study's end says what is so."""
    known = facts.finished or facts.deciding(TrustDecision.TRUSTED) or _revoked(facts)
    if known and not facts.deciding(TrustDecision.PENDING):
        return None
    message = f"Trust is first decided when all hypotheses have {facts.study.design.initial_seeds} seeds."
    return Statement(ConditionType.PROXY_TRUSTED, None, Reason.PENDING, message)


def _trust_is_decided(facts: _Facts) -> Statement:
    reason, message = _trust_in_words(facts)
    if void := [edit.what for edit in facts.edits if not edit.holds]:
        reason = Reason.EDITED_AFTER_LOOKING
        message = (
            f"Edited after results were seen, so the error probabilities do not hold: {'; '.join(void)}. {message}"
        )
    return Statement(ConditionType.PROXY_TRUSTED, bool(facts.deciding(TrustDecision.TRUSTED)), reason, message)


_PROXY_TRUSTED: tuple[_Check, ...] = (_there_are_no_proxies, _trust_is_open, _trust_is_decided)


def _trust_in_words(facts: _Facts) -> tuple[Reason, str]:
    """A revocation comes first, even where another proxy is trusted: somebody relied on what was revoked."""
    if revoked := _revoked(facts):
        return Reason.REVOKED, revoked[0].message or ""
    if trusted := facts.deciding(TrustDecision.TRUSTED):
        return Reason.CERTIFIED, f"Trusted: {', '.join(trusted)}."
    if undecided := facts.deciding(TrustDecision.UNDECIDED):
        why = next(arm.message for arm in facts.proxies if arm.name == undecided[0])
        return Reason.UNDECIDED, f"Undecided: {', '.join(undecided)}. {why or ''}"
    return Reason.NOT_CERTIFIED, "No proxy ranks the hypotheses as the reference does."


def _revoked(facts: _Facts) -> Sequence[ArmStatus]:
    return [arm for arm in facts.proxies if arm.reason == Reason.REVOKED]


# ---- Reconciling and Stalled, by which kstatus tells whether the study gets on or is stuck


def _nothing_is_left_to_do(facts: _Facts) -> Statement | None:
    return Statement(ConditionType.RECONCILING, False, Reason.DONE) if facts.finished else None


def _it_is_stuck(facts: _Facts) -> Statement | None:
    """kstatus reads the first of the two that is True: a study that is stuck must not seem to get on."""
    if not facts.stalled_by:
        return None
    return Statement(ConditionType.RECONCILING, False, facts.stalled_by[0].reason)


def _it_gets_on(facts: _Facts) -> Statement:
    return Statement(ConditionType.RECONCILING, True, _progress_reason(facts), _in_the_way(facts.obstacles))


_RECONCILING: tuple[_Check, ...] = (_nothing_is_left_to_do, _it_is_stuck, _it_gets_on)


def _stalled(facts: _Facts, succeeded: Statement) -> Statement:
    """Say whether somebody must act: since the study ended without an answer, or since something is in the way that
    does not go away by itself."""
    kind = ConditionType.STALLED
    if facts.finished and succeeded.holds is False and not facts.study.spec.suspend:
        return Statement(kind, True, succeeded.reason, succeeded.message)
    if facts.finished:
        return Statement(kind, False, Reason.DONE)
    if blocking := facts.stalled_by:
        return Statement(kind, True, blocking[0].reason, _in_the_way(blocking))
    return Statement(kind, False, _progress_reason(facts))


def _progress_reason(facts: _Facts) -> Reason:
    return facts.obstacles[0].reason if facts.obstacles else Reason.PROGRESSING


def _in_the_way(obstacles: Sequence[Obstacle]) -> str:
    return " ".join(each.message for each in obstacles)


def verdicts_in_words(ranking: Sequence[RankedHypothesis], *, told_apart: bool) -> str:
    """Return the counts of the verdicts; or plainly that no hypothesis differs from another."""
    if not told_apart:
        unstable = sum(row.verdict is Verdict.UNSTABLE for row in ranking)
        aside = f" {unstable} {Verdict.UNSTABLE}." if unstable else ""
        return f"The hypotheses can't be told apart: their differences are within the noise of the seeds.{aside}"
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
