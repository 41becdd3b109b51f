"""The files that the `-f` options of a command name, found as kubectl finds them."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from assay.api.errors import InvalidInput, Problem

STANDARD_INPUT = "-"

_LONGEST_SHOWN = 200
_SUFFIXES = (".yaml", ".yml")
_ALLOWED = "a YAML file, a folder of them, a pattern such as 'hypotheses/*.yaml', or - for standard input"


def manifest_paths(given: Sequence[str]) -> list[Path]:
    """Return the files and folders of all `-f` options, in their order; `-` stays as it is. Raises InvalidInput.

    A text that is no path as a whole is split at commas. A pattern that the shell has not expanded stands for what it
    matches, in alphabetical order: folders and manifests, or any files if the pattern itself says how their names end.
    """
    paths: list[Path] = []
    problems: list[Problem] = []
    for text in given:
        for part in _parts(text):
            try:
                paths += _expanded(part)
            except InvalidInput as error:
                problems += error.problems
    if problems:
        raise InvalidInput(problems)
    return paths


def folders_of(given: Sequence[str]) -> list[Path]:
    """Return the folders where a team's own modules may be: those of the manifests, in the order of the `-f` options.
    Raises InvalidInput."""
    folders = (path if path.is_dir() else path.parent for path in manifest_paths(given))
    return list(dict.fromkeys(folders))


def in_words(given: Sequence[str]) -> str:
    """Return the `-f` options as one text, for the message about a problem."""
    return ", ".join(given)


def _parts(text: str) -> list[str]:
    return [text] if "," not in text or _is_there(text) else [part.strip() for part in text.split(",")]


def _expanded(part: str) -> list[Path]:
    if not part:  # most likely a variable that is not set
        raise InvalidInput([Problem("-f", "", "nothing", _ALLOWED)])
    if part == STANDARD_INPUT or _is_there(part):
        return [Path(part)]
    if not glob.has_magic(part):
        shown = part if len(part) <= _LONGEST_SHOWN else f"{part[:_LONGEST_SHOWN]}…"
        raise InvalidInput([Problem(shown, "", "a path where nothing is", _ALLOWED)])
    found = list(_matching(part))
    if not found:
        raise InvalidInput([Problem(part, "", "a pattern that no manifest matches", _ALLOWED)])
    return found


def _matching(pattern: str) -> Iterator[Path]:
    ending = Path(pattern).suffix
    any_ending = not ending or glob.has_magic(ending)
    for name in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207 - a pattern may begin at the root
        path = Path(name)
        if path.is_dir() or not any_ending or path.suffix in _SUFFIXES:
            yield path


def _is_there(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):  # a name that is too long, or has a zero byte
        return False
