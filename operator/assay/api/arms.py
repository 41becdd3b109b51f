"""The arms of a study, with what they leave out filled in from the reference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from assay.api.recipes import arm_recipe
from assay.api.resources import REFERENCE, ProxyArm, ProxyStudy, RankedBy, Subset
from assay_trainer.contract import Fidelity


@dataclass(frozen=True)
class Arm:
    """A named fidelity of a study.

    `metric` is what it is ranked by. `proxy` is the index in the spec's proxies of the one that it is of; None: it is
    the reference.
    """

    name: str
    fidelity: Fidelity
    recipe: dict[str, Any]
    """The recipe before a hypothesis changes it."""
    metric: RankedBy
    proxy: int | None = None

    @property
    def read_at(self) -> int | None:
        """The epoch at which its learning curve is read; None: it is ranked by what the train function returns."""
        return self.fidelity.stop_after

    @property
    def whole(self) -> Fidelity:
        """The fidelity of the run whose curve it is read from; its own, if it is read at the end."""
        return self.fidelity.whole()


def arms_of(study: ProxyStudy) -> tuple[Arm, ...]:
    """Return the reference, then the proxies in the order of the spec, one for each epoch at which they are read."""
    spec = study.spec
    reference = Arm(REFERENCE, _of_reference(study), arm_recipe(study, None), spec.metric)
    return (reference, *(arm for index, proxy in enumerate(spec.proxies) for arm in _of_proxy(study, index, proxy)))


def _of_proxy(study: ProxyStudy, index: int, proxy: ProxyArm) -> Iterator[Arm]:
    own = {
        "epochs": proxy.epochs,
        "steps": proxy.steps,
        "image_size": proxy.image_size,
        "batch_size": proxy.batch_size,
        "data_percent": proxy.data_percent,
        "subset": (proxy.subset or Subset.RANDOM).value,
        "hardest_percent_left_out": proxy.hardest_percent_left_out,
        "subset_entrypoint": proxy.subset_entrypoint,
    }
    whole = _of_reference(study).model_copy(update={name: value for name, value in own.items() if value is not None})
    recipe, metric = arm_recipe(study, proxy), proxy.metric or study.spec.metric
    epochs = proxy.read_at.epochs if proxy.read_at else (None,)
    for epoch in epochs:
        name = proxy.name if len(epochs) == 1 else f"{proxy.name}-{epoch}"
        yield Arm(name, whole.model_copy(update={"stop_after": epoch}), recipe, metric, index)


def _of_reference(study: ProxyStudy) -> Fidelity:
    reference = study.spec.reference
    return Fidelity(
        epochs=reference.epochs or 1,
        steps=reference.steps,
        image_size=reference.image_size,
        batch_size=reference.batch_size,
        data_percent=reference.data_percent,
    )
