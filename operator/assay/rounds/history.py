"""Reading what was written down of a study in earlier rounds, and what is to be kept of this one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assay.planning.records.edit_digest import edit_digest, guarded_part
from assay.planning.records.trust_records import NO_TRUST_RECORDS
from assay.planning.results.edit_recording import edits_to_record
from assay.planning.study.history import History
from assay.rounds.looks import looks_of

if TYPE_CHECKING:
    from assay.planning.records.records import Records
    from assay.planning.study.study import Study
    from assay.store import Ledger


def with_history(study: Study, ledger: Ledger) -> Study:
    """Return the study with what was written down of it. Raises StoreError."""
    written = ledger.trust_records(study.name) if study.spec.screening else NO_TRUST_RECORDS
    return replace(
        study,
        history=History(
            begun_at=_begun_at(study, ledger),
            criteria_seen=ledger.criteria(study.name),
            trust_records=written,
            edits=ledger.edit_log(study.name),
            looks=looks_of(study, ledger),
        ),
    )


def with_edits(study: Study, records: Records, now: float) -> Study:
    """Return the study with the log of edits as it is at `now` (Unix seconds), which may not be written down yet."""
    new = edits_to_record(study, records, now)
    return replace(study, history=replace(study.history, edits=(*study.history.edits, *new))) if new else study


def write_seen(study: Study, ledger: Ledger, known: int) -> None:
    """Write down what the study is judged by while scores are seen: all records of its log beyond the first `known`
    ones, and the digest that releases know which have no log. Raises StoreError."""
    for record in study.history.edits[known:]:
        ledger.put_edit_record(study.name, record)
    if study.history.edits:
        ledger.put_criteria(study.name, edit_digest(study.spec), guarded_part(study.spec))


def _begun_at(study: Study, ledger: Ledger) -> float | None:
    """Return when the study first started something; what a deleted study of its name started does not count."""
    since = study.created_at
    return min((at for at in ledger.started(study.name).values() if since is None or at >= since), default=None)
