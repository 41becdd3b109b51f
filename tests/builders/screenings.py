"""Studies whose proxy was certified, and the scores of their trials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from assay.api.resources import ProxyArm, Screening
from assay.planning.records.trust_records import TrustRecord, trust_records
from assay.planning.results.score_tables import ScoreTable
from assay.planning.study.study import Study
from assay.planning.trust.recording import certificate_in_force
from assay.planning.trust.screening import ScreeningState
from assay.ranking import Scores
from assay.ranking.arrays import FloatArray
from builders.manifests import a_hypothesis
from builders.studies import a_study

SEEDS = 3
SHORT = ProxyArm(name="short", epochs=2)
PROXY_PRICE = 0.2


def a_screening_study(
    calibration: int,
    newcomers: Mapping[str, str | None],
    *,
    screening: Screening | None = None,
    proxies: Sequence[ProxyArm] = (SHORT,),
) -> Study:
    """Return a study of a baseline, calibrated hypotheses and newcomers by label `kind`; the proxy is not certified."""
    names = ["baseline", *(f"first{index:02d}" for index in range(1, calibration))]
    hypotheses = [a_hypothesis(name, recipe={"x": name}) for name in names]
    for name, kind in newcomers.items():
        hypotheses.append(a_hypothesis(name, recipe={"x": name}, labels={"kind": kind} if kind else None))
    return a_study(
        hypotheses=hypotheses,
        proxies=proxies,
        seeds=SEEDS,
        screening=screening or Screening(stratify_by="kind"),
        threshold="0.8",
    )


def tables_of_scores(study: Study, scores: Mapping[tuple[str, str], FloatArray]) -> Mapping[str, ScoreTable]:
    """Return tables of scores by (hypothesis, arm): NaN is a seed that failed; one that is absent is open."""
    names = tuple(hypothesis.name for hypothesis in study.hypotheses)
    shape = (len(names), len(study.design.seeds))
    cells = {}
    for arm in study.design.arms:
        values, ended = np.full(shape, np.nan), np.zeros(shape, dtype=np.bool_)
        for row, name in enumerate(names):
            own = scores.get((name, arm), np.empty(0))
            values[row, : len(own)], ended[row, : len(own)] = own, True
        cells[arm] = ScoreTable(Scores(names, study.design.seeds, values), ended, np.zeros_like(ended))
    return cells


def certified(
    study: Study,
    cells: Mapping[str, ScoreTable],
    calibration: Iterable[str],
    *,
    arm: str = SHORT.name,
    price: float = PROXY_PRICE,
    now: float = 1.0,
) -> Study:
    """Return the study with one more certificate in its history: for this arm, resting on these hypotheses."""
    made = certificate_in_force(
        study,
        cells,
        arm,
        tuple(calibration),
        value=0.9,
        low=0.82,
        high=0.97,
        seeds=SEEDS,
        price=price,
        now=now,
    )
    return _with_records(study, [made])


def after(study: Study, screened: ScreeningState) -> Study:
    """Return the study after the records of this screening have been written down."""
    return _with_records(study, screened.records)


def _with_records(study: Study, new: Iterable[TrustRecord]) -> Study:
    known = study.history.trust_records
    records: list[TrustRecord] = [*known.certificates.values(), *known.revocations.values(), *new]
    records += [each for audits in known.audits.values() for each in audits]
    return replace(study, history=replace(study.history, trust_records=trust_records(records)))
