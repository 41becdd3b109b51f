"""Where a trial's data come from: from the shards of its data sets, or from its train function itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from assay_trainer.arrays import Images, Labels
from assay_trainer.contract import Dataset, StatedDataset, TrialRequest
from assay_trainer.data import Choose, Copy, Examples, OpenedDataset, PixelStatistics, SplitName, open_dataset
from assay_trainer.data.own_data import OwnData, not_ours
from assay_trainer.subsets import rotation_of
from assay_trainer.subsets.rotation import Rotation


class TrialData(NamedTuple):
    """What a trial gives its train function. `own` are data sets that the function reads by itself."""

    classes: tuple[str, ...] | Callable[[], tuple[str, ...]]
    training: Callable[[], tuple[Images, Labels]]
    held_out: Callable[[], tuple[Images, Labels]]
    examples: Callable[[SplitName], Examples]
    own: OwnData | None = None
    own_held_out: OwnData | None = None
    rotation: Rotation | None = None
    pixel_statistics: PixelStatistics | None = None


def data_of(request: TrialRequest, choose: Choose | None, copy: Copy | None = None) -> TrialData:
    """Open the data sets of a trial that have a manifest; `choose` cuts the training data to the trial's subset,
    which `copy` may find elsewhere.

    Raises InvalidDataset, StoreError.
    """
    train = _opened(request.dataset)
    held_out = train if request.held_out == request.dataset else _opened(request.held_out)
    known = train or held_out
    size = request.fidelity.image_size or (max(known.manifest.train.sizes, default=None) if known else None)

    def examples(split: SplitName) -> Examples:
        if (dataset := train if split == "train" else held_out) is None:
            given = request.dataset if split == "train" else request.held_out
            not_ours("trial.examples()", given, "read trial.dataset.uri")()
            raise AssertionError
        return dataset.examples(split, size, choose, copy) if split == "train" else dataset.examples(split, size)

    return TrialData(
        classes=known.manifest.classes if known else not_ours("trial.classes", request.dataset, "say them yourself"),
        training=partial(train.train, size, choose, copy)
        if train
        else not_ours("trial.training_data()", request.dataset, "read what trial.keep keeps of trial.dataset.uri"),
        held_out=partial(held_out.held_out, size)
        if held_out
        else not_ours("trial.held_out()", request.held_out, "read the held-out part of trial.held_out_dataset.uri"),
        examples=examples,
        own=_own(request.dataset),
        own_held_out=_own(request.held_out),
        rotation=rotation_of(train.manifest.train.examples, request.fidelity, request.seed) if train else None,
        pixel_statistics=train.pixel_statistics if train else None,
    )


def _opened(dataset: Dataset | StatedDataset) -> OpenedDataset | None:
    return open_dataset(dataset) if isinstance(dataset, Dataset) else None


def _own(dataset: Dataset | StatedDataset) -> OwnData | None:
    return OwnData(dataset.uri, dataset.version) if isinstance(dataset, StatedDataset) else None
