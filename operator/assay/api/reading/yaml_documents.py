"""Reading YAML with everything that helps to say where something is wrong."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from assay.api.errors import Problem

Location = tuple[str | int, ...]
"""Keys and indices from the top of a document to a value."""

MOST_BYTES = 32 << 20
"""The most bytes of a file: a hundred thousand hypotheses, and some minutes of reading."""

MOST_VALUES = 100_000
"""The most values of a document; a study of 10 000 hypotheses is 10 000 documents."""


@dataclass(frozen=True)
class Document:
    """One document of a file, as JSON values."""

    file: Path
    value: Any
    node: yaml.Node

    def line(self, location: Location = ()) -> int:
        """Return the line (from 1) of the value there, or of what is nearest above it."""
        node = self.node
        for step in location:
            inner = _child(node, step)
            if inner is None:
                break
            node = inner
        return int(node.start_mark.line) + 1


def read_documents(file: Path, read: Callable[[Path], bytes] = Path.read_bytes) -> tuple[list[Document], list[Problem]]:
    """Return all documents of a file that could be read, and what is wrong with the others.

    A file of more than MOST_BYTES is refused as a whole; `read` may stop one byte after them.
    """
    loader = _loader_of(file, read)
    if isinstance(loader, Problem):
        return [], [loader]
    documents: list[Document] = []
    problems: list[Problem] = []
    try:
        while loader.check_node():
            document, faults = _next_document(file, loader)
            problems += faults
            if document.value is not None and not faults:
                documents.append(document)
    except yaml.MarkedYAMLError as error:
        problems.append(_broken(file, error))
    except _TooManyValues as error:
        problems.append(_too_many_values(file, error.line))
    except RecursionError:
        problems.append(Problem(str(file), "", "values nested too deeply, or within themselves", "plain YAML"))
    if not documents and not problems:
        problems.append(Problem(str(file), "", "an empty file", "one or more resources"))
    return documents, problems


def _loader_of(file: Path, read: Callable[[Path], bytes]) -> _Loader | Problem:
    """Return a loader of the file's text, or why it has none."""
    try:
        content = read(file)
        if len(content) > MOST_BYTES:
            given = f"a file of more than {MOST_BYTES >> 20} MiB"
            return Problem(str(file), "", given, f"at most {MOST_BYTES >> 20} MiB in one file")
        return _Loader(content.decode("utf-8-sig"))
    except OSError as error:
        return Problem(str(file), "", f"a file that can't be read ({error.strerror})", "a readable file")
    except UnicodeDecodeError as error:
        return Problem(str(file), "", f"bytes that are no text (at byte {error.start})", "YAML in UTF-8")
    except yaml.reader.ReaderError as error:
        given = f"the character U+{int(error.character):04X} (at character {error.position})"
        return Problem(str(file), "", given, "printable text")


def _next_document(file: Path, loader: _Loader) -> tuple[Document, list[Problem]]:
    """Return the next document and what is wrong with it; its value is None if it is empty, or was not worth making.

    Raises MarkedYAMLError, RecursionError, _TooManyValues.
    """
    node = loader.get_node()
    assert node is not None, "check_node says that there is one"
    faults = list(_too_large(file, node) or _repeated_keys(file, node, ()))
    if faults:
        return Document(file, None, node), faults
    document = Document(file, loader.construct_document(node), node)
    return document, list(_not_json(document, document.value, ()))


def path_text(location: Location) -> str:
    """Return a location as people write it: `spec.proxies[2].subset`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return text.removeprefix(".")


class _TooManyValues(Exception):
    """A document has more than MOST_VALUES; `line` (from 1) is where the last one that was read begins."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class _Loader(yaml.SafeLoader):
    """YAML as Kubernetes' tools read it: 1e-3 is a number, 2026-01-31 and 1:30 are text.

    Nodes take hundreds of bytes each, so a document with too many is not read to its end: raises _TooManyValues.
    """

    _values_read = 0

    def compose_document(self) -> yaml.Node | None:
        self._values_read = 0
        return super().compose_document()

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._values_read += 1
        if self._values_read > MOST_VALUES:  # written out, aliases stand for still more
            raise _TooManyValues(self.get_mark().line + 1)
        return super().compose_node(parent, index)

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":int", ":float"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^([-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+)$"), list("-+0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^([-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$"),
    list("-+0123456789."),
)


def _broken(file: Path, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    where = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else str(file)
    what = ", ".join(part for part in (error.context, error.problem) if part)
    return Problem(where, "", f"broken YAML ({what})", "YAML")


def _child(node: yaml.Node, step: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        child: yaml.Node = node.value[step]
        return child
    return None


def _too_large(file: Path, node: yaml.Node) -> list[Problem]:
    """Return the problem of a document with too many values: a few lines of aliases of aliases may fill any memory."""
    if _values(node, {}) <= MOST_VALUES:
        return []
    return [_too_many_values(file, node.start_mark.line + 1)]


def _too_many_values(file: Path, line: int) -> Problem:
    given = f"more than {MOST_VALUES:,} values, aliases written out"
    return Problem(f"{file}:{line}", "", given, "a smaller document")


def _values(node: yaml.Node, known: dict[int, int]) -> int:
    """Return how many values a node stands for; `known` has those counted before, by `id`. Raises RecursionError."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) not in known:
        inner = node.value if isinstance(node, yaml.SequenceNode) else [each for pair in node.value for each in pair]
        known[id(node)] = 1 + sum(_values(each, known) for each in inner)
    return known[id(node)]


def _repeated_keys(file: Path, node: yaml.Node, location: Location) -> Iterator[Problem]:
    """Yield each key that is there twice: PyYAML would silently take the last one."""
    if isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            name = str(key.value)
            line = key.start_mark.line + 1
            if name in lines and key.tag != "tag:yaml.org,2002:merge":
                given = f"the key twice, in lines {lines[name]} and {line}"
                yield Problem(f"{file}:{line}", path_text((*location, name)), given, "each key once")
            lines[name] = line
            yield from _repeated_keys(file, value, (*location, name))
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _repeated_keys(file, item, (*location, index))


def _not_json(document: Document, value: Any, location: Location) -> Iterator[Problem]:
    def problem(given: str, allowed: str) -> Problem:
        return Problem(f"{document.file}:{document.line(location)}", path_text(location), given, allowed)

    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(key, str):
                yield from _not_json(document, inner, (*location, key))
            else:
                given = f"the key {str(key).lower() if isinstance(key, bool) else key}"
                yield problem(given, "text as a key: put it in quotes")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _not_json(document, inner, (*location, index))
    elif isinstance(value, float) and not math.isfinite(value):
        yield problem(str(value), "a finite number")
    elif value is not None and not isinstance(value, str | int | float):
        yield problem(f"a YAML {type(value).__name__}", "text, a number, a list, an object")
