"""What is wrong with how the length of runs is given: in epochs, or in steps."""

from __future__ import annotations

from collections.abc import Iterator

from assay.api.errors import Problem
from assay.api.resources import ProxyStudy, Subset


def wrong_lengths(study: ProxyStudy) -> Iterator[Problem]:
    """Yield what is wrong with the lengths of a study's arms: all are given as the reference's is, since how many steps
    make an epoch is known only with the data."""
    where, reference = f"{study.kind}/{study.name}", study.spec.reference
    if (reference.epochs is None) == (reference.steps is None):
        given = "neither epochs nor steps" if reference.steps is None else "both epochs and steps"
        yield Problem(where, "spec.reference", given, "either epochs or steps")
        return
    for index, proxy in enumerate(study.spec.proxies):
        path = f"spec.proxies[{index}]"
        if reference.epochs is not None:
            if proxy.steps is not None:
                yield Problem(where, f"{path}.steps", str(proxy.steps), "epochs, as in the reference")
            continue
        if proxy.epochs is not None:
            yield Problem(where, f"{path}.epochs", str(proxy.epochs), "steps, as in the reference")
        if proxy.read_at is not None:
            allowed = "readAt only where the reference has epochs; give a proxy of fewer steps instead"
            yield Problem(where, f"{path}.readAt", "an object", allowed)
        if proxy.subset is Subset.RS2:
            allowed = "RS2 only where the reference has epochs, since each epoch has examples of its own"
            yield Problem(where, f"{path}.subset", proxy.subset, allowed)
