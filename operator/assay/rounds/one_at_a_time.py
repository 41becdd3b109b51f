"""One piece of work, alone on the machine, from its start to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.rounds.reconcile import record_ended, wait_for_all
from assay_trainer.contract import (
    Failure,
    PreparationRequest,
    PreparationResult,
    TrialRequest,
    TrialResult,
    WorkRequest,
)

if TYPE_CHECKING:
    from assay.runners.protocol import Runner
    from assay.store import Ledger


def run_to_end(
    study: str, item: TrialRequest | PreparationRequest, ledger: Ledger, runner: Runner, now: float
) -> TrialResult | PreparationResult | Failure:
    """Run an item that has not run before. Returns its result, or why there is none."""
    request = WorkRequest(store=ledger.uri, items=(item,))
    runner.start(request, ledger.put_request(study, request, now).uri)
    record_ended(study, ledger, runner, wait_for_all(runner))
    return ledger.find_result(item.key) or ledger.failures({item.key})[item.key][-1]
