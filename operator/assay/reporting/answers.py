"""The study's questions are answered here, in a few sentences each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.api.conditions import Reason
from assay.api.resources import ConditionType, GeneraliseTo, Verdict
from assay.planning.status.rules import RULES
from assay.reporting.figures import (
    count,
    listed,
    percent,
    seconds_text,
    unit_in_words,
    value_of,
)
from assay.reporting.rows import MAY_BE_BEST, failed_seeds, may_be_best

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.api.resources import CostLedger, ProxyStudyStatus, RankedHypothesis, StaleWork
    from assay.planning.study.study import Study


def is_finished(status: ProxyStudyStatus) -> bool:
    """Return whether nothing more will run until something changes."""
    reconciling = status.condition(ConditionType.RECONCILING)
    return reconciling is not None and reconciling.status == "False"


def _baseline_failed(status: ProxyStudyStatus) -> bool:
    """Return whether the baseline has no score, or fails on some seeds. Its row may be among those that the status
    leaves out, or cut."""
    succeeded = status.condition(ConditionType.SUCCEEDED)
    shown = [row for row in status.ranking if row.verdict is Verdict.BASELINE]
    if shown and shown[0].score is None:
        return True
    return succeeded is not None and succeeded.reason == Reason.BASELINE_FAILED


def _about_failed_baseline(study: Study, status: ProxyStudyStatus) -> str:
    """Say that nothing can be compared with the baseline, and why."""
    for row in status.ranking:
        if row.verdict is Verdict.BASELINE and row.score is not None:
            return f"The baseline {named(row)}: no hypothesis is compared with it until it has its seeds."
    return f"The baseline {study.baseline} has no score: nothing can be compared with it."


def verdict_answer(study: Study, status: ProxyStudyStatus) -> str:
    """Say which hypotheses beat the baseline. Reads nothing but the status' ranking."""
    others = [row for row in status.ranking if row.verdict is not Verdict.BASELINE]
    if not any(row.score is not None for row in status.ranking):
        return (
            "No hypothesis has a score on the reference yet."
            if not is_finished(status)
            else ("No hypothesis has a score on the reference: nothing can be compared.")
        )
    if not others:
        return "There is nothing to compare the baseline with."
    if is_finished(status) and _baseline_failed(status):
        return _about_failed_baseline(study, status)
    names = {verdict: [named(row) for row in others if row.verdict is verdict] for verdict in Verdict}
    better, called = names[Verdict.BETTER], f" {study.baseline}" if study.baseline != "baseline" else ""
    text = (
        f"Better than the baseline{called}: {listed(better)}."
        if better
        else f"No hypothesis is shown to be better than the baseline{called}."
    )
    counted = [
        f"{len(names[verdict])} {word}"
        for verdict, word in (
            (Verdict.WORSE, "worse"),
            (Verdict.EQUIVALENT, "equivalent"),
            (Verdict.INCONCLUSIVE, "undecided"),
            (Verdict.FAILED, "failed"),
        )
        if names[verdict]
    ]
    if unstable := names[Verdict.UNSTABLE]:
        counted.append(f"{len(unstable)} unstable: {listed(unstable, 4)}")
    if (not_shown := len(study.hypotheses) - len(status.ranking)) > 0:
        counted.append(f"{not_shown} that are not in the table")
    fresh = study.spec.verdicts.generalise_to == GeneraliseTo.FRESH_EXAMPLES
    if fresh and not any(row.difference_low is not None for row in others):
        why = next((f" {row.message}" for row in others if row.message), "")
        text = f"No hypothesis is compared with the baseline{called} for fresh examples.{why}"
    elif _indistinct(status):
        text = "The hypotheses can't be told apart: their differences are within the noise of the seeds."
    rest = f" {'The others' if better else 'Against the baseline'}: {', '.join(counted)}." if counted else ""
    if not is_finished(status):
        return f"So far, and not final: {text[0].lower()}{text[1:]}{rest}"
    too = ", for fresh examples, too" if fresh else ""
    sure = f"All verdicts together hold at {study.spec.verdicts.confidence_percent} % confidence{too}."
    if not error_holds(status):
        sure = "At no stated confidence: see what was edited."
    return " ".join(filter(None, (f"{text}{rest} {sure}", resolution_in_words(study, status))))


