"""Hypotheses whose scores have been seen and that the study no longer has: a certificate still counts them.

Otherwise those that disagree could be removed until the rest agrees. A hypothesis that was edited counts as removed,
and as a new one; one that never had scores on both arms, since its recipe was broken, counts for nothing.

Who was removed gets no more seeds. At a look with more than it has, each missing score is its mean so far, with the
residual of the hypothesis whose score is next to it: so the noise that the table shows is what it was, and the order is
as noisy as it is, which is on the side of caution.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from assay.planning.records.look_records import LooksBefore, SeenHypothesis
from assay.planning.results.readings import read_score
from assay.planning.trust.yardstick import arm_digest
from assay.ranking import Scores
from assay.ranking.arrays import FloatArray
from assay.ranking.true_orders.kin import Kin
from assay_trainer.contract import TrialResult, trial_key

if TYPE_CHECKING:
    from assay.api.resources import RankedBy
    from assay.planning.study.study import Study


@dataclass(frozen=True, eq=False)
class Removed:
    """The removed hypotheses of one arm that have scores on it and on the reference, at the same seed."""

    hypotheses: Mapping[str, SeenHypothesis]
    """By the digits that stand for each."""
    reference: FloatArray
    """(hypotheses, seeds), NaN where there is no score on both arms."""
    proxy: FloatArray

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names that no hypothesis of a study can have."""
        return tuple(f"{_REMOVED}{each.reference}" for each in self.hypotheses.values())


_REMOVED = "removed/"

MOST_REMOVED = 10_000
"""So many removed hypotheses of an arm are looked up at most."""


def removed_of(study: Study, arm: str) -> Removed:
    """Return those of an arm."""
    gone, results = _gone(study, arm, study.history.looks), study.history.looks.results
    seeds, own, reference = study.design.seeds, study.design.fidelities[arm], study.spec.metric
    read = own.stop_after, study.design.metrics[arm]
    rows: dict[str, FloatArray] = {}
    for hypothesis in gone:
        row = np.full((2, len(seeds)), math.nan)
        for column, seed in enumerate(seeds):
            row[0, column] = _score(results, (hypothesis.reference,), seed, None, reference)
            row[1, column] = _score(results, _runs(hypothesis), seed, *read)
        row[:, np.isnan(row).any(axis=0)] = math.nan
        if not np.isnan(row).all():
            rows[hypothesis.member] = row
    values = np.array(list(rows.values())) if rows else np.empty((0, 2, len(seeds)))
    known = {each.member: each for each in gone}
    return Removed({each: known[each] for each in rows}, values[:, 0], values[:, 1])


def _runs(hypothesis: SeenHypothesis) -> tuple[str, ...]:
    """Return the digests of the runs that have a hypothesis' scores on the arm."""
    return (hypothesis.arm, hypothesis.read_from) if hypothesis.read_from else (hypothesis.arm,)


def _score(
    results: Mapping[str, TrialResult], conditions: Iterable[str], seed: int, epoch: int | None, metric: RankedBy
) -> float:
    """Return the first score that one of these runs has with a seed, turned; NaN if none has."""
    for condition in conditions:
        if (result := results.get(trial_key(condition, seed))) is not None:
            found = read_score(result, epoch, metric.name)
            return metric.turned(found) if found is not None and math.isfinite(found) else math.nan
    return math.nan


def keys_of_removed(study: Study, looks: LooksBefore) -> frozenset[str]:
    """Return the keys of the trials of all that has been seen and that the study no longer has."""
    return frozenset(
        trial_key(condition, seed)
        for arm in study.design.arms[1:]
        for each in _gone(study, arm, looks)
        for condition in (each.reference, *_runs(each))
        for seed in study.design.seeds
    )


def _gone(study: Study, arm: str, looks: LooksBefore) -> list[SeenHypothesis]:
    seen = looks.seen.get(arm_digest(study, arm), {})
    present = set(study.design.members[arm].values())
    return [each for member, each in seen.items() if member not in present][:MOST_REMOVED]


def with_removed(
    reference: Scores, proxies: Sequence[Scores], removed: Sequence[Removed]
) -> tuple[Scores, list[Scores]]:
    """Return the tables of the first seeds with the rows of those that were removed. `removed`: for each proxy."""
    if not any(each.hypotheses for each in removed):
        return reference, list(proxies)
    rows: dict[str, FloatArray] = {}
    extended = []
    for proxy, gone in zip(proxies, removed, strict=True):
        of_proxy = dict[str, FloatArray]()
        for at, name in enumerate(gone.names):
            both = [gone.reference[at, : len(reference.seeds)], gone.proxy[at, : len(reference.seeds)]]
            filled = _filled(both, (reference, proxy))
            if filled is not None:
                rows.setdefault(name, filled[0])
                of_proxy[name] = filled[1]
        extended.append(_appended(proxy, of_proxy))
    return _appended(reference, rows), extended


def those_there(names: Sequence[str]) -> tuple[str, ...]:
    """Return those of the names that are not of removed hypotheses."""
    return tuple(name for name in names if not name.startswith(_REMOVED))


def with_removed_kin(kin: tuple[Kin, ...], removed: Sequence[Removed]) -> tuple[Kin, ...]:
    """Return who is kin with those that were removed, by the label that they had when they were seen."""
    return tuple(
        replace(each, family_of=(*each.family_of, *_had(each.name, removed).items())) if each.declared else each
        for each in kin
    )


def _had(label: str, removed: Sequence[Removed]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for gone in removed:
        for name, each in zip(gone.names, gone.hypotheses.values(), strict=True):
            if each.label == label and each.value is not None:
                found[name] = each.value
    return found


def _appended(table: Scores, rows: Mapping[str, FloatArray]) -> Scores:
    if not rows:
        return table
    width = len(table.seeds)
    values = np.vstack([table.values, *(np.pad(row[:width], (0, max(0, width - len(row)))) for row in rows.values())])
    return Scores((*table.hypotheses, *rows), table.seeds, values)


def _filled(both: Sequence[FloatArray], arms: tuple[Scores, Scores]) -> list[FloatArray] | None:
    """Return a hypothesis' scores on both arms with the missing ones filled in; None if there is nothing to go by."""
    missing = np.isnan(both[0])
    if not missing.any():
        return list(both)
    whole = ~np.isnan(arms[0].values).any(axis=1) & ~np.isnan(arms[1].values).any(axis=1)
    if missing.all() or not whole.any():
        return None
    filled = []
    donor: int | None = None
    for row, arm in zip(both, arms, strict=True):
        values = arm.values[whole]
        effects = values.mean(axis=0) - values.mean()
        mean = float((row - effects)[~missing].mean())
        donor = int(np.abs(values.mean(axis=1) - mean).argmin()) if donor is None else donor
        filled.append(np.where(missing, mean + values[donor] - values[donor].mean(), row))
    return filled
