"""From the cells of a column to numbers, seconds, times and texts. Whatever can't be read is null, and can be told."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

_NOTHING = ["nan", "null", "none", "na", "n/a", "nat", "<na>", "-", "–", "?"]
_COMMA = r"^[+-]?(\d{1,3}(\.\d{3})+|\d*),\d+([eE][+-]?\d+)?$"
_THOUSANDS = r"^[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?$"
_PERCENT = r"\s*%$"


class Read(NamedTuple):
    """A column as it was read: `values`, null where there is none; `wrong` is true where there is one that is none of
    what was wanted; `said` says how it was read, if that is worth a word."""

    values: pl.Series
    wrong: pl.Series
    said: str = ""


def is_number(series: pl.Series) -> bool:
    """Return whether the column has a number, and nothing that is none."""
    if series.dtype.is_numeric():
        return series.null_count() < len(series)
    read = numbers(series)
    return bool(read.values.is_not_null().any()) and not bool(read.wrong.any())


def numbers(series: pl.Series) -> Read:
    """Return the column as floats: from text also with a decimal comma, with thousands apart, or in percent."""
    if series.dtype.is_numeric() or series.dtype == pl.Boolean:
        return Read(series.cast(pl.Float64).fill_nan(None), _never(series))
    if series.dtype != pl.String:
        return Read(pl.repeat(None, len(series), dtype=pl.Float64, eager=True), series.is_not_null())
    text = _present(series)
    values = _floats(text)
    wrong = text.is_not_null() & values.is_null()
    if not wrong.any():
        return Read(values.fill_nan(None), wrong)
    odd = text.filter(wrong)
    if odd.str.contains(_PERCENT).all():
        inner = numbers(text.str.replace(_PERCENT, ""))
        return Read(inner.values, inner.wrong, "in percent")
    if odd.str.contains(_THOUSANDS).all():
        return Read(_floats(text.str.replace_all(",", "")), _never(text), "with a comma between thousands")
    if odd.str.contains(_COMMA).all():
        plain = text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
        values = _floats(plain.zip_with(wrong, text))
        return Read(values.fill_nan(None), text.is_not_null() & values.is_null(), "with a decimal comma")
    return Read(values.fill_nan(None), wrong)


def texts(series: pl.Series) -> pl.Series:
    """Return the column as text, as the table has it; whole numbers that are kept as floats have no decimals."""
    if series.dtype == pl.String:
        return series
    if series.dtype.is_float():
        finite = series.fill_nan(None)
        whole = finite.drop_nulls()
        if len(whole) and whole.is_finite().all() and (whole == whole.round()).all() and (whole.abs() < 2**53).all():
            return finite.cast(pl.Int64).cast(pl.String)
        return finite.cast(pl.String)
    if series.dtype == pl.Duration:
        return series.dt.to_string("iso")
    return series.cast(pl.String)


def seconds(series: pl.Series, unit: float = 1.0) -> Read:
    """Return durations in seconds: numbers of `unit` seconds, `0 days 00:10:00`, `00:10:00`, `10m 3s`, ISO 8601."""
    if series.dtype == pl.Duration:
        return Read(series.dt.total_nanoseconds().cast(pl.Float64) / 1e9, _never(series))
    if series.dtype == pl.Time:
        return Read(series.cast(pl.Duration).dt.total_nanoseconds().cast(pl.Float64) / 1e9, _never(series))
    read = numbers(series)
    if not read.wrong.any() or series.dtype != pl.String:
        return Read(read.values * unit, read.wrong, read.said)
    text = _present(series)
    clock, words = _by_clock(text), _by_units(text)
    plain = read.values * unit
    values = plain.zip_with(plain.is_not_null(), clock.zip_with(clock.is_not_null(), words))
    said = "" if plain.is_not_null().any() and (clock.is_not_null() | words.is_not_null()).any() else "as durations"
    return Read(values, text.is_not_null() & values.is_null(), said)


def times(series: pl.Series) -> Read:
    """Return times as seconds since 1970: from datetimes, ISO 8601, or numbers of (milli)seconds since then."""
    if series.dtype == pl.Datetime or series.dtype == pl.Date:
        return Read(series.cast(pl.Datetime("us")).dt.epoch("us").cast(pl.Float64) / 1e6, _never(series))
    read = numbers(series)
    if not read.wrong.any():
        largest = read.values.abs().max()
        size = largest if isinstance(largest, float) else 0.0
        return Read(read.values / next((unit for unit in (1e9, 1e6, 1e3) if size > 1e8 * unit), 1.0), read.wrong)
    text = _present(series)
    plain = text.str.replace(r"\s*(UTC|Z)$", "+00:00").str.replace(r"([+-]\d{2})(\d{2})$", "$1:$2")
    plain = plain.str.replace(r"^(\d{4}-\d{2}-\d{2}) ", "${1}T")
    offset = plain.str.extract(r"T.*([+-]\d{2}:\d{2})$")
    local = plain.str.replace(r"(T.*)[+-]\d{2}:\d{2}$", "$1")
    local = local.str.replace(r"^(\d{4}-\d{2}-\d{2})$", "${1}T00:00:00").str.replace(r"(T\d{2}:\d{2})$", "$1:00")
    moments = local.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")
    minutes = offset.str.slice(1, 2).cast(pl.Float64) * 60 + offset.str.slice(4, 2).cast(pl.Float64)
    east = minutes.fill_null(0.0) * (1 - 2 * offset.str.starts_with("-").fill_null(False).cast(pl.Float64))
    values = moments.dt.epoch("us").cast(pl.Float64) / 1e6 - east * 60
    return Read(values, text.is_not_null() & values.is_null())


def _present(series: pl.Series) -> pl.Series:
    """Return the text without the words that people write for nothing."""
    text = series.str.strip_chars()
    return text.set(text.str.to_lowercase().is_in([*_NOTHING, ""]).fill_null(True), None)


def _floats(text: pl.Series) -> pl.Series:
    return text.str.replace(r"^\+", "").cast(pl.Float64, strict=False)


def _never(series: pl.Series) -> pl.Series:
    return pl.repeat(False, len(series), eager=True)


def _by_clock(text: pl.Series) -> pl.Series:
    """Return the seconds of `0 days 00:10:00.5`, `1 day, 2:03:04`, `00:10:00` and `10:03` (minutes and seconds)."""
    pattern = r"^(?:(?P<days>\d+) days?,?\s+)?(?:(?P<hours>\d+):)?(?P<minutes>\d+):(?P<seconds>\d+(?:\.\d+)?)$"
    parts = text.str.extract_groups(pattern).struct.unnest().cast(pl.Float64, strict=False)
    total = (
        parts["seconds"]
        + 60 * parts["minutes"]
        + 3600 * parts["hours"].fill_null(0)
        + 86400 * parts["days"].fill_null(0)
    )
    return total.alias(text.name)


def _by_units(text: pl.Series) -> pl.Series:
    """Return the seconds of `1h 2m 3s`, `3.4min`, `120ms` and `PT1H2M3.5S`."""
    lower = text.str.to_lowercase().str.replace(r"^p(\d+d)?t?", "$1")
    number = r"(\d+(?:[.,]\d+)?)\s*"
    units = {
        "d": (86400.0, "d(?:ays?)?"),
        "h": (3600.0, "h(?:(?:ou)?rs?)?"),
        "m": (60.0, "m(?:in(?:ute)?s?)?"),
        "s": (1.0, "s(?:ec(?:ond)?s?)?"),
        "ms": (0.001, "ms(?:ec)?|milliseconds?"),
    }
    whole = lower.str.contains("^" + "".join(rf"(?:{number}(?:{word})[\s,]*)?" for _, word in units.values()) + "$")
    total = pl.repeat(0.0, len(text), eager=True)
    for factor, word in units.values():
        part = lower.str.extract(rf"(?:^|[\s,a-z]){number}(?:{word})(?:[\s,\d]|$)")
        total = total + factor * part.str.replace(",", ".").cast(pl.Float64, strict=False).fill_null(0.0)
    return total.set(~(whole & lower.str.contains(r"\d")).fill_null(False), None).alias(text.name)
