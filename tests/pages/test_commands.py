"""What a page tells people to type is what the program, the Makefile and the benchmarks know."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from assay.cli.commands import COMMANDS, loaded
from pages.markdown import ROOT, Page, pages

_ASSAY = re.compile(r"^(?:\S+/|kubectl )?assay +(?=[a-z])")
_SCRIPT = re.compile(r"\bpython (\S+\.py)\b((?: +--?[a-z][\w-]*)*)")
_TARGET = re.compile(r"^make ((?:[a-z][\w-]*)(?: [a-z][\w-]*)*)(?: |$)")


def commands(each: Page) -> Iterator[str]:
    """Lines of the page's blocks of code, and what stands between backticks, without comments."""
    for block in each.blocks:
        if block.language not in ("mermaid", "yaml", "python"):
            yield from (line.partition(" #")[0].strip() for line in block.lines)
    for span in each.code_spans():
        yield re.sub(r"\s+", " ", span.strip())


def of_assay(each: Page) -> Iterator[list[str]]:
    """Arguments of each command of ours: the command's name first."""
    for command in commands(each):
        if found := _ASSAY.match(command):
            arguments = shlex.split(command[found.end() :].replace("…", ""))
            if arguments[0] in COMMANDS:
                yield arguments
            else:
                assert command.startswith("assay charts"), f"no such command: {command}"  # a release that Helm installs


def unknown_options(arguments: list[str]) -> list[str]:
    """Options that the command does not have."""
    command: Any = loaded(arguments[0])
    if subcommands := getattr(command, "commands", None):
        command = subcommands[arguments[1]]
    known = {"-h", "--help", *(name for parameter in command.params for name in parameter.opts)}
    return [argument for argument in arguments if re.match(r"--?[a-zA-Z]", argument) and argument not in known]


@pytest.mark.parametrize("each", pages(), ids=str)
def test_commands_and_options_of_the_program_are_those_that_it_has(each: Page) -> None:
    wrong = {" ".join(arguments): found for arguments in of_assay(each) if (found := unknown_options(arguments))}
    assert wrong == {}


@pytest.mark.parametrize("each", pages(), ids=str)
def test_targets_of_make_are_in_the_makefile(each: Page) -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][\w-]*):", makefile, re.MULTILINE))
    named = {name for command in commands(each) if (found := _TARGET.match(command)) for name in found[1].split()}
    assert named <= targets


@pytest.mark.parametrize("each", pages(), ids=str)
def test_scripts_are_there_and_know_their_options(each: Page) -> None:
    wrong = []
    for command in commands(each):
        for script, options in _SCRIPT.findall(command):
            file = ROOT / script
            if script.startswith(("benchmarks/", "examples/")):
                text = file.read_text() if file.is_file() else ""
                wrong += [f"{script} {option}" for option in options.split() if f'"{option}"' not in text]
                wrong += [] if text else [script]
    assert wrong == []
