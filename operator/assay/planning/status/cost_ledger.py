"""What a study has spent, by the kind of work and by its purpose. Results of other studies cost it nothing."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from assay.api.decimals import decimal_string
from assay.api.resources import REFERENCE, CostLedger
from assay.planning.allocation.trial_prices import reference_prices
from assay.planning.records.records import UNKNOWN
from assay.planning.trust.screening import Role
from assay_trainer.contract import TrialResult

if TYPE_CHECKING:
    from assay.planning.records.records import Records
    from assay.planning.results.costs import Costs
    from assay.planning.study.study import Study
    from assay.planning.trust.screening import ScreeningState

PURPOSES = ("calibration", "screening", "confirmation", "audits", "stale")
"""What a trial was run for; a `stale` one was run for an earlier spec."""


def cost_ledger(
    study: Study, records: Records, costs: Costs, screened: ScreeningState, *, finished: bool
) -> CostLedger:
    """Add up what the study has spent. A trial counts once, however many hypotheses or studies use its result."""
    arms = study.design.arm_of
    kinds, purposes = defaultdict[str, float](float), dict.fromkeys(PURPOSES, 0.0)
    reused, resumed, own = 0.0, 0.0, study.name
    for key, record in records.items():
        result = record.result
        if result is None:
            continue
        seconds = result.cost.charged_seconds
        if result.study != own:
            reused += result.cost.accelerator_seconds if key in arms else 0.0
            continue
        resumed += result.cost.resumed_seconds
        if isinstance(result, TrialResult):
            kinds["reference" if result.arm == REFERENCE else "proxies"] += seconds
            purposes[_purpose(result.hypothesis, arms.get(key), screened)] += seconds
        else:
            kinds["preparations"] += seconds
    saved = _all_at_reference(study, records, costs, screened) - costs.spent if finished else None
    saved = saved if len(study.design.arms) > 1 else None
    whole = sum(kinds.values()) + costs.spent_on_failures
    return CostLedger(
        accelerator_seconds=decimal_string(whole),
        reference_accelerator_seconds=decimal_string(kinds["reference"]),
        proxies_accelerator_seconds=decimal_string(kinds["proxies"]),
        preparations_accelerator_seconds=decimal_string(kinds["preparations"]),
        failures_accelerator_seconds=decimal_string(costs.spent_on_failures),
        calibration_accelerator_seconds=_text(purposes["calibration"]),
        screening_accelerator_seconds=_text(purposes["screening"]),
        confirmation_accelerator_seconds=_text(purposes["confirmation"]),
        audits_accelerator_seconds=_text(purposes["audits"]),
        stale_accelerator_seconds=_text(purposes["stale"]),
        reused_accelerator_seconds=_text(reused),
        resumed_accelerator_seconds=_text(resumed),
        saved_accelerator_seconds=decimal_string(saved) if saved is not None else None,
        unit=costs.unit or "accelerator",
    )


def _text(seconds: float) -> str | None:
    return decimal_string(seconds) if seconds else None


def _purpose(hypothesis: str, arm: str | None, screened: ScreeningState) -> str:
    """Return what a trial of this study was run for. A promoted hypothesis runs at the reference whether it was drawn
    to be audited or not: that is confirmation."""
    role = screened.roles.get(hypothesis)
    if arm is None or role is None:
        return "stale"
    if role is Role.CALIBRATION:
        return "calibration"
    if arm != REFERENCE:
        return "screening"
    drawn = role is Role.AUDITED or (role is Role.FALLEN_BACK and hypothesis in screened.drawn)
    return "audits" if drawn else "confirmation"


def _all_at_reference(study: Study, records: Records, costs: Costs, screened: ScreeningState) -> float:
    """Return what it would have cost this study to run every hypothesis at the reference: with the initial seeds, and
    with the further ones that it did run. Results of other studies would have cost nothing there, either."""
    expected = reference_prices(study, records, costs, screened.arm)
    initial: dict[str, str] = {}
    for trial in study.design.initial_trials:
        if trial.arm == REFERENCE:
            initial.setdefault(trial.key, trial.hypothesis)
    total = 0.0
    for key, hypothesis in initial.items():
        record = records.get(key, UNKNOWN)
        if record.result is not None:
            total += record.result.cost.accelerator_seconds if record.result.study == study.name else 0.0
        elif record.failures:
            total += sum(each.accelerator_seconds for each in record.failures if each.study in (None, study.name))
        else:
            total += expected[hypothesis]
    for key, record in records.items():
        if record.result is not None and key not in initial and study.design.arm_of.get(key) == REFERENCE:
            total += record.result.cost.accelerator_seconds if record.result.study == study.name else 0.0
    return total
