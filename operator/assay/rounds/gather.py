"""From manifests to a study that can be planned: the data sets read, the code known, everything checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from assay.api.checks.check import checked
from assay.api.errors import InvalidInput, Problem
from assay.api.selection import select_hypotheses
from assay.planning.study.capacity import Capacity
from assay.planning.study.definition import StudyDefinition
from assay.planning.study.programs import Program, Surroundings, preparing_programs, program_of, study_program
from assay.planning.study.study import Study
from assay.runners.protocol import UnusableProgram
from assay.store.limits import ON_ONE_MACHINE
from assay_trainer.contract import (
    Dataset,
    DatasetManifest,
    ExamplesManifest,
    InvalidManifest,
    StatedDataset,
    digest,
    read_manifest,
)
from assay_trainer.objects import ObjectNotFound, ObjectTooLarge, StoreError, open_objects, split_object_uri

if TYPE_CHECKING:
    from assay.api.resources import DatasetReference, Hypothesis, ProxyStudy, ProxyStudySpec
    from assay.runners.protocol import Runner

    DatasetReader = Callable[[DatasetReference, str], tuple[Dataset, DatasetManifest | ExamplesManifest]]


def gather_study(
    resource: ProxyStudy,
    hypotheses: Iterable[Hypothesis],
    runner: Runner,
    datasets: DatasetReader | None = None,
) -> Study:
    """Gather the study with its selected hypotheses and the digests of their data and code. Raises InvalidInput.

    `datasets` reads a data set (as `read_dataset`, the default), for whoever reads them often.
    """
    read = datasets or read_dataset
    hypotheses = tuple(hypotheses)
    checked(resource, hypotheses, None)
    place = f"ProxyStudy/{resource.name}"
    dataset, manifest = _dataset(resource.spec.dataset, place, read)
    checked(resource, hypotheses, manifest)
    selected = select_hypotheses(resource, hypotheses)
    places = _programs(resource, selected)
    definition = StudyDefinition(
        resource=resource,
        hypotheses=selected,
        code=_code(places, runner, resource.spec),
        dataset=dataset,
        datasets={
            hypothesis.name: _dataset(hypothesis.spec.dataset, f"Hypothesis/{hypothesis.name}", read)[0]
            for hypothesis in selected
            if hypothesis.spec.dataset
        },
        surroundings=_surroundings(places, runner),
        held_out_examples=manifest.held_out.examples if manifest is not None else None,
    )
    return Study.of(definition, capacity=Capacity(runner.slots(), runner.idle_slots_are_free()))


def _dataset(
    reference: DatasetReference, place: str, read: DatasetReader
) -> tuple[Dataset | StatedDataset, DatasetManifest | ExamplesManifest | None]:
    """Return a data set, and its manifest, if it has one: others are opened by the train function alone."""
    if reference.version is not None:
        return StatedDataset(uri=reference.uri, version=reference.version), None
    return read(reference, place)


def read_dataset(
    reference: DatasetReference, place: str, limit: int = ON_ONE_MACHINE.manifest
) -> tuple[Dataset, DatasetManifest | ExamplesManifest]:
    """Read a data set by its manifest's URI; `place` is the resource that names it. Raises InvalidInput, also for a
    manifest of more than `limit` bytes."""
    uri = reference.manifest
    assert uri is not None, "it has a version instead"

    def problem(given: str, allowed: str) -> InvalidInput:
        return InvalidInput([Problem(place, "spec.dataset.manifest", given, allowed)])

    try:
        prefix, name = split_object_uri(uri)
        data = open_objects(prefix).get(name, limit)
    except ObjectTooLarge as error:
        raise problem(
            f"{uri}, which has {error.size} bytes", f"a manifest.json of at most {limit} bytes (limits.manifest)"
        ) from error
    except ObjectNotFound:
        raise problem(
            f"{uri}, where there is nothing", "the manifest.json that `assay shards build` has written"
        ) from None
    except (ValueError, StoreError) as error:
        allowed = "file:///folder/manifest.json, s3://bucket/prefix/manifest.json"
        raise problem(f"{uri} ({error})", allowed) from error
    try:
        manifest = read_manifest(data)
    except InvalidManifest as error:
        raise problem(
            f"{uri}, which can't be understood: {error}",
            "a manifest.json that `assay shards build` has written",
        ) from error
    content = manifest.content if isinstance(manifest, ExamplesManifest) else None
    return Dataset(manifest=uri, digest=digest(data), content=content), manifest


def missing_inputs(resource: ProxyStudy | Hypothesis) -> Iterator[Problem]:
    """Yield a problem for each file or folder of this machine that a resource names as an input and that is not
    there. A data set that the train function reads by itself is one."""
    where = f"{resource.kind}/{resource.name}"
    if (data := resource.spec.dataset) is not None and data.uri is not None and (path := _missing(data.uri)):
        yield Problem(
            where, "spec.dataset.uri", f"{path}, where there is nothing", "a file or a folder, or another URI"
        )
    inputs = (resource.spec.trainer.inputs if resource.spec.trainer else None) or ()
    for index, uri in enumerate(inputs):
        if path := _missing(uri):
            yield Problem(
                where, f"spec.trainer.inputs[{index}]", f"{path}, where there is nothing", "a file or a folder"
            )


def _missing(uri: str) -> Path | None:
    """Return the path of a file:// URI where there is nothing on this machine."""
    path = Path(unquote(urlsplit(uri).path))
    return path if uri.startswith("file:") and not path.exists() else None


def _programs(resource: ProxyStudy, selected: Iterable[Hypothesis]) -> dict[Program, str]:
    """Return every program that the study needs, with the resource that names it."""
    places = {program_of(resource.spec, hypothesis): f"Hypothesis/{hypothesis.name}" for hypothesis in selected}
    study = f"ProxyStudy/{resource.name}"
    places[study_program(resource.spec)] = study
    for program in preparing_programs(resource.spec):
        places.setdefault(program, study)
    return places


def _code(places: Mapping[Program, str], runner: Runner, spec: ProxyStudySpec) -> dict[Program, str]:
    """Return the digest of every program's code. Raises InvalidInput."""
    found: dict[Program, str] = {}
    problems: list[Problem] = []
    fields = preparing_programs(spec)
    for program, place in places.items():
        try:
            found[program] = runner.code_digest(program)
        except UnusableProgram as error:
            why = str(error).removeprefix(f"entrypoint: given {error.given!r}; ")
            given = f"{error.given} ({why})"
            field = f"spec.trainer.{error.field}"
            if error.field == "entrypoint" and program != study_program(spec) and place.startswith("ProxyStudy/"):
                field = fields.get(program, field)
            problems.append(Problem(place, field, given, error.allowed))
    if problems:
        raise InvalidInput(problems)
    return found


def _surroundings(places: Mapping[Program, str], runner: Runner) -> dict[Program, Surroundings]:
    """Return what programs depend on besides their code, for those that name something. Raises InvalidInput."""
    found: dict[Program, Surroundings] = {}
    problems: dict[tuple[str, str], Problem] = {}
    # The study's come first: what is wrong with them is its own fault, whichever hypothesis has them, too.
    for program, place in sorted(places.items(), key=lambda each: not each[1].startswith("ProxyStudy/")):
        if not (program.inputs or program.digested):
            continue
        try:
            found[program] = runner.surroundings(program)
        except UnusableProgram as error:
            problem = Problem(place, f"spec.trainer.{error.field}", f"{error.given}, {error}", error.allowed)
            problems.setdefault((error.field, error.given), problem)
    if problems:
        raise InvalidInput(list(problems.values()))
    return found
