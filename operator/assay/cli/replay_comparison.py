"""assay replay --compare: the planner beside other policies, by price."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from assay.api.errors import InvalidInput, Problem
from assay.cli.output import Output, make_folder_of, write_file

if TYPE_CHECKING:
    from assay.recorded.table import Table
    from assay.runners.replay.study import Replayed

DEFAULT_ORDERS, MOST_ORDERS = 10, 100


class ComparisonOptions(NamedTuple):
    """The options of the comparison; None where an option was not given."""

    orders: int | None
    truth: str | None
    report: Path | None


def check_options(given: ComparisonOptions, *, compare: bool) -> None:
    """Make the folder of the report. Raises InvalidInput for wrong options, before anything takes time."""
    problems = []
    for option, value in (("--orders", given.orders), ("--truth", given.truth), ("--report", given.report)):
        if value is not None and not compare:
            problems.append(Problem("assay replay", option, f"{value} without --compare", f"--compare {option} …"))
    if given.orders is not None and not 1 <= given.orders <= MOST_ORDERS:
        problems.append(Problem("assay replay", "--orders", str(given.orders), f"1 to {MOST_ORDERS}"))
    if given.report is not None and (given.report.suffix != ".html" or given.report.is_dir()):
        problems.append(Problem("assay replay", "--report", str(given.report), "a file whose name ends in .html"))
    if problems:
        raise InvalidInput(problems)
    if given.report is not None:
        make_folder_of(given.report, "assay replay", "--report")


def show_comparison(
    replayed: Replayed,
    table: Table,
    judge: Table,
    given: ComparisonOptions,
    slots: int,
    output: Output,
    *,
    explain: bool = False,
) -> None:
    """Compare the policies, print the result, and write the page if one was asked for. `judge` has the runs with the
    scores that count as the truth."""
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

        write_file(given.report, price_page(replayed.study, priced, words), "assay replay", "--report")
