"""assay validate: whether manifests are right, before anything runs."""

from __future__ import annotations

import typer

from assay.api.errors import InvalidInput, Problem
from assay.api.load import load_manifests
from assay.api.selection import select_hypotheses
from assay.cli.inputs import FileOption
from assay.runners.gather import checked, read_dataset


def validate(file: FileOption) -> None:
    """Check manifests: every field, what they mean together, and that the data set is there."""
    manifests = load_manifests(file)
    problems: list[Problem] = []
    for study in manifests.studies:
        try:
            checked(study, manifests.hypotheses, None)
            manifest = read_dataset(study.spec.dataset, f"ProxyStudy/{study.name}")[1]
            checked(study, manifests.hypotheses, manifest)
        except InvalidInput as error:
            problems.extend(error.problems)
    if problems:
        raise InvalidInput(problems)
    for study in manifests.studies:
        selected = select_hypotheses(study, manifests.hypotheses)
        typer.echo(f"ProxyStudy/{study.name}: valid, {len(selected)} hypotheses, {len(study.spec.proxies)} proxies")
    if not manifests.studies:
        typer.echo(f"{len(manifests.hypotheses)} hypotheses: valid")
