"""What was written down of a study in earlier rounds."""

from __future__ import annotations

from dataclasses import dataclass

from assay.planning.records.earlier import NOTHING_EARLIER, Earlier
from assay.planning.records.edit_log import EditLog
from assay.planning.records.look_records import NOT_LOOKED_AT, LooksBefore
from assay.planning.records.reported_examples import NO_EXAMPLES, ReportedExamples
from assay.planning.records.trust_records import NO_TRUST_RECORDS, TrustRecords


@dataclass(frozen=True)
class History:
    """What a plan needs to know of the past, the study's trials apart.

    `begun_at` is when the study first started something (Unix seconds), None if it never did.
    `criteria_seen` are the digests of the criteria (see `edit_digest`) under which results were looked at before.
    `trust_records` is what was written down of the study's certificates; a study that does not screen has none.
    `looks` is what was written down of looks at trust by the study's yardstick, whichever study took them.
    `earlier` is what was written down of how the results that no longer count were made.
    `examples` is what the trials said of the held-out examples, where verdicts are about fresh ones.
    `edits` is the log of what the study was judged by while its scores were seen.
    """

    begun_at: float | None = None
    criteria_seen: frozenset[str] = frozenset()
    trust_records: TrustRecords = NO_TRUST_RECORDS
    earlier: Earlier = NOTHING_EARLIER
    examples: ReportedExamples = NO_EXAMPLES
    edits: EditLog = ()
    looks: LooksBefore = NOT_LOOKED_AT


NO_HISTORY = History()
"""The history of a study that has not begun."""