def edits_answer(status: ProxyStudyStatus) -> str:
    """Say what was edited after scores were seen, and what that does to the error. Empty if nothing was."""
    edited = status.condition(ConditionType.EDITED_AFTER_LOOKING)
    return edited.message if edited is not None and edited.status == "True" else ""


def error_holds(status: ProxyStudyStatus) -> bool:
    """Return whether nothing was edited after scores were seen that the error does not allow for."""
    edited = status.condition(ConditionType.EDITED_AFTER_LOOKING)
    return edited is None or edited.reason != Reason.ERROR_DOES_NOT_HOLD


def rules_answer(status: ProxyStudyStatus) -> str:
    """Say by which rules a study was judged that has finished, if a release with other rules looks at it."""
    if status.rules is None or status.rules == RULES:
        return ""
    return (
        f"This was found by version {status.rules} of the rules of judging; this release has version {RULES}. It stays "
        "until the study or its hypotheses are edited."
    )


def resolution_in_words(study: Study, status: ProxyStudyStatus) -> str:
    """Say how finely the metric tells hypotheses apart, and whether the loss would do better. Empty where few are
    tied."""
    found = status.metric_resolution
    if found is None:
        return ""
    text = (
        f"The {study.spec.metric.name} comes in steps of 1/{found.held_out_examples}, as so many examples are held "
        f"out: with the same seed, {found.tied_percent} % of all pairs of hypotheses have the same."
    )
    if found.loss_finer_by is None:
        return text
    return (
        f"{text} By the loss of the same trials, differences are {found.loss_finer_by} times as large beside the noise "
        "of the seeds."
    )


def best_answer(study: Study, status: ProxyStudyStatus) -> str:
    """Say which hypothesis may be the best, and how much of the order is expected to be right. Empty while there is no
    order."""
    scored = [row for row in status.ranking if row.rank is not None]
    if len(scored) < 2:
        return ""
    confidence, found = study.spec.verdicts.confidence_percent, may_be_best(status.ranking)
    unstable = [row for row in scored if row.verdict is Verdict.UNSTABLE or _is_failing_baseline(status, row)]
    sure = f"at {confidence} % confidence" if error_holds(status) else "at no stated confidence"
    if unstable:
        text = _best_of_the_stable([row for row in scored if row not in unstable], len(unstable), sure)
    elif not found:
        text = f"Any of the {len(scored)} may be the best: none is told from all others yet."
    elif len(found) == 1:
        text = f"The best is {named(found[0])}, {sure}."
    else:
        text = f"The best is one of {listed(map(named, found), 8)} ({MAY_BE_BEST}), {sure}."
    accuracy = value_of(status.ranking_accuracy)
    if accuracy is None:
        return text
    right = f"Of all pairs of hypotheses, about {percent(100 * accuracy)} are expected to be in the right order."
    return f"{text} {right}"


def _is_failing_baseline(status: ProxyStudyStatus, row: RankedHypothesis) -> bool:
    return row.verdict is Verdict.BASELINE and bool(row.failed_seeds) and _baseline_failed(status)


def _best_of_the_stable(stable: Sequence[RankedHypothesis], unstable: int, sure: str) -> str:
    """Say which may be the best of those that don't fail on some of their seeds, as others do."""
    eligible = [row for row in stable if row.may_be_best]
    aside = f"{count(unstable, 'unstable hypothesis', 'unstable hypotheses')} left aside"
    if not eligible:
        return "None is called the best: all fail on some of their seeds."
    if len(eligible) == len(stable) > 1:
        return f"Any of the {len(stable)} that do not fail may be the best; {aside}."
    if len(eligible) == 1:
        return f"The best of those that do not fail is {named(eligible[0])}, {sure}; {aside}."
    several = listed(map(named, eligible), 8)
    return f"The best of those that do not fail is one of {several} ({MAY_BE_BEST}), {sure}; {aside}."


def named(row: RankedHypothesis) -> str:
    """Return the hypothesis' name, and how many of its seeds failed, if any did: its result rests on the others
    alone."""
    failed = failed_seeds(row.seeds, row.failed_seeds)
    return f"{row.name} ({failed})" if failed else row.name


