"""The form in which commands print what they have found."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Output(StrEnum):
    """What a command prints."""

    TABLE = "table"
    JSON = "json"


OutputOption = Annotated[
    Output, typer.Option("--output", "-o", help="Tables for people, or the study's status as JSON.")
]

ExplainOption = Annotated[
    bool, typer.Option("--explain", help="Say below the tables what their columns mean, and how to read the answers.")
]
