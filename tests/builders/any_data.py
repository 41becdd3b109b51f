"""Studies and trials on data that the train function reads by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from assay.api.resources import DatasetReference
from assay_trainer.contract import Fidelity
from assay_trainer.data.own_data import OwnData
from assay_trainer.trial import Trial


def stated(version: str = "1", uri: str | None = "s3://data/table.csv") -> DatasetReference:
    """Return the reference to a data set without a manifest."""
    return DatasetReference(uri=uri, version=version)


def a_trial_on_own_data(
    percent: int = 100, *, seed: int = 0, epochs: int = 1, data: OwnData | None = None, **fields: Any
) -> Trial:
    """Return a trial of a function that reads its data by itself."""
    data = data or OwnData("s3://data/table.csv", "1")

    def none() -> NoReturn:
        raise AssertionError("nobody asks for shards")

    nothing: Callable[[], Any] = none
    return Trial(
        recipe={},
        fidelity=Fidelity(data_percent=percent, epochs=epochs, **fields),
        seed=seed,
        classes=nothing,
        training_data=nothing,
        held_out=nothing,
        own_data=data,
        own_held_out=data,
    )