def scores_in_words(study: Study, ranking: Sequence[RankedHypothesis]) -> str:
    """Say which scores the ranking is by."""
    metric = study.spec.metric.name
    if any(row.arm is not None and row.score is not None for row in ranking):
        return f"By {metric} as it is expected on the reference, from the highest arm that each has a score on"
    return f"By {metric} on the reference, the mean over seeds"


def _indistinct(status: ProxyStudyStatus) -> bool:
    """Return whether no hypothesis surely differs: no verdict says so, and each may have any rank, the best as well."""
    scored = [row for row in status.ranking if row.score is not None]
    if len(scored) < 2 or any(row.verdict in _DIFFERENT for row in scored):
        return False
    stable = [row for row in scored if row.verdict is not Verdict.UNSTABLE]
    places = {(row.rank_low, row.rank_high) for row in scored}
    return len(places) == 1 and scored[0].rank_low == 1 and len({row.may_be_best for row in stable}) <= 1


_DIFFERENT = (Verdict.BETTER, Verdict.WORSE)


def cost_answer(status: ProxyStudyStatus) -> str:
    """Say what the study has cost, and what the cost was for."""
    cost = status.cost
    total = value_of(cost.accelerator_seconds) or 0.0
    kinds = (
        ("the reference", cost.reference_accelerator_seconds),
        ("proxies", cost.proxies_accelerator_seconds),
        ("preparations", cost.preparations_accelerator_seconds),
        ("failed attempts", cost.failures_accelerator_seconds),
    )
    stale = value_of(cost.stale_accelerator_seconds) or 0.0
    if total <= 0:
        return f"Nothing has been spent yet.{_reused(cost)}"
    rest = f"{_resumed(cost)}{_reused(cost)}{_purposes(cost)}{_saved(cost)}"
    if stale > 0:
        unit = unit_in_words(cost.unit)
        return (
            f"Spent on what counts: {seconds_text(max(total - stale, 0.0))} {unit}. Spent before on trials that no "
            f"longer count, since what they ran has changed: {seconds_text(stale)}. Together {seconds_text(total)} "
            f"({_listed(kinds)}).{rest}"
        )
    return f"Spent: {seconds_text(total)} {unit_in_words(cost.unit)} ({_listed(kinds)}).{rest}"


def stale_answer(status: ProxyStudyStatus) -> str:
    """Say how many results no longer count, and what has changed since. Empty if all of them count."""
    return stale_in_words(status.stale) if status.stale else ""


def stale_in_words(stale: StaleWork) -> str:
    """Say how many results no longer count, and what has changed since."""
    results = "result of this study no longer counts" if stale.results == 1 else "results of this study no longer count"
    return f"{stale.results:,} {results}: {stale.message}."


def _reused(cost: CostLedger) -> str:
    seconds = value_of(cost.reused_accelerator_seconds)
    if not seconds:
        return ""
    spent = f"{seconds_text(seconds)} {unit_in_words(cost.unit)}"
    return f" Other studies spent {spent} on results that this study uses too."


def _resumed(cost: CostLedger) -> str:
    seconds = value_of(cost.resumed_accelerator_seconds)
    return f" Not done again, thanks to checkpoints: {seconds_text(seconds)}." if seconds else ""


def _purposes(cost: CostLedger) -> str:
    """Say what the trials of a study that screens were for. Empty for a study that does not screen."""
    named = (
        ("calibration", cost.calibration_accelerator_seconds),
        ("screening", cost.screening_accelerator_seconds),
        ("confirmation", cost.confirmation_accelerator_seconds),
        ("audits", cost.audits_accelerator_seconds),
        ("what no longer counts", cost.stale_accelerator_seconds),
    )
    return f" Of its trials: {_listed(named)}." if cost.screening_accelerator_seconds else ""


def _saved(cost: CostLedger) -> str:
    saved = value_of(cost.saved_accelerator_seconds)
    if saved is None or not cost.screening_accelerator_seconds:
        return ""
    compared = "less than" if saved >= 0 else "more than"
    return f" That is {seconds_text(abs(saved))} {compared} all hypotheses at the reference would have cost."


def _listed(named: Sequence[tuple[str, str | None]]) -> str:
    return ", ".join(f"{name} {seconds_text(value)}" for name, text in named if (value := value_of(text)))
