"""The arms of a study, with what they leave out filled in from the reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from assay.api.recipes import merged_recipe
from assay.api.resources import REFERENCE, ProxyStudy, Subset
from assay_trainer.contract import Fidelity


@dataclass(frozen=True)
class Arm:
    """A named fidelity of a study."""

    name: str
    fidelity: Fidelity
    recipe: dict[str, Any]
    """The recipe before a hypothesis changes it."""


def arms_of(study: ProxyStudy) -> tuple[Arm, ...]:
    """Return the reference, then the proxies in the order of the spec."""
    names = [REFERENCE, *(proxy.name for proxy in study.spec.proxies)]
    return tuple(Arm(name, fidelity_of(study, name), merged_recipe(study, name)) for name in names)


def fidelity_of(study: ProxyStudy, arm_name: str) -> Fidelity:
    """Return how much of the recipe an arm runs. Raises KeyError if the study has no such arm."""
    reference = study.spec.reference
    fidelity = Fidelity(
        epochs=reference.epochs,
        image_size=reference.image_size,
        batch_size=reference.batch_size,
        data_percent=reference.data_percent,
    )
    if arm_name == REFERENCE:
        return fidelity
    proxy = {arm.name: arm for arm in study.spec.proxies}[arm_name]
    own = {
        "epochs": proxy.epochs,
        "image_size": proxy.image_size,
        "batch_size": proxy.batch_size,
        "data_percent": proxy.data_percent,
        "subset": (proxy.subset or Subset.RANDOM).value,
    }
    return fidelity.model_copy(update={name: value for name, value in own.items() if value is not None})
