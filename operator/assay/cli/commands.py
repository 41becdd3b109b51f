"""The commands and where each one's code is, so that a command imports what it needs and no other's."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

import typer
import typer.core
import typer.main


class Place(NamedTuple):
    """Where a command's function is; or the Typer of a group of commands."""

    module: str
    name: str
    help: str
    """The first paragraph of its docstring, which `--help` shows without importing it."""


COMMANDS = {
    "validate": Place(
        "assay.cli.validate",
        "validate",
        "Check manifests: every field, what they mean together, and that the data sets are there.",
    ),
    "plan": Place(
        "assay.cli.plan",
        "plan",
        "Say how many trials a study is, how long they take, and what could be certified at all. Runs nothing.",
    ),
    "run": Place(
        "assay.cli.run",
        "run",
        "Run a study: train what is missing, show what is known, end with the ranking. Run it again to go on.",
    ),
    "replay": Place(
        "assay.cli.replay",
        "replay",
        "Run a study on recorded results, by a virtual clock. The planner sees only what it has paid for.",
    ),
    "profile": Place(
        "assay.cli.profile",
        "profile",
        "Run the baseline's trial alone on this machine: say where the time goes and what would make it faster.",
    ),
    "report": Place(
        "assay.cli.report",
        "report",
        "Show what a study has found so far: of one on the cluster, or (-f) in a store that this machine reaches.",
    ),
    "status": Place(
        "assay.cli.cluster.status",
        "status",
        "Show what a study on a cluster has found: its arms, its ranking, its state. Without a study: which there are.",
    ),
    "logs": Place(
        "assay.cli.cluster.logs", "logs", "Print what the pods of a study's trials printed, the latest pod last."
    ),
    "retry": Place(
        "assay.cli.cluster.retry",
        "retry",
        "Let the failures of a study's trials no longer count, so that they are tried again.",
    ),
    "crds": Place("assay.cli.crds", "crds", "Write the custom resource definitions that the models say."),
    "shards": Place("assay.cli.shards", "shards", "Data sets, decoded once into shards."),
}
"""In the order in which `--help` shows them."""


HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}


def program(**options: Any) -> typer.Typer:
    """A Typer with what all have in common. Its help is plain text: a table's frame costs a reader of the screen, and
    whoever searches in it, more than it gives, and takes as long to import as all the rest."""
    return typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, context_settings=HELP_OPTIONS, **options)


def loaded(name: str) -> Any:
    """A command, as Click has it, with all its options."""
    place = COMMANDS[name]
    found: Any = getattr(import_module(place.module), place.name)
    if isinstance(found, typer.Typer):
        group = typer.main.get_group(found)
        group.name = name
        return group
    alone = program(add_completion=False)
    alone.command(name, cls=_Command)(found)
    return typer.main.get_command(alone)


class _Command(typer.core.TyperCommand):
    """A command that knows what a shell makes of a pattern."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            message = getattr(error, "message", "")
            if "unexpected extra argument" in message and any(each.startswith(("-f", "--file")) for each in given):
                error.message = f"{message}. {ONE_EACH}"  # type: ignore[attr-defined]  # Click shows it
            raise


ONE_EACH = "Each file has a -f of its own; a pattern is put in quotes, as in -f 'hypotheses/*.yaml'."


class Commands(typer.core.TyperGroup):
    """The group of all commands: the list of them needs no code of theirs."""

    def __init__(self, **attributes: Any) -> None:
        """The commands here have their names and their help alone; `resolve_command` has the real ones."""
        named = {name: typer.core.TyperCommand(name, help=place.help) for name, place in COMMANDS.items()}
        super().__init__(**{**attributes, "commands": named})

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        args = with_flags_last(args)
        if ctx.resilient_parsing and args and args[0].startswith("-"):
            args = []  # a shell completes the command behind kubectl's flags
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return name, loaded(name) if name in COMMANDS else command, rest

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - Click's signature
        """With all of their help, where Click would cut it to a line."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.help) for name, place in COMMANDS.items()])


_FLAGS_WITH_VALUE = ("-n", "--namespace", "--context", "--kubeconfig")
_FLAGS = ("-A", "--all-namespaces")


def with_flags_last(arguments: list[str]) -> list[str]:
    """kubectl takes its flags before a command, too: those that stand there, moved behind it."""
    flags: list[str] = []
    rest = list(arguments)
    while rest:
        name, equals, _ = rest[0].partition("=")
        attached = rest[0].startswith("-n") and len(rest[0]) > 2 and not rest[0].startswith("--")
        if rest[0] in _FLAGS or (equals and name in _FLAGS_WITH_VALUE) or attached:
            flags.append(rest.pop(0))
        elif rest[0] in _FLAGS_WITH_VALUE and len(rest) > 1:
            flags += [rest.pop(0), rest.pop(0)]
        else:
            break
    return [*rest[:1], *flags, *rest[1:]] if rest and not rest[0].startswith("-") else [*flags, *rest]
