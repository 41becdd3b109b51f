"""Turns what a train function returned into numbers by name."""

from __future__ import annotations

import inspect
import math
import threading
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from assay_trainer.described import bounded, described, printable
from assay_trainer.nearest import did_you_mean
from assay_trainer.returned.errors import MetricMissing, MetricNotANumber, ScoreNotFinite
from assay_trainer.returned.number import as_number

MOST_METRICS = 500
NAME_CHARACTERS = 120
"""The most characters of a metric's name. With MOST_METRICS it keeps a result small, whatever a function returns."""

SPARE_SECONDS = 10.0
"""The most time in all that converting the other metrics to numbers may take."""

_LOOKED_AT = 10 * MOST_METRICS
_NAMED = 10


def checked_metrics(returned: Any, metric: str) -> tuple[dict[str, float], list[str]]:
    """Return the finite numbers by name, the study's metric first, and notes on what is left out.

    Raises MetricMissing if `returned` is no mapping or has no such key, MetricNotANumber if its value can't be read as
    one, ScoreNotFinite if it is NaN or infinite.
    """
    if not isinstance(returned, Mapping):
        raise MetricMissing(f"the train function returned {_other(returned)}; allowed: a mapping with {metric!r}")
    if metric not in returned:
        raise MetricMissing(_missing(returned, metric))
    try:
        score = as_number(returned[metric])
    except MemoryError:
        raise
    except Exception as error:
        problem = "" if isinstance(error, TypeError | ValueError) else f" ({type(error).__name__}: {error})"
        raise MetricNotANumber(
            f"metric {metric!r}: given {described(returned[metric])}{problem}; allowed: a finite number"
        ) from error
    if not math.isfinite(score):
        raise ScoreNotFinite(f"metric {metric!r}: given {score}; allowed: a finite number")
    spare = _Spare(returned, metric)
    spare.read(SPARE_SECONDS)
    return {metric: score, **spare.numbers}, spare.notes


class _Spare:
    """The metrics beside the study's own. They are read in a thread, since their conversion may run other people's
    code, which may hang."""

    def __init__(self, returned: Mapping[Any, Any], metric: str) -> None:
        self.numbers: dict[str, float] = {}
        self.notes: list[str] = []
        self._returned = returned
        self._metric = metric
        self._at: Any = None
        self._given_up = False

    def read(self, seconds: float) -> None:
        thread = threading.Thread(target=self._read, name="spare metrics", daemon=True)
        thread.start()
        thread.join(seconds)
        if thread.is_alive():
            self._given_up = True
            # the thread may still write to what it was given
            self.numbers, self.notes = dict(self.numbers), list(self.notes)
            self.notes.append(f"{_shown(self._at)} left out, with all after it: no number after {seconds:g} s")

    def _read(self) -> None:
        numbers, notes = self.numbers, self.notes
        try:
            for key, value in self._items():
                self._at = key
                note = self._take(key, value, numbers)
                if self._given_up:
                    return
                if note:
                    notes.append(f"{_shown(key)} left out: {note}")
            if (uncounted := len(self._returned) - _LOOKED_AT) > 0:
                notes.append(f"{uncounted:,} more values left out")
        except BaseException as error:  # noqa: BLE001 - a mapping of the team's own may raise anything
            notes.append(f"what follows {_shown(self._at)} left out: reading it raised {type(error).__name__}")

    def _items(self) -> Iterator[tuple[Any, Any]]:
        return islice(self._returned.items(), _LOOKED_AT)

    def _take(self, key: Any, value: Any, numbers: dict[str, float]) -> str | None:
        """Add a value to the numbers, or note why not."""
        if type(key) in (int, float, bool):
            name = str(key)
        elif isinstance(key, str):
            name = printable(str.__str__(key))
        else:
            return f"its key is {described(key)}; allowed: a text"
        if name == self._metric or name in numbers:
            return None if key == self._metric else "another key reads alike"
        if len(name) > NAME_CHARACTERS:
            return f"a name of {len(name):,} characters; allowed: {NAME_CHARACTERS}"
        try:
            number = as_number(value)
        except Exception as error:  # noqa: BLE001 - its conversion may raise anything
            plain = isinstance(error, TypeError | ValueError)
            return described(value) if plain else f"{described(value)} ({type(error).__name__})"
        if not math.isfinite(number):
            return f"{number}, which is not finite"
        if len(numbers) >= MOST_METRICS - 1:
            return f"more than {MOST_METRICS} metrics"
        numbers[name] = number
        return None


def _other(returned: Any) -> str:
    if inspect.iscoroutine(returned) or inspect.isasyncgen(returned) or inspect.isgenerator(returned):
        if inspect.iscoroutine(returned):
            returned.close()  # else Python warns that nobody awaited it
            return "a coroutine (it is an `async def`, which nobody awaits)"
        return "a generator (it has a `yield`)"
    return described(returned)


def _missing(returned: Mapping[Any, Any], metric: str) -> str:
    names = [printable(str.__str__(key)) for key in islice(returned, _LOOKED_AT) if isinstance(key, str)]
    others = len(returned) - len(names)
    shown = [bounded(repr(name)) for name in names[:_NAMED]]
    if len(names) > _NAMED:
        shown.append(f"{len(names) - _NAMED:,} more")
    if others > 0:
        shown.append(f"{others:,} whose keys are no texts" if len(returned) <= _LOOKED_AT else f"{others:,} more")
    given = ", ".join(shown) or "an empty mapping"
    return f"metric {metric!r}: the train function returned {given}; allowed: {metric!r} among them" + did_you_mean(
        metric, [name for name in names[:MOST_METRICS] if len(name) <= NAME_CHARACTERS]
    )


def _shown(key: Any) -> str:
    return bounded(printable(str.__str__(key))) if isinstance(key, str) else described(key)
