"""The commands, and the module of each one, so that a command imports only what it needs."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

import typer
import typer.core
import typer.main


class Place(NamedTuple):
    """The module and name of a command's function, or of the Typer of a group of commands."""

    module: str
    name: str
    help: str
    """The first paragraph of the function's docstring, which `--help` shows without importing it."""


COMMANDS = {
    "validate": Place(
        "assay.cli.validate",
        "validate",
        "Check manifests: every field, what they mean together, and that the data sets are there.",
    ),
    "plan": Place(
        "assay.cli.plan",
        "plan",
        "Say how many trials a study has, how long they take, and what it could certify at all. Runs nothing.",
    ),
    "run": Place(
        "assay.cli.run",
        "run",
        "Run a study: train what is missing, show what is known, end with the ranking. Run it again to go on.",
    ),
    "replay": Place(
        "assay.cli.replay",
        "replay",
        "Run a study on recorded results, with a virtual clock. The planner sees only what it has paid for.",
    ),
    "judge": Place(
        "assay.cli.judge",
        "judge",
        "Say what past runs say: which cheap comparison may be trusted, and which hypotheses beat the baseline.",
    ),
    "profile": Place(
        "assay.cli.profile",
        "profile",
        "Run the baseline's trial alone on this machine: say where the time goes and what would make it faster.",
    ),
    "report": Place(
        "assay.cli.report",
        "report",
        "Show what a study has found so far: one on the cluster or, with -f, one in a store within reach.",
    ),
    "status": Place(
        "assay.cli.cluster.status",
        "status",
        "Show what a study on a cluster has found: arms, ranking, state. Without a study, list all of them.",
    ),
    "logs": Place(
        "assay.cli.cluster.logs", "logs", "Print the output of the pods of a study's trials, the latest pod last."
    ),
    "retry": Place(
        "assay.cli.cluster.retry",
        "retry",
        "Try a study's failed trials again: their earlier failures no longer count.",
    ),
    "crds": Place("assay.cli.crds", "crds", "Write the custom resource definitions, generated from the models."),
    "shards": Place("assay.cli.shards", "shards", "Build data sets: images decoded once, into shards; look into them."),
}
"""All commands, in the order in which `--help` shows them."""


HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}


def program(**options: Any) -> typer.Typer:
    """Return a Typer with the settings that all commands share.

    Help is plain text: frames around tables get in the way of screen readers and of searching, and take as long to
    import as everything else together.
    """
    return typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, context_settings=HELP_OPTIONS, **options)


def loaded(name: str) -> Any:
    """Import a command and return it as Click has it, with all its options."""
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
    """A command whose error explains what happens when a shell expands a pattern without quotes."""

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
    """The group of all commands. Listing them imports none of their modules."""

    def __init__(self, **attributes: Any) -> None:
        """Make the group with names and help alone; `resolve_command` loads the real commands."""
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
        """Write each command with its whole help, which Click would cut to a line."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.help) for name, place in COMMANDS.items()])


_FLAGS_WITH_VALUE = ("-n", "--namespace", "--context", "--kubeconfig")
_FLAGS = ("-A", "--all-namespaces")


def with_flags_last(arguments: list[str]) -> list[str]:
    """Move kubectl's flags from before the command to behind it: kubectl accepts them in both places."""
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
