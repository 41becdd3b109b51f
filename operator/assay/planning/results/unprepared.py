"""Arms whose trials can't run, since the preparation that they wait for failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.planning.results.progress import Progress
    from assay.planning.study.study import Study
    from assay_trainer.contract import Failure


def unprepared_arms(study: Study, progress: Progress) -> Mapping[str, Failure]:
    """Return by arm how a preparation of it failed for good; arms that are prepared, or need not be, are not there."""
    keys = (preparation.key for preparation in study.design.preparations)
    failed = {key: progress.failures[key] for key in keys if key in progress.failures}
    if not failed:
        return failed
    conditions = study.design.conditions.items()
    return {arm: failed[each.preparation] for (_, arm), each in conditions if each.preparation in failed}
