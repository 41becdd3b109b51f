"""What a page tells people to type is what the program, the chart, the Makefile and the benchmarks know."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

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


def not_understood(arguments: list[str]) -> list[str]:
    """Options that the command does not have, or that take no such value."""
    command: Any = loaded(arguments[0])
    if subcommands := getattr(command, "commands", None):
        command = subcommands[arguments[1]]
    known: dict[str, Any] = {name: parameter for parameter in command.params for name in parameter.opts}
    wrong = []
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if re.match(r"--?[a-zA-Z]", argument) and argument not in ("-h", "--help"):
            choices = getattr(known[argument].type_descriptor, "choices", None) or () if argument in known else ()
            if argument not in known or (
                choices and following not in [getattr(each, "value", each) for each in choices]
            ):
                wrong.append(f"{argument} {following}")
    return wrong


@pytest.mark.parametrize("each", pages(), ids=str)
def test_commands_and_options_of_the_program_are_those_that_it_has(each: Page) -> None:
    wrong = {" ".join(arguments): found for arguments in of_assay(each) if (found := not_understood(arguments))}
    assert wrong == {}


@pytest.mark.parametrize("each", pages(), ids=str)
def test_values_that_helm_is_told_to_set_are_the_charts(each: Page) -> None:
    chart = yaml.safe_load((ROOT / "charts" / "assay" / "values.yaml").read_text())
    told = re.findall(r"--set[ =]([^\s`]+)", "\n".join(commands(each)))
    names = [assignment.partition("=")[0] for values in told for assignment in values.split(",") if "=" in assignment]
    assert [name for name in names if not is_value(chart, name.split("."))] == []


def is_value(values: Any, path: list[str]) -> bool:
    """Whether the chart has such a value; below an empty one there may be any."""
    if not path or values == {}:
        return True
    return isinstance(values, dict) and path[0] in values and is_value(values[path[0]], path[1:])


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
