"""The log of what a study was judged by while its scores were seen: so that later edits can be named and taken into
account. It stays under the study's name, also when the study is deleted and made anew.

A record is written when scores had been seen and something differs from the record before, or when further hypotheses
got scores. A record of a number is written only if there is none: the first one counts, for good.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import Field

from assay_trainer.contract import CONTRACT_VERSION, Message

MOST_SCORED = 500
"""Hypotheses that one record lists at most; where there are more, several are written."""

MOST_RECORDS = 999_999
MOST_SEEDS = 10_000

_Name = Annotated[str, Field(max_length=253)]
_Digest = Annotated[str, Field(max_length=128)]
Value = Annotated[str, Field(max_length=1024)] | bool | int | None
"""The value of a field, as a manifest has it."""


class Scored(Message):
    """A hypothesis that had scores."""

    runs: _Digest
    """The digest of what it ran at the reference."""
    seeds: int = Field(ge=1, le=MOST_SEEDS)
    """The seeds that it had, counted up to the last one with a score, on whichever arm."""


class EditRecord(Message):
    """What a study was judged by from here on, and who had scores by then."""

    version: int = Field(default=CONTRACT_VERSION, ge=CONTRACT_VERSION, le=CONTRACT_VERSION)
    number: int = Field(ge=1, le=MOST_RECORDS)
    made_at: float
    """In Unix seconds."""
    judged_by: dict[_Name, Value] = Field(max_length=64)
    """By the field's path in the spec: what results are judged by."""
    ground: _Digest
    """The digest of what the study runs at the reference, whatever the hypothesis: its code, recipe, data, fidelity."""
    baseline_runs: _Digest
    """The digest of what the baseline runs."""
    arms: dict[_Name, _Digest] = Field(max_length=64)
    """The digest of what each proxy runs, whatever the hypothesis, by its name."""
    seeds: int = Field(ge=1, le=MOST_SEEDS)
    """The most seeds that any hypothesis had by then."""
    scored: dict[_Name, Scored] = Field(max_length=MOST_SCORED)
    """Those hypotheses that had other scores than the records before say; by their names."""

    @property
    def criteria(self) -> tuple[Mapping[str, Value], str, str, Mapping[str, str]]:
        """All that makes a new record necessary if it changes."""
        return self.judged_by, self.ground, self.baseline_runs, self.arms

    @property
    def baseline(self) -> Value:
        """The baseline's name."""
        return self.judged_by.get(BASELINE)


EditLog = tuple[EditRecord, ...]
"""Records in the order of their numbers."""

BASELINE = "hypotheses.baseline"
INITIAL, MAXIMUM = "seeds.initial", "seeds.maximum"


def in_order(records: Iterable[EditRecord]) -> EditLog:
    """Return the records as a log."""
    return tuple(sorted(records, key=lambda record: record.number))


def known_scores(log: Sequence[EditRecord]) -> dict[tuple[str, str], int]:
    """Return the seeds of all that are known to have had scores, by name and by what they ran."""
    known: dict[tuple[str, str], int] = {}
    for record in log:
        for name, each in record.scored.items():
            known[name, each.runs] = max(each.seeds, known.get((name, each.runs), 0))
    return known


def records_to_write(log: EditLog, now: EditRecord) -> Iterator[EditRecord]:
    """Yield what is to be written, if `now` is what is so, with the scores of all hypotheses.

    Where nothing but scores changed, only hypotheses are listed that had none before.
    """
    known = known_scores(log)
    same = bool(log) and log[-1].criteria == now.criteria
    news = {
        name: each
        for name, each in now.scored.items()
        if ((name, each.runs) not in known if same else known.get((name, each.runs)) != each.seeds)
    }
    if same and not news:
        return
    names = list(news)
    taken = {record.number for record in log}
    free = (number for number in range(len(log) + 1, MOST_RECORDS + 1) if number not in taken)
    for first, number in zip(range(0, max(len(names), 1), MOST_SCORED), free, strict=False):
        some = {name: news[name] for name in names[first : first + MOST_SCORED]}
        yield now.model_copy(update={"number": number, "scored": some})
