"""Which classes a small part of the training data may leave out: said beforehand, and forbidden by nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from assay.api.arms import Arm
from assay.api.bounds import first_of, shortened
from assay_trainer.contract import DatasetManifest, ExamplesManifest, ExamplesSplit, subset_size

_MOST_NAMES = 3
_LONGEST_NAME = 40

_BY_CLASS = ("Random", "RS2", "EL2N")
"""The subsets that have each class in proportion. The others choose by scores, whatever the class."""


class ClassCount(NamedTuple):
    """A class, and how many training examples it has."""

    name: str
    examples: int


def small_subsets(place: str, arms: Sequence[Arm], manifest: DatasetManifest | ExamplesManifest) -> Iterator[str]:
    """Yield a sentence for each arm some of whose subsets may hold no example of some classes of a data set, whose
    manifest it is. `place` is the resource that names the data set. Manifests of version 1 count no classes."""
    if isinstance(manifest, DatasetManifest) or not (counts := _class_counts(manifest)):
        return
    examples, said = manifest.train.examples, set()
    for arm in arms:
        fidelity = arm.whole
        asked = fidelity.data_percent, fidelity.subset, fidelity.epochs if fidelity.subset == "RS2" else None
        if asked in said or not fidelity.takes_subset or fidelity.subset not in _BY_CLASS:
            continue
        said.add(asked)
        used = _used(examples, fidelity.data_percent, fidelity.subset, fidelity.epochs)
        if not (left_out := may_be_left_out(counts, examples, used, fidelity.subset)):
            continue
        enough = next(
            percent
            for percent in range(fidelity.data_percent + 1, 101)
            if not may_be_left_out(
                counts, examples, _used(examples, percent, fidelity.subset, fidelity.epochs), fidelity.subset
            )
        )
        field = "spec.reference" if arm.proxy is None else f"spec.proxies[{arm.proxy}]"
        names = [f"{json.dumps(shortened(name, _LONGEST_NAME))} ({count})" for name, count in left_out]
        yield (
            f"{place}: {field}: {arm.name} has {fidelity.data_percent} % of the training data, {used} of {examples} "
            f"examples, and {len(left_out)} of {len(counts)} classes have so few that a subset may hold none of them: "
            f"{first_of(names, _MOST_NAMES)}; from {enough} % on, each subset has all classes"
        )


def may_be_left_out(counts: Sequence[ClassCount], examples: int, used: int, subset: str) -> list[ClassCount]:
    """Return the classes of which a subset of `used` of so many examples may hold none, the rarest first.

    Random and RS2: a data set's order interleaves its n examples of k classes so that no more than
    n (2 - 1 / (k - 1)) / c others lie between two of a class of c (Tijdeman's releases and deadlines, as in
    `assay_trainer.shards.order`), or fewer than n / c if all classes are of one size. EL2N takes a stretch of each
    class' ranks, which lie 1 / c apart; where it begins and ends differs between classes by an example of each.
    """
    present = [each for each in counts if each.examples]
    others = len(present) - 1
    if used >= examples or not others:
        return []
    if subset == "EL2N":
        found = [each for each in present if each.examples * (used - others + 1) < examples]
    elif len({each.examples for each in present}) == 1:
        found = [each for each in present if each.examples * used < examples]
    else:
        found = [each for each in present if each.examples * used * others <= examples * (2 * others - 1)]
    return sorted(found, key=lambda each: (each.examples, each.name))


def _class_counts(manifest: ExamplesManifest) -> list[ClassCount]:
    """Return the classes of the field by which the order interleaves; none if the manifest does not count them, or
    counts what can't be."""
    if (label := manifest.label()) is None:
        return []
    name, field = label
    split: ExamplesSplit = manifest.train
    counts = split.class_counts.get(name, ())
    if len(counts) != len(field.names) or min(counts, default=-1) < 0 or sum(counts) != split.examples:
        return []
    return [ClassCount(*each) for each in zip(field.names, counts, strict=True)]


def _used(examples: int, percent: int, subset: str, epochs: int) -> int:
    """Return how many examples a trial trains on: with RS2 in all of its epochs, which follow one another."""
    once = subset_size(examples, percent)
    return min(examples, once * epochs) if subset == "RS2" else once
