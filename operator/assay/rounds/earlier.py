"""Reading and writing how results came about, so that a status can say later why some no longer count."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from assay.planning.records.earlier import NOTHING_EARLIER, Earlier
from assay.planning.results.stale_work import stale_results, unexplained_results
from assay_trainer.contract import CodeIngredients, TrialRequest
from assay_trainer.objects import StoreError

if TYPE_CHECKING:
    from assay.planning.records.records import Records
    from assay.planning.study.study import Study
    from assay.runners.protocol import Runner
    from assay.store import Ledger

MOST_REQUESTS = 32
MOST_PROGRAMS = 8
"""The most requests and programs that are read to explain why results no longer count. Beyond them, none is
explained."""


def earlier_of(study: Study, ledger: Ledger, runner: Runner, records: Records) -> Earlier:
    """Read how the study's results that no longer count were made. Never raises StoreError: what can't be read is left
    out."""
    results = stale_results(study, records)
    if not results:
        return NOTHING_EARLIER
    codes = list(dict.fromkeys(each.provenance.code for each in results))[:MOST_PROGRAMS]
    programs = {code: found for code in codes if (found := _program(study, ledger, code)) is not None}
    for code in dict.fromkeys(study.definition.code.values()):
        found = runner.ingredients(code)
        if found is not None:
            programs[code] = found
    requests = dict(
        _requests(study, ledger, [each.key for each in unexplained_results(study, records)[:MOST_REQUESTS]])
    )
    return Earlier(programs, requests)


def write_programs(study: Study, ledger: Ledger, runner: Runner, codes: Iterable[str]) -> None:
    """Write down what the code of these digests is made of. Raises StoreError."""
    for code in dict.fromkeys(codes):
        if (found := runner.ingredients(code)) is not None:
            ledger.put_program(study.name, found)


def _program(study: Study, ledger: Ledger, code: str) -> CodeIngredients | None:
    with contextlib.suppress(StoreError):
        return ledger.program(study.name, code)
    return None


def _requests(study: Study, ledger: Ledger, keys: Iterable[str]) -> Iterable[tuple[str, TrialRequest]]:
    started = {attempt.key: attempt for attempt in ledger.started(study.name)}
    for key in keys:
        with contextlib.suppress(StoreError):
            found = ledger.request_of(started[key]) if key in started else None
            if found is not None and found.key == key:
                yield key, found
