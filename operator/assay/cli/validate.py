"""assay validate: manifests are checked before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import typer

from assay.api.errors import InvalidInput, Problem
from assay.cli.cautioned import ManifestsRead, say_cautions
from assay.cli.inputs import FileOption, load_given

if TYPE_CHECKING:
    from assay.api.resources import Hypothesis, ProxyStudy


def validate(file: FileOption) -> None:
    """Check manifests: every field, what they mean together, and that the data sets are there.

    It warns of proxies that are allowed, and were seen to mislead, and of classes that small subsets may leave out.
    """
    from assay.api.selection import select_hypotheses
    from assay.reporting.figures import count, hypotheses_in_words
    from assay_trainer.contract import StatedDataset

    manifests = load_given(file)
    read = ManifestsRead()
    problems = [problem for study in manifests.studies for problem in _problems(study, manifests.hypotheses, read)]
    if problems:
        raise InvalidInput(problems)
    for study in manifests.studies:
        selected = hypotheses_in_words(len(select_hypotheses(study, manifests.hypotheses)))
        proxies = count(len(study.spec.proxies), "proxy", "proxies")
        data = study.spec.dataset
        stated = StatedDataset(uri=data.uri, version=data.version) if data.version is not None else None
        own = f", data that the train function reads by itself ({stated})" if stated else ""
        typer.echo(f"ProxyStudy/{study.name}: valid, {selected}, {proxies}{own}")
        say_cautions(study, manifests.hypotheses, read)
    if not manifests.studies:
        typer.echo(f"{hypotheses_in_words(len(manifests.hypotheses))}: valid; there is no study among them")


def _problems(study: ProxyStudy, hypotheses: Sequence[Hypothesis], read: ManifestsRead) -> Iterator[Problem]:
    from assay.api.checks.check import checked
    from assay.api.selection import select_hypotheses
    from assay.rounds.gather import missing_inputs

    try:
        checked(study, hypotheses, None)
        if study.spec.dataset.manifest is not None:
            checked(study, hypotheses, read(study.spec.dataset, f"ProxyStudy/{study.name}")[1])
    except InvalidInput as error:
        yield from error.problems
    yield from missing_inputs(study)
    for hypothesis in select_hypotheses(study, hypotheses):
        yield from missing_inputs(hypothesis)
        if hypothesis.spec.dataset is not None and hypothesis.spec.dataset.manifest is not None:
            try:
                read(hypothesis.spec.dataset, f"Hypothesis/{hypothesis.name}")
            except InvalidInput as error:
                yield from error.problems
