"""The list of a cluster's studies, one line each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from assay.reporting.figures import NOTHING, listed

_HEADINGS = ("study", "trials", "trusted", "better", "state")


def study_list(studies: Sequence[Mapping[str, Any]], *, namespaces: bool) -> Table:
    """Return a table of the studies, given as the API server's manifests, in their order; with a column for the
    namespace if wanted.

    A value that a status lacks, or has in another version's form, is a dash: a study that can't be read hides no other.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="underline")
    for heading in (*(["namespace"] if namespaces else []), *_HEADINGS):
        table.add_column(heading, overflow="fold")
    for each in studies:
        metadata, status = each["metadata"], each.get("status") or {}
        table.add_row(
            *([metadata["namespace"]] if namespaces else []),
            metadata["name"],
            _trials(status.get("trials") or {}),
            str(status.get("recommendedProxy") or NOTHING),
            _better(status.get("ranking") or []),
            _state(status.get("conditions") or []),
        )
    return table


def _trials(counts: Mapping[str, Any]) -> str:
    if not counts:
        return NOTHING
    failed = counts.get("failed") or 0
    ended = (counts.get("succeeded") or 0) + failed
    return f"{ended}/{counts.get('planned') or 0}" + (f", {failed} failed" if failed else "")


def _better(ranking: Sequence[Mapping[str, Any]]) -> str:
    return listed([row["name"] for row in ranking if row.get("verdict") == "Better"], 3) or NOTHING


def _state(conditions: Sequence[Mapping[str, Any]]) -> str:
    """Return the reason of the condition that stands in the study's way, or else of how far it is."""
    by_type = {each.get("type"): each for each in conditions}
    for kind, wrong in (("Accepted", "False"), ("Stalled", "True"), ("Suspended", "True")):
        found = by_type.get(kind)
        if found is not None and found.get("status") == wrong:
            return f"{found.get('reason')}"
    succeeded = by_type.get("Succeeded")
    return f"{succeeded.get('reason')}" if succeeded else "not seen by the operator yet"
