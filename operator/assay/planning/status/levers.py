"""What makes trials cheaper, as the study itself has measured it: speed-up, change of the score, risk to the order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.api.arms import Arm, arms_of
from assay.api.bounds import shortened
from assay.api.decimals import decimal_string
from assay.api.resources import REFERENCE, ArmStatus, Lever, LeverKind
from assay.planning.study.profiled_variants import ALL_SWITCHES
from assay.planning.study.programs import SCORING_ENTRYPOINT
from assay.ranking.paired_change import Change, mean_change

if TYPE_CHECKING:
    from assay.planning.results.costs import Costs
    from assay.planning.results.score_tables import ScoreTable
    from assay.planning.study.study import Study


def levers_of(
    study: Study, arms: Sequence[ArmStatus], costs: Costs, tables: Mapping[str, ScoreTable]
) -> tuple[Lever, ...]:
    """Return each arm that is cheaper or dearer than the reference as a lever, the largest speed-up first."""
    designed = {arm.name: arm for arm in arms_of(study.resource)}
    full = designed[REFERENCE].fidelity.identity()
    found = []
    for arm in arms:
        relative = costs.relative(arm.name)
        if arm.decision is None or not relative:
            continue
        agreement = arm.agreement
        tau = f", tau {agreement.kendall_tau}" if agreement and agreement.kendall_tau is not None else ""
        interval = f" [{agreement.low}, {agreement.high}]" if agreement and agreement.low is not None else ""
        lever = Lever(
            name=arm.name,
            kind=_kind_of(study, designed[arm.name], full),
            speedup=decimal_string(1 / relative, 3),
            risk=shortened(f"{arm.decision}{tau}{interval}", 160),
            **_in_words(_change_of(study, designed[arm.name], tables)),
        )
        found.append((relative, lever))
    return tuple(lever for _, lever in sorted(found, key=lambda pair: pair[0]))


def _kind_of(study: Study, arm: Arm, full: Mapping[str, Any]) -> LeverKind:
    """Tell proxies from arms that only turn switches of our train loop, which run the reference's recipe; `full` is
    how much the reference runs."""
    patch = study.spec.proxies[arm.proxy].recipe if arm.proxy is not None else {}
    ours = study.spec.trainer.entrypoint == SCORING_ENTRYPOINT
    turns = ours and patch and set(patch) <= ALL_SWITCHES and arm.fidelity.identity() == full
    return LeverKind.TRAIN_LOOP if turns else LeverKind.PROXY


def _change_of(study: Study, arm: Arm, tables: Mapping[str, ScoreTable]) -> Change | None:
    """Return how much better scores are than the reference's, over the hypotheses that have both; None if the arm is
    ranked by another metric, or nobody has both."""
    if arm.metric.name != study.spec.metric.name or not {arm.name, REFERENCE} <= tables.keys():
        return None
    own, reference = (tables[name].scores.values for name in (arm.name, REFERENCE))
    seeds = min(own.shape[1], reference.shape[1])
    differences = own[:, :seeds] - reference[:, :seeds]
    counts = np.isfinite(differences).sum(axis=1)
    sums = np.where(np.isfinite(differences), differences, 0.0).sum(axis=1)
    return mean_change(sums[counts > 0] / counts[counts > 0])


def _in_words(change: Change | None) -> dict[str, str]:
    if change is None:
        return {}
    named = {"change": change.mean, "change_low": change.low, "change_high": change.high}
    return {name: decimal_string(value, 3) for name, value in named.items() if value is not None}
