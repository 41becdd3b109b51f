"""What a hypothesis changes in vain, since arms say it themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assay.api.arms import arms_of
from assay.api.bounds import first_of
from assay.api.resources import Hypothesis, ProxyStudy

_FIELD = "batchSize"
_MOST_ARMS = 3


def overridden(study: ProxyStudy, selected: Sequence[Hypothesis]) -> Iterator[str]:
    """Yield a sentence for each selected hypothesis whose recipe has another batch size than arms that have their own:
    a fidelity's counts, so that its trials there are those of a hypothesis without it."""
    arms = [(arm.name, arm.fidelity.batch_size) for arm in arms_of(study) if arm.fidelity.batch_size is not None]
    for hypothesis in selected:
        given = hypothesis.spec.recipe.get(_FIELD)
        others = [f"{name} ({size})" for name, size in arms if given is not None and given != size]
        if others:
            yield (
                f"Hypothesis/{hypothesis.name}: spec.recipe.{_FIELD}: given {given!r:.40}, which changes nothing in "
                f"arms that say their own: {first_of(others, _MOST_ARMS)}. Leave it out of those arms, and let "
                f"spec.trainer.recipe have the usual one"
            )
