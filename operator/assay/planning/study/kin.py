"""Who may be kin: by the label that the study names, or else by what hypotheses set in their recipes.

A hypothesis that lacks the label, or does not set the key, is a family of its own: to leave a setting as it is makes
nobody kin.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assay.api.bounds import shortened
from assay.ranking.true_orders.kin import Kin
from assay_trainer.contract import canonical_json

if TYPE_CHECKING:
    from assay.api.resources import Hypothesis

MOST_KEYS = 50
"""So many keys are tried at most, those first that most hypotheses set: each that is tried makes it harder to tell
whether one explains more than chance would."""
_NAME_LENGTH = 100


def kin_of(hypotheses: Sequence[Hypothesis], label: str | None) -> tuple[Kin, ...]:
    """Return the ways in which hypotheses may be kin: by the `label` alone that their study names, if it names one."""
    if label is not None:
        labels = ((each.name, each.metadata.labels.get(label)) for each in hypotheses)
        return (Kin(label, tuple((name, value) for name, value in labels if value is not None), declared=True),)
    by_key: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for each in hypotheses:
        for key, value in _settings(each):
            by_key[key].append((each.name, value))
    telling = [key for key, members in by_key.items() if _tells_families(members, len(hypotheses))]
    telling.sort(key=lambda key: (-len(by_key[key]), key))
    return tuple(Kin(shortened(key, _NAME_LENGTH), tuple(by_key[key])) for key in telling[:MOST_KEYS])


def _tells_families(members: list[tuple[str, str]], hypotheses: int) -> bool:
    """Return whether there are two families or more, and one with two members or more."""
    values = len({value for _, value in members})
    return values < len(members) and values + hypotheses - len(members) > 1


def _settings(hypothesis: Hypothesis) -> Iterator[tuple[str, str]]:
    """Yield what a hypothesis sets: keys of the recipe, nested ones as dotted paths, its code and its data."""
    spec = hypothesis.spec
    yield from _flattened("", spec.recipe)
    if spec.trainer is not None:
        for name, value in (("trainer.image", spec.trainer.image), ("trainer.entrypoint", spec.trainer.entrypoint)):
            if value is not None:
                yield name, value
    if spec.dataset is not None:
        names = (("manifest", spec.dataset.manifest), ("uri", spec.dataset.uri), ("version", spec.dataset.version))
        yield from ((f"dataset.{name}", value) for name, value in names if value is not None)


def _flattened(path: str, recipe: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in recipe.items():
        if isinstance(value, Mapping):
            yield from _flattened(f"{path}{key}.", value)
        else:
            yield f"{path}{key}", canonical_json(value).decode()
