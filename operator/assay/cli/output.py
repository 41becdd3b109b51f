"""The forms in which commands print what they have found, and the files they write it to."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from assay.api.errors import InvalidInput, Problem


class Output(StrEnum):
    """The form in which a command prints its findings."""

    TABLE = "table"
    JSON = "json"


OutputOption = Annotated[
    Output, typer.Option("--output", "-o", help="Tables for people, or the study's status as JSON.")
]

ExplainOption = Annotated[
    bool, typer.Option("--explain", help="Say below the tables what their columns mean, and how to read the answers.")
]


def make_folder_of(file: Path, command: str, option: str) -> None:
    """Make the folder of a file that a command's option names. Raises InvalidInput if it can't be made."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(file, command, option, error) from error


def write_file(file: Path, text: str, command: str, option: str) -> None:
    """Write a file that a command's option names, and say so. Raises InvalidInput if it can't be written."""
    make_folder_of(file, command, option)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _not_writable(file, command, option, error) from error
    typer.echo(f"Written: {file}", err=True)


def _not_writable(file: Path, command: str, option: str, error: OSError) -> InvalidInput:
    return InvalidInput([Problem(command, option, f"{file} ({error.strerror})", "a file that can be written")])
