"""Warnings before anything runs: what is allowed, and may mislead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from assay.api.resources import DatasetReference, Hypothesis, ProxyStudy
    from assay_trainer.contract import Dataset, DatasetManifest, ExamplesManifest


class ManifestsRead:
    """Reads data sets as `read_dataset` does, each of them once, whoever names it."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[Dataset, DatasetManifest | ExamplesManifest]] = {}

    def __call__(self, reference: DatasetReference, place: str) -> tuple[Dataset, DatasetManifest | ExamplesManifest]:
        """Return a data set and its manifest. Raises InvalidInput."""
        from assay.rounds.gather import read_dataset

        uri = reference.manifest or ""
        if uri not in self._found:
            self._found[uri] = read_dataset(reference, place)
        return self._found[uri]


def say_cautions(study: ProxyStudy, hypotheses: Sequence[Hypothesis], read: ManifestsRead) -> None:
    """Say what is to be said of a valid study: of proxies that were seen to mislead, of changes without an effect, and
    of classes that small subsets may leave out, once for each data set."""
    from assay.api.arms import arms_of
    from assay.api.checks.cautions import cautions
    from assay.api.checks.overridden import overridden
    from assay.api.checks.small_subsets import small_subsets
    from assay.api.selection import select_hypotheses

    selected = select_hypotheses(study, hypotheses)
    for caution in (*cautions(study), *overridden(study, selected)):
        typer.echo(f"Warning: {caution}", err=True)
    said = set()
    named: list[ProxyStudy | Hypothesis] = [study, *selected]
    for resource in named:
        data = resource.spec.dataset
        if data is None or data.manifest is None or data.manifest in said:
            continue
        said.add(data.manifest)
        place = f"{resource.kind}/{resource.name}"
        for caution in small_subsets(place, arms_of(study), read(data, place)[1]):
            typer.echo(f"Warning: {caution}", err=True)
