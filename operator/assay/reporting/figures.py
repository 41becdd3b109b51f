"""Numbers are written here as people read them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from typing import TYPE_CHECKING

from assay.api.bounds import first_of, shortened
from assay.api.decimals import decimal_value
from assay_trainer.contract import StatedDataset, named_by_manifest

if TYPE_CHECKING:
    from assay.api.resources import CostUnit, DatasetReference, Seeds

NOTHING = "–"
"""The text shown where there is no value."""

_MOST_DECIMALS = 6
_LONGEST_NAME = 60
_PLAIN_BELOW = 1e6


def value_of(text: str | None) -> float | None:
    """Return the number that a status holds as a decimal string."""
    return None if text is None else decimal_value(text)


def fixed(value: float | None, decimals: int, *, signed: bool = False) -> str:
    """Return `value` with this many decimals, or with an exponent if it has more than six digits before the point."""
    if value is None:
        return NOTHING
    sign = "+" if signed else ""
    return format(value, f"{sign}.{decimals}f" if abs(value) < _PLAIN_BELOW else f"{sign}.2e")


def interval_text(low: float | None, high: float | None, decimals: int, *, signed: bool = False) -> str:
    """Return `[low, high]`, or an empty text if there is no interval."""
    if low is None or high is None:
        return ""
    return f"[{fixed(low, decimals, signed=signed)}, {fixed(high, decimals, signed=signed)}]"


def decimals_for(widths: Iterable[float | None], values: Iterable[float | None]) -> int:
    """Return how many decimals show two digits of the median interval's half width, or four digits of the largest value
    if no interval is known."""
    known = [width / 2 for width in widths if width is not None and width > 0]
    if known:
        return _clamped(1 - _magnitude(statistics.median(known)))
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    return _clamped(3 - _magnitude(largest)) if largest > 0 else 3


def _magnitude(value: float) -> int:
    return math.floor(math.log10(value))


def _clamped(decimals: int) -> int:
    return max(0, min(_MOST_DECIMALS, decimals))


def percent(value: float | None) -> str:
    """Return a percentage as a whole number."""
    return NOTHING if value is None else f"{value:.0f} %"


def share(value: float | None) -> str:
    """Return a share of 0 to 1 as a percentage."""
    return percent(None if value is None else 100 * value)


def duration(seconds: float) -> str:
    """Return a time in at most two units: `48 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`."""
    whole = max(0, round(seconds))
    for size, unit, smaller_size, smaller in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller_size
            return f"{whole // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{whole} s"


def seconds_text(seconds: float | None) -> str:
    """Return accelerator seconds with three digits: `0.84`, `12.3`, `1,240`. The caller names the unit."""
    if seconds is None:
        return NOTHING
    if seconds >= 100:
        return f"{seconds:,.0f}"
    return f"{seconds:.1f}" if seconds >= 10 else f"{seconds:.2f}"


def unit_in_words(unit: CostUnit) -> str:
    """Return the name of the unit that costs are counted in."""
    return "CPU-process seconds" if unit == "cpu-process" else "accelerator seconds"


def count(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun: `1 trial`, `3 trials`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def hypotheses_in_words(number: int) -> str:
    """Return `1 hypothesis`, `3 hypotheses`."""
    return count(number, "hypothesis", "hypotheses")


def seeds_in_words(seeds: Seeds) -> str:
    """Return `3 seeds`, or `3 to 10 seeds` if some hypotheses may get more than others."""
    if seeds.initial == seeds.maximum:
        return count(seeds.initial, "seed")
    return f"{seeds.initial} to {seeds.maximum} seeds"


def data_in_words(data: DatasetReference) -> str:
    """Return what a data set is called, and which version it is, where nothing but that is known of it."""
    if data.manifest is not None:
        return shortened(named_by_manifest(data.manifest), _LONGEST_NAME) or "its data set"
    stated = StatedDataset(uri=data.uri, version=data.version or "?")
    of = f" of {shortened(stated.name, _LONGEST_NAME)}" if stated.name else " of its data"
    return f"version {shortened(stated.version, _LONGEST_NAME)}{of}, as the study states it"


def sentence(text: str) -> str:
    """Return the text with a capital at the start and a full stop at the end."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?…" else ".")


def listed(names: Iterable[str], most: int = 6) -> str:
    """Return `a, b and c`; of more than `most` names the first ones, and how many more there are."""
    all_names = list(names)
    shown = all_names[:most]
    if len(all_names) > most:
        return first_of(all_names, most)
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else ""
