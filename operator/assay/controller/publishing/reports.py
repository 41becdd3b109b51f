"""The report and the table of trials of a study that has finished."""

from __future__ import annotations

import logging

from assay.api.bounds import bounded_status
from assay.api.resources import ProxyStudyStatus
from assay.planning.study.study import Study
from assay.reporting.written import Written, write_report
from assay.rounds.reconcile import Round
from assay.store import Ledger
from assay_trainer.objects import StoreError

_SAYS_NOTHING_NEW = {"conditions", "observed_generation", "reason", "message", "finished_for", "report", "ledger"}

_log = logging.getLogger(__name__)


def with_report(study: Study, latest: Round, ledger: Ledger, earlier: ProxyStudyStatus | None) -> ProxyStudyStatus:
    """Return the round's status with the URIs of the report and of the table of trials.

    They are written when a study has finished and they do not say everything yet; until then the status names those
    that were written last. What was found by the rules of an earlier release has its report. Raises StoreError.
    """
    status = latest.plan.status
    if latest.plan.kept:
        return status
    known = Written(earlier.report, earlier.ledger) if earlier and earlier.report and earlier.ledger else None
    if latest.plan.finished and not study.spec.suspend and (known is None or not _alike(status, earlier)):
        try:
            known = write_report(study, ledger, latest.plan)
        except StoreError:
            raise
        except Exception:  # noqa: BLE001 - the study's answer must not wait for its report
            _log.exception("study %s/%s: no report", study.resource.metadata.namespace, study.name)
    if known is None:
        return status
    return bounded_status(status.model_copy(update={"report": known.report, "ledger": known.trials}))


def _alike(status: ProxyStudyStatus, earlier: ProxyStudyStatus | None) -> bool:
    return earlier is not None and all(
        getattr(status, field) == getattr(earlier, field)
        for field in type(status).model_fields
        if field not in _SAYS_NOTHING_NEW
    )
