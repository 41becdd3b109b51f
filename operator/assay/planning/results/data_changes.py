"""Data sets in words, and which became which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.api.bounds import shortened
from assay_trainer.contract import StatedDataset

if TYPE_CHECKING:
    from assay_trainer.contract import Dataset

_LONGEST_NAME = 40


def change_of_data(before: Dataset | StatedDataset | None, now: Dataset | StatedDataset) -> str:
    """Return `: version 2 → 3 of houses.csv`, or `: digits (0c1a…) → letters (77ab…)`; nothing if it is not known which
    data set was there before."""
    if before is None:
        return ""
    name_before, what_before = _name(before), _what(before)
    if (name_before, type(before)) == (_name(now), type(now)):
        of = f" of {name_before}" if name_before else ""
        return f": {what_before} → {_what(now).removeprefix('version ')}{of}"
    return f": {_in_words(before)} → {_in_words(now)}"


def _in_words(data: Dataset | StatedDataset) -> str:
    name, what = _name(data), _what(data)
    if isinstance(data, StatedDataset):
        return f"{what} of {name}" if name else what
    return f"{name} ({what})"


def _name(data: Dataset | StatedDataset) -> str:
    return shortened(data.name, _LONGEST_NAME)


def _what(data: Dataset | StatedDataset) -> str:
    """Return which of the data of its name it is: its version, or the beginning of its digest."""
    if isinstance(data, StatedDataset):
        return f"version {shortened(data.version, _LONGEST_NAME)}"
    return data.short_digest
