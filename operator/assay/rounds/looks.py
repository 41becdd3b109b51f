"""Reading what was written down of looks at trust, by studies of any name, and the results of who was removed since."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assay.planning.records.look_records import NOT_LOOKED_AT, LooksBefore
from assay.planning.trust.removed_hypotheses import keys_of_removed
from assay.planning.trust.yardstick import yardstick_of
from assay_trainer.contract import TrialResult

if TYPE_CHECKING:
    from assay.planning.study.study import Study
    from assay.store import Ledger


def looks_of(study: Study, ledger: Ledger) -> LooksBefore:
    """Read what was seen before of the study's proxies. Raises StoreError."""
    if len(study.design.arms) == 1:
        return NOT_LOOKED_AT
    looks = ledger.looks(yardstick_of(study))
    keys = keys_of_removed(study, looks)
    found = ledger.results(keys) if keys else {}
    return replace(looks, results={key: each for key, each in found.items() if isinstance(each, TrialResult)})
