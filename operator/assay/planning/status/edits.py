"""What was edited after scores were seen, each by what it does to the error that the study promises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from assay.api.bounds import shortened
from assay.api.resources import REFERENCE
from assay.planning.records.edit_digest import edit_digest
from assay.planning.records.edit_log import BASELINE, INITIAL, MAXIMUM, EditLog, Value, known_scores

if TYPE_CHECKING:
    from assay.planning.study.study import Study

MOST_NAMES = 3
"""How many names are listed with each edit."""

_VALUES_SHOWN = 4
EXPECTED = "trust.expectedHypotheses"
_NO_CRITERIA = {BASELINE, INITIAL, MAXIMUM}
_HANDLED = {*_NO_CRITERIA, EXPECTED}


class Edit(NamedTuple):
    """An edit, and whether what the study promises still holds with it."""

    what: str
    """What was changed, from what to what."""
    effect: str
    """What follows from it, where the error still holds."""
    holds: bool


def edits_of(study: Study) -> tuple[Edit, ...]:
    """Return what was edited after scores were seen, the edits first with which the error no longer holds."""
    log = study.history.edits
    here = tuple(record for record in log if record.ground == study.design.ground[REFERENCE])
    return (
        *_criteria(log),
        *_before_the_log(log, study),
        *_expected(log),
        *_seeds(log, study),
        *_baselines(here, study),
        *_arms(here),
        *_removed(here, study),
    )


def in_words(edits: Sequence[Edit]) -> str:
    """Return the edits as sentences; empty if there are none."""
    void = [edit.what for edit in edits if not edit.holds]
    kept = [f"{edit.what} ({edit.effect})" for edit in edits if edit.holds]
    said = [f"The error no longer holds, since scores had been seen: {'; '.join(void)}."] if void else []
    said += [f"The error allows for {'; '.join(kept)}."] if kept else []
    return " ".join(said)


def _criteria(log: EditLog) -> Iterator[Edit]:
    """Yield the edits of what says how results are judged: the choice may rest on the results."""
    for field in sorted({field for record in log for field in record.judged_by} - _HANDLED):
        if values := _changes([record.judged_by.get(field) for record in log]):
            yield Edit(f"{field} {values}", "", holds=False)


def _before_the_log(log: EditLog, study: Study) -> Iterator[Edit]:
    """Yield what a release did not name that knew criteria by their digests alone: there are more than in the log."""
    seen = study.history.criteria_seen | {edit_digest(study.spec)}
    known = {frozenset(each for each in record.judged_by.items() if each[0] not in _NO_CRITERIA) for record in log}
    if len(seen) > max(len(known), 1):
        yield Edit("metric, trust, verdicts, question or clusterBy, by an earlier release", "", holds=False)


def _expected(log: EditLog) -> Iterator[Edit]:
    if values := _changes([record.judged_by.get(EXPECTED) for record in log]):
        yield Edit(f"{EXPECTED} {values}", "what was said before the first look counts", holds=True)


def _seeds(log: EditLog, study: Study) -> Iterator[Edit]:
    if values := _changes([record.judged_by.get(INITIAL) for record in log]):
        yield Edit(f"{INITIAL} {values}", f"looks stay from {study.looks.initial} seeds on", holds=True)
    if values := _changes([record.judged_by.get(MAXIMUM) for record in log]):
        raised = study.looks.maximum == study.spec.seeds.maximum
        effect = "later looks go on spending it" if raised else f"bounds stay those of {study.looks.maximum} seeds"
        yield Edit(f"{MAXIMUM} {values}", effect, holds=True)


def _baselines(here: EditLog, study: Study) -> Iterator[Edit]:
    names = [record.baseline for record in here]
    values = _changes(names) or ("of another recipe" if len({each.baseline_runs for each in here}) > 1 else "")
    if not values:
        return
    since, looks = study.compared_from, study.looks
    if not since:
        effect = "it was not chosen by its score"
    elif study.covers_baseline:
        effect = f"verdicts rest on the seeds after the first {since} alone"
    else:
        effect = f"no verdict covers it: seeds.maximum {since + looks.initial} would"
    yield Edit(f"baseline {values}", effect, holds=True)


def _arms(here: EditLog) -> Iterator[Edit]:
    if not here:
        return
    first, last = here[0].arms, here[-1].arms
    added = [name for name in last if last[name] not in first.values()]
    gone = [name for record in here for name, runs in record.arms.items() if runs not in last.values()]
    if added:
        yield Edit(f"proxies added: {_listed(added)}", "they share it with those before", holds=True)
    if gone:
        yield Edit(f"proxies removed: {_listed(gone)}", "they still share it", holds=True)


def _removed(here: EditLog, study: Study) -> Iterator[Edit]:
    present = {condition.digest for (_, arm), condition in study.design.conditions.items() if arm == REFERENCE}
    gone = [name for name, runs in known_scores(here) if runs not in present]
    if gone:
        yield Edit(f"hypotheses removed or edited: {_listed(gone)}", "what they were still counts", holds=True)


def _changes(values: Sequence[Value]) -> str:
    """Return the values one after another, as they were changed; empty if they never were."""
    changed = [value for at, value in enumerate(values) if at == 0 or value != values[at - 1]]
    if len(changed) < 2:
        return ""
    if len(changed) > _VALUES_SHOWN:
        changed = [*changed[: _VALUES_SHOWN - 2], "…", *changed[-2:]]
    return " → ".join("unset" if value is None else shortened(str(value), 40) for value in changed)


def _listed(names: Sequence[str]) -> str:
    unique = list(dict.fromkeys(shortened(name, 40) for name in names))
    more = f" and {len(unique) - MOST_NAMES} more" if len(unique) > MOST_NAMES else ""
    return f"{', '.join(unique[:MOST_NAMES])}{more}"
