"""Assessing what has ended: each arm's agreement with the reference, verdicts, ranks, and whether arms are trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from assay.api.resources import REFERENCE, Correction
from assay.planning.allocation.ladder_policy import Estimate, estimates, expected_accuracy
from assay.planning.assessment.failing import comparisons_with, unstable_hypotheses
from assay.planning.assessment.resolution import Resolution, resolution_of
from assay.planning.assessment.screened_standings import with_screened
from assay.planning.assessment.standings import Standing, estimated_standings, measured_standings
from assay.planning.results.comparisons import compared
from assay.planning.results.score_tables import ScoreTable
from assay.planning.results.unprepared import unprepared_arms
from assay.planning.trust.certificates_in_force import certificates_of
from assay.planning.trust.failures_last import fails_on, with_failures_last
from assay.planning.trust.screening import Role
from assay.ranking import (
    Agreement,
    Comparison,
    Scores,
    agreement,
    noise_ceiling,
    rank_intervals,
)
from assay.ranking.memory import NO_MEMORY, Memory
from assay.ranking.screening.expected_scores import ExpectedScore, expected_scores

if TYPE_CHECKING:
    from assay.planning.judgement import Judgement
    from assay.planning.records.records import Records
    from assay.planning.records.trust_records import Revocation
    from assay.planning.results.unread import Unread
    from assay.planning.study.study import Study
    from assay.planning.trust.screening import ScreeningState
    from assay.ranking import Certificate
    from assay_trainer.contract import Failure

TOP = 3
"""How many of the best hypotheses the top-k overlap is over."""


@dataclass(frozen=True)
class ProxyAssessment:
    """One proxy beside the reference; `certificate` is None before the first look. `fails_on_one` are the hypotheses
    that fail on one of the two arms only, and count as the last ones there. `unread`: whose scores can't be read.
    `unprepared`: why the preparation failed that its trials wait for."""

    agreement: Agreement | None
    certificate: Certificate | None
    fails_on_one: tuple[str, ...] = ()
    unread: Unread | None = None
    unprepared: Failure | None = None


@dataclass(frozen=True)
class Assessment:
    """What may be said of a study. Higher scores are better here; `Metric.turned` makes them the metric again."""

    reference: Scores
    ceiling: float | None
    proxies: Mapping[str, ProxyAssessment]
    comparisons: Mapping[str, Comparison]
    standings: Mapping[str, Standing]
    """The standings of the hypotheses that have a score, the best first."""
    unstable: frozenset[str]
    """The hypotheses that fail on some seeds of what their score is from; empty if failed seeds count otherwise."""
    estimates: Mapping[str, Estimate]
    """Estimated scores on the reference by hypothesis, where the budget does not pay for all trials; else empty."""
    expected_accuracy: float | None
    """The share of pairs that the estimates are expected to order correctly; None where there are no estimates."""
    in_force: frozenset[str]
    """The arms whose certificate was written down, also if audits have revoked it since."""
    revocation: Revocation | None
    resolution: Resolution | None
    """How finely the metric tells hypotheses apart, where it ties many."""
    screened: Mapping[str, str]
    """The arm on which a hypothesis is screened, for each hypothesis that does not run on the reference."""


def assessment_of(study: Study, records: Records, judgement: Judgement, memory: Memory = NO_MEMORY) -> Assessment:
    """Return what may be said. `memory` keeps what the same scores have said."""
    tables, screened, ladder = judgement.tables, judgement.screened, judgement.ladder
    reference = tables[REFERENCE].scores
    spec, looks = study.spec, study.looks
    confidence = spec.verdicts.confidence_percent / 100
    by_arm = tables if ladder else with_failures_last(study, tables)
    unprepared = unprepared_arms(study, judgement.progress)
    proxies = {
        arm: ProxyAssessment(
            memory.of(_agreement, by_arm[REFERENCE].scores, own.scores),
            judgement.trust.certificates.get(arm),
            _fails_on_one_of_two(study, tables[REFERENCE], tables[arm]) if by_arm is not tables else (),
            judgement.unread.get(arm),
            unprepared.get(arm),
        )
        for arm, own in by_arm.items()
        if arm != REFERENCE
    }
    compare = partial(
        compared,
        baseline=study.baseline,
        smallest_effect=float(spec.metric.smallest_effect),
        confidence=confidence,
        family_wise=spec.verdicts.correction == Correction.FAMILY_WISE,
        looks=looks,
        since=study.compared_from,
        fresh=study.fresh_examples,
    )
    guessed = estimates(ladder) if ladder else {}
    unstable = unstable_hypotheses(study, tables, screened, guessed)
    ranks = memory.of(
        rank_intervals,
        reference,
        confidence,
        **looks.named,
        unstable=unstable & tables[REFERENCE].failing,
    )
    measured = measured_standings({interval.hypothesis: interval for interval in ranks})
    return Assessment(
        reference=reference,
        ceiling=memory.of(noise_ceiling, reference),
        proxies=proxies,
        comparisons=comparisons_with(
            study.baseline, tables[REFERENCE], unstable, study.compared_from + looks.initial, compare
        ),
        standings=estimated_standings(guessed, confidence)
        if guessed
        else with_screened(
            measured,
            _expected(study, tables, screened, unstable, memory),
            screened.arm or REFERENCE,
            confidence,
            unstable,
        ),
        unstable=unstable,
        estimates=guessed,
        expected_accuracy=expected_accuracy(ladder) if ladder else None,
        in_force=frozenset(certificates_of(study)) if screened.certificate else frozenset(),
        revocation=screened.revocation,
        resolution=resolution_of(study, records, reference),
        screened={name: screened.arm for name in screened.having(Role.SCREENED) if screened.arm is not None},
    )


def _expected(
    study: Study,
    tables: Mapping[str, ScoreTable],
    screened: ScreeningState,
    unstable: frozenset[str],
    memory: Memory,
) -> tuple[ExpectedScore, ...]:
    """Return what those are expected to score that have run on the proxy alone, while its certificate is in force.

    Nothing is expected of one that was tried at the reference, and failed there.
    """
    if screened.arm is None or screened.revocation is not None:
        return ()
    reference = tables[REFERENCE].scores
    without = {name for name, count in zip(reference.hypotheses, reference.counts, strict=True) if count == 0}
    without -= unstable & tables[REFERENCE].failing
    newcomers = screened.having(Role.SCREENED, Role.PROMOTED, Role.AUDITED)
    names = tuple(name for name in newcomers if name in without)
    proxy = tables[screened.arm].scores.first_seeds(study.design.initial_seeds)
    return memory.of(expected_scores, reference, proxy, screened.calibration, names)


def _fails_on_one_of_two(study: Study, reference: ScoreTable, proxy: ScoreTable) -> tuple[str, ...]:
    initial = study.design.initial_seeds
    only_one = fails_on(reference, initial) ^ fails_on(proxy, initial)
    return tuple(reference.scores.hypotheses[row] for row in np.flatnonzero(only_one))


def _agreement(reference: Scores, proxy: Scores) -> Agreement | None:
    both = np.isfinite(reference.values).any(axis=1) & np.isfinite(proxy.values).any(axis=1)
    return agreement(reference, proxy, top_k=TOP) if both.sum() >= 2 else None
