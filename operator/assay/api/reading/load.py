"""Reading manifests from files."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from pydantic import ValidationError

from assay.api.base import API_VERSION
from assay.api.errors import InvalidInput, Problem, nearest
from assay.api.metadata import wrong_keys
from assay.api.reading import words
from assay.api.reading.depth import ALLOWED, TOO_DEEP, too_deep
from assay.api.reading.faults import faults_of
from assay.api.reading.yaml_documents import MOST_BYTES, Document, Location, path_text, read_documents
from assay.api.resources import Hypothesis, ProxyStudy
from assay.api.values import IN_WORDS, LABEL_KEY

Resource = ProxyStudy | Hypothesis

_KINDS: dict[str, type[Resource]] = {"Hypothesis": Hypothesis, "ProxyStudy": ProxyStudy}
_SUFFIXES = (".yaml", ".yml")
_STANDARD_INPUT = Path("<standard input>")
"""The name of `-` in messages; its folder is the working directory."""


@dataclass(frozen=True)
class Manifests:
    """The resources of some files, in the order of the files' names and of the documents in them."""

    studies: tuple[ProxyStudy, ...]
    hypotheses: tuple[Hypothesis, ...]


def load_manifests(*paths: Path) -> Manifests:
    """Read the resources in YAML files, in all *.yaml and *.yml below folders, and (`-`) on standard input.

    They are in the order of the paths; within a folder, in the order of the files' names. A file that is named twice
    counts once. A relative path, of a data set or an input, is taken from the manifest's folder and becomes a file://
    URI. What a manifest says as `status` is ignored. Raises InvalidInput with everything that is wrong in all files.
    """
    problems: list[Problem] = []
    resources: list[tuple[Document, Resource]] = []
    files: dict[Path, Path] = {}
    for path in paths:
        try:
            for file in _manifest_files(path):
                files.setdefault(file.resolve(), file)
        except InvalidInput as error:
            problems += error.problems
    for file in files.values():
        documents, unreadable = read_documents(file, _read)
        for document in documents:
            resource, wrong = _resource(document)
            problems += wrong
            if resource is not None:
                resources.append((document, resource))
        problems += unreadable
    problems += _repeated_names(resources)
    if problems:
        raise InvalidInput(problems)
    return Manifests(
        studies=tuple(each for _, each in resources if isinstance(each, ProxyStudy)),
        hypotheses=tuple(each for _, each in resources if isinstance(each, Hypothesis)),
    )


def _read(file: Path) -> bytes:
    """Return the bytes of a file or pipe, at most one more than MOST_BYTES: a device has no end."""
    if file == _STANDARD_INPUT:
        return sys.stdin.buffer.read(MOST_BYTES + 1)
    with file.open("rb") as opened:
        return opened.read(MOST_BYTES + 1)


def _manifest_files(path: Path) -> list[Path]:
    if path == Path("-"):
        return [_STANDARD_INPUT]
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.suffix in _SUFFIXES and file.is_file())
        if not files:
            raise InvalidInput([Problem(str(path), "", "a folder without manifests", "*.yaml or *.yml files in it")])
        return files
    if not path.exists():
        raise InvalidInput([Problem(str(path), "", "a path where nothing is", "a YAML file, or a folder of them")])
    return [path]


def _resource(document: Document) -> tuple[Resource | None, list[Problem]]:
    value = document.value
    if not isinstance(value, dict):
        return None, [_problem(document, (), words.given(value), "an object with apiVersion, kind, metadata, spec")]
    if wrong := [*_wrong_name(document, "apiVersion", [API_VERSION]), *_wrong_name(document, "kind", list(_KINDS))]:
        return None, wrong
    if (location := too_deep(value)) is not None:
        return None, [_problem(document, location, TOO_DEEP, ALLOWED)]
    model = _KINDS[value["kind"]]
    text = json.dumps(_with_absolute_paths({**value, "status": None}, document.file))
    try:
        # From JSON and strictly, so that what passes here also passes the API server: "5" is no number.
        resource = model.model_validate_json(text, strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        return None, list(_field_problems(document, model, error))
    return resource, [
        _problem(document, ("metadata", field, key), f"the key {words.given(key)}", IN_WORDS[LABEL_KEY])
        for field, key in wrong_keys(resource.metadata)
    ]


def _wrong_name(document: Document, field: str, valid: list[str]) -> Iterator[Problem]:
    if field not in document.value:
        yield _problem(document, (field,), "nothing", words.one_of(valid), nearest(field, document.value))
    elif document.value[field] not in valid:
        name = document.value[field]
        yield _problem(document, (field,), words.given(name), words.one_of(valid), nearest(name, valid))


def _with_absolute_paths(value: dict[str, Any], file: Path) -> dict[str, Any]:
    """Return the document with a file:// URI for each path that it names; paths are relative to its own folder."""
    spec = value.get("spec")
    if not isinstance(spec, dict):
        return value
    dataset, trainer = spec.get("dataset"), spec.get("trainer")
    if isinstance(dataset, dict):
        paths = {name: path for name in ("manifest", "uri") if _is_path(path := dataset.get(name))}
        uris = {name: (file.parent / path).resolve().as_uri() for name, path in paths.items()}
        spec = {**spec, "dataset": {**dataset, **uris}}
    if isinstance(trainer, dict) and isinstance(inputs := trainer.get("inputs"), list):
        folder = file.parent.absolute()  # links stay as they are: where they lead may change
        inputs = [Path(os.path.normpath(folder / each)).as_uri() if _is_path(each) else each for each in inputs]
        spec = {**spec, "trainer": {**trainer, "inputs": inputs}}
    return {**value, "spec": spec}


def _is_path(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and value != "" and ":" not in value


def _field_problems(document: Document, model: type[Resource], error: ValidationError) -> Iterator[Problem]:
    for fault in faults_of(model, error):
        yield _problem(document, fault.location, fault.given, fault.allowed, fault.nearest)


def _repeated_names(resources: list[tuple[Document, Resource]]) -> Iterator[Problem]:
    first: dict[tuple[str, str | None, str], Document] = {}
    for document, resource in resources:
        identity = (resource.kind, resource.metadata.namespace, resource.name)
        if identity in first:
            other = first[identity]
            given = f"{words.given(resource.name)}, as in {other.file}:{other.line()}"
            yield _problem(document, ("metadata", "name"), given, f"each {resource.kind}'s name once")
        first.setdefault(identity, document)


def _problem(document: Document, location: Location, given: str, allowed: str, close: str | None = None) -> Problem:
    where = f"{document.file}:{document.line(location)}"
    value = document.value
    if isinstance(value, dict) and isinstance(value.get("metadata"), dict):
        where += f" ({value.get('kind')}/{value['metadata'].get('name')})"
    return Problem(where, path_text(location), given, allowed, close)
