from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from assay.api.arms import arms_of
from assay.api.checks.small_subsets import ClassCount, may_be_left_out, small_subsets
from assay.api.resources import ReferenceArm, Subset
from assay_trainer.contract import DataField, DatasetManifest, ExamplesManifest, ExamplesSplit, digest
from assay_trainer.shards.order import interleaved
from assay_trainer.subsets.hardest import hardest
from builders.manifests import a_dataset_manifest, a_proxy, a_proxy_study


def a_manifest(counts: Mapping[str, int]) -> ExamplesManifest:
    """The manifest of a data set with so many training examples of each class."""
    split = ExamplesSplit(examples=sum(counts.values()), files={}, class_counts={"label": tuple(counts.values())})
    label = DataField(kind="class", type="int64", names=tuple(counts))
    return ExamplesManifest(name="animals", fields={"label": label}, content=digest(b""), train=split, held_out=split)


def said_of(manifest: ExamplesManifest | DatasetManifest, **proxy: object) -> list[str]:
    study = a_proxy_study(proxies=[a_proxy("short", epochs=1), a_proxy("tiny", **proxy)])
    return list(small_subsets("ProxyStudy/digits", arms_of(study), manifest))


def in_every_window(counts: Sequence[int], used: int) -> list[bool]:
    """Whether each class is in every window of so many examples, of the order that a builder writes."""
    order = np.repeat(np.arange(len(counts)), counts)
    order = np.random.default_rng(0).permutation(order)
    order = order[interleaved(order)]
    cyclic = np.concatenate([order, order[: used - 1]])
    windows = np.lib.stride_tricks.sliding_window_view(cyclic, used)
    return [bool((windows == label).any(1).all()) for label in range(len(counts))]


@pytest.mark.parametrize(
    "counts", [(40, 10), (30, 20, 5, 1), (12, 12, 12, 12), (50, 3, 2, 2, 1), (7, 8, 9, 10, 11), (90, 1)]
)
def test_a_class_that_is_not_named_is_in_every_window_of_the_order(counts: Sequence[int]) -> None:
    named = [ClassCount(str(label), count) for label, count in enumerate(counts)]
    for used in range(1, sum(counts) + 1):
        found = {int(each.name) for each in may_be_left_out(named, sum(counts), used, "Random")}
        there = in_every_window(counts, used)
        assert all(there[label] for label in range(len(counts)) if label not in found), used
        # and one whose share is less than an example is missing somewhere
        assert all(label in found for label, count in enumerate(counts) if count * used < sum(counts)), used


@pytest.mark.parametrize("counts", [(40, 10), (30, 20, 5, 1), (12, 12, 12)])
def test_a_class_that_is_not_named_is_among_the_hardest_whatever_the_scores(counts: Sequence[int]) -> None:
    named = [ClassCount(str(label), count) for label, count in enumerate(counts)]
    labels = np.repeat(np.arange(len(counts)), counts)
    scores = np.random.default_rng(0).random(len(labels)).astype(np.float32)
    for used in range(1, len(labels)):
        found = {int(each.name) for each in may_be_left_out(named, len(labels), used, "EL2N")}
        for left_out in range(0, len(labels) - used, 7):
            there = set(labels[hardest(scores, labels, used, left_out)].tolist())
            assert there | found == set(range(len(counts))), (used, left_out)


def test_an_arm_is_named_with_the_rarest_classes_and_the_percent_that_is_enough() -> None:
    manifest = a_manifest({"cat": 5000, "dog": 4900, "fox": 60, "lynx": 25, "elk": 10, "owl": 5})
    (caution,) = said_of(manifest, data_percent=1)
    assert caution.startswith("ProxyStudy/digits: spec.proxies[1]: tiny has 1 % of the training data, 100 of 10000 ex")
    assert (
        '4 of 6 classes have so few that a subset may hold none of them: "owl" (5), "elk" (10), "lynx" (25)' in caution
    )
    assert "and 1 more; from 37 % on, each subset has all classes" in caution
    assert said_of(manifest, data_percent=37) == []
    assert said_of(manifest, data_percent=36) != []


def test_the_reference_may_have_a_small_subset_too() -> None:
    study = a_proxy_study(reference=ReferenceArm(epochs=10, data_percent=1), proxies=[a_proxy("short", epochs=1)])
    (caution,) = small_subsets("ProxyStudy/digits", arms_of(study), a_manifest({"cat": 1000, "owl": 10}))
    assert "spec.reference: reference has 1 %" in caution


def test_other_examples_in_each_epoch_bring_rare_classes() -> None:
    manifest = a_manifest({"cat": 900, "dog": 890, "owl": 10})
    assert said_of(manifest, data_percent=5) != []
    assert said_of(manifest, data_percent=5, subset=Subset.RS2) == []  # of ten epochs


def test_nothing_is_said_of_what_the_manifest_does_not_count() -> None:
    assert said_of(a_dataset_manifest(), data_percent=1) == []
    manifest = a_manifest({"cat": 900, "owl": 10})
    lying = manifest.model_copy(update={"train": manifest.train.model_copy(update={"class_counts": {"label": (1, 2)}})})
    assert said_of(manifest, data_percent=1) != []
    assert said_of(lying, data_percent=1) == []


def test_a_name_can_not_write_to_the_terminal_nor_fill_it() -> None:
    (caution,) = said_of(a_manifest({"cat": 1000, "\x1b[2J" + "o" * 500: 1}), data_percent=1)
    assert "\x1b" not in caution
    assert len(caution) < 400
