"""assay replay --compare: the planner beside the yardsticks, by price."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from assay.api.errors import InvalidInput, Problem
from assay.cli.output import Output

if TYPE_CHECKING:
    from assay.runners.replay.study import Replayed
    from assay.runners.replay.table import Table

DEFAULT_ORDERS, MOST_ORDERS = 10, 100


class Options(NamedTuple):
    """What the command was given for the comparison, None where it was not."""

    orders: int | None
    truth: str | None
    report: Path | None


def check_options(given: Options, *, compare: bool) -> None:
    """Raises InvalidInput, before anything takes time; makes the folder of the report."""
    problems = []
    for option, value in (("--orders", given.orders), ("--truth", given.truth), ("--report", given.report)):
        if value is not None and not compare:
            problems.append(Problem("assay replay", option, f"{value} without --compare", f"--compare {option} …"))
    if given.orders is not None and not 1 <= given.orders <= MOST_ORDERS:
        problems.append(Problem("assay replay", "--orders", str(given.orders), f"1 to {MOST_ORDERS}"))
    if given.report is not None and (given.report.suffix != ".html" or given.report.is_dir()):
        problems.append(Problem("assay replay", "--report", str(given.report), "a file whose name ends in .html"))
    if not problems and given.report is not None:
        try:
            given.report.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            problems.append(_unwritable(given.report, error))
    if problems:
        raise InvalidInput(problems)


def show_comparison(
    replayed: Replayed,
    table: Table,
    judge: Table,
    given: Options,
    slots: int,
    output: Output,
    *,
    explain: bool = False,
) -> None:
    """Compare, print, and write the page if one was asked for. `judge` has the runs with the scores of the truth."""
    from rich.console import Console

    from assay.laboratory.comparing import compare
    from assay.laboratory.truth import Truth
    from assay.reporting.figures import count
    from assay.reporting.price_figures import price_json
    from assay.reporting.price_table import price_table

    truth = Truth.of(replayed, judge)
    seeds = count(judge.seeds, "seed")
    of = f"the mean of {given.truth} on" if given.truth else "the mean score on"
    words = f"{of} the reference over all {seeds} of the table"
    console = Console(stderr=True)
    with console.status("") as status:
        priced = compare(
            replayed,
            table,
            truth,
            given.orders or DEFAULT_ORDERS,
            slots,
            lambda done, of: status.update(f"{done} of {count(of, 'order')} of the seeds are done"),
        )
    if output is Output.JSON:
        typer.echo(json.dumps(price_json(replayed.study, priced, words), indent=2, ensure_ascii=False))
    else:
        Console().print(price_table(replayed.study, priced, words, explain=explain))
    if given.report is not None:
        from assay.reporting.price_page import price_page  # imports altair

        _write(given.report, price_page(replayed.study, priced, words))
        typer.echo(f"Written: {given.report}", err=True)


def _write(to: Path, text: str) -> None:
    try:
        to.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInput([_unwritable(to, error)]) from error


def _unwritable(to: Path, error: OSError) -> Problem:
    return Problem("assay replay", "--report", f"{to} ({error.strerror})", "a file that can be written")
