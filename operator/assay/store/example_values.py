"""Reading what trials said of each held-out example, a hypothesis at a time, and keeping only what it comes to."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np

from assay.planning.records.reported_examples import metric_values, why_missing
from assay.ranking import example_variances
from assay.ranking.arrays import FloatArray
from assay.store.together import together
from assay_trainer.contract import PerExample, TrialResult, digest, examples_name
from assay_trainer.objects import ObjectNotFound, Objects, UnfitObject

MOST_ANSWERS = 4096
"""The most hypotheses whose variances are kept: what is forgotten is read again."""

MOST_VALUES = 4 << 20
"""About how many bytes of values are kept: those of the baseline are needed for each hypothesis."""


class OfHypothesis(NamedTuple):
    """What is known of how much a hypothesis' difference from the baseline varies with the held-out examples."""

    variances: tuple[float, ...]
    """(seeds,): by what the seeds up to each have shown, infinite before the first that counts."""
    missing: str = ""
    """Why nothing is known of it; empty if something is."""


class _Values(NamedTuple):
    """The values of a trial."""

    name: str
    described: PerExample
    scale: float

    @property
    def form(self) -> tuple[str, int, int, float]:
        """What must agree between trials, so that their values can be compared one by one."""
        return self.described.kind, self.described.examples, self.described.kept, self.scale


class ExampleReader:
    """Reads values, and remembers what they come to. For use by one thread, for which others read.

    Nothing that is in the store can make it fail: values that are not there, or not as their result describes them, do
    not count.
    """

    def __init__(self, objects: Objects, at_a_time: int) -> None:
        self._objects = objects
        self._at_a_time = at_a_time
        self._answers: OrderedDict[object, OfHypothesis] = OrderedDict()
        self._values: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0

    def forget_missing(self) -> None:
        """Forget which values were not there: they may be there now."""
        for key in [key for key, answer in self._answers.items() if answer.missing]:
            del self._answers[key]
        for name in [name for name, data in self._values.items() if not data]:
            del self._values[name]

    def of_hypothesis(
        self,
        own: Mapping[int, TrialResult],
        baseline: Mapping[int, TrialResult],
        metric: str,
        before_reading: Callable[[], None],
    ) -> OfHypothesis:
        """Return what the results of a hypothesis and of the baseline, by seed, say of this metric.

        Raises StoreError if the storage fails, and what `before_reading` raises.
        """
        seeds = sorted(own.keys() & baseline.keys())
        # the keys stand for the results, which never change
        asked = (metric, *((own[seed].key, baseline[seed].key) for seed in seeds))
        if asked not in self._answers:
            pairs, missing = _comparable(own, baseline, seeds, metric)
            if pairs:
                before_reading()
            self._answers[asked] = self._worked_out(pairs, missing)
            if len(self._answers) > MOST_ANSWERS:
                self._answers.popitem(last=False)
        self._answers.move_to_end(asked)
        return self._answers[asked]

    def _worked_out(self, pairs: Mapping[int, tuple[_Values, _Values]], missing: str) -> OfHypothesis:
        self._read([each for pair in pairs.values() for each in pair])
        differences = {}
        for seed, (own, baseline) in pairs.items():
            first, second = self._understood(own), self._understood(baseline)
            if first is None or second is None:
                missing = "the values that were reported per example are no longer in the store as they were"
            else:
                differences[seed] = first - second
        if not differences:
            return OfHypothesis((), missing)
        found = example_variances(
            np.stack(list(differences.values())), next(iter(pairs.values()))[0].described.examples
        )
        counts = [sum(each <= seed for each in differences) for seed in range(max(differences) + 1)]
        return OfHypothesis(tuple(float(found[count - 1]) if count else math.inf for count in counts))

    def _read(self, wanted: list[_Values]) -> None:
        """Read the values that are not known, and forget those that were not asked for for the longest time."""
        names = {each.name: each.described for each in wanted}
        missing = [name for name in names if name not in self._values]
        read = together(lambda name: self._bytes(name, names[name]), missing, self._at_a_time)
        for name, data in zip(missing, read, strict=True):
            self._values[name] = data
            self._size += len(data)
        for name in names:
            self._values.move_to_end(name)
        while self._size > MOST_VALUES and len(self._values) > len(names):
            self._size -= len(self._values.popitem(last=False)[1])

    def _bytes(self, name: str, described: PerExample) -> bytes:
        try:
            data = self._objects.get(name, described.size)
        except (ObjectNotFound, UnfitObject):
            return b""
        return data if len(data) == described.size and digest(data) == described.digest else b""

    def _understood(self, values: _Values) -> FloatArray | None:
        """Return the values in the metric's units, (kept,); None if they are not as they should be."""
        data, described = self._values[values.name], values.described
        if not data:
            return None
        if described.kind == "correct":
            numbers = np.unpackbits(np.frombuffer(data, np.uint8), count=described.kept).astype(np.float64)
        else:
            numbers = np.frombuffer(data, "<f4").astype(np.float64)
        return values.scale * numbers if np.isfinite(numbers).all() else None


def _comparable(
    own: Mapping[int, TrialResult], baseline: Mapping[int, TrialResult], seeds: Iterable[int], metric: str
) -> tuple[dict[int, tuple[_Values, _Values]], str]:
    """Return, by seed, the values that can be compared one by one, and why those of another seed can't be."""
    pairs: dict[int, tuple[_Values, _Values]] = {}
    missing = ""
    for seed in seeds:
        first, second = _values(own[seed], metric), _values(baseline[seed], metric)
        if first is None or second is None:
            whose, result = ("", own[seed]) if first is None else ("of the baseline: ", baseline[seed])
            missing = f"{whose}{why_missing(result, metric)}"
        elif first.form != second.form:
            missing = f"it reported {_form(first)}, the baseline {_form(second)}"
        elif pairs and first.form != next(iter(pairs.values()))[0].form:
            missing = "it reported other examples with other seeds"
        else:
            pairs[seed] = first, second
    return pairs, missing


def _values(result: TrialResult, metric: str) -> _Values | None:
    found = metric_values(result, metric)
    return _Values(examples_name(result.key, found.described), found.described, found.scale) if found else None


def _form(values: _Values) -> str:
    return f"{values.described.kind} of {values.described.examples:,} examples"
