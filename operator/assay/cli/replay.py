"""assay replay: a study on a table of recorded results, which takes no time."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.api.errors import InvalidInput, Problem, nearest
from assay.cli.inputs import FileOption, StudyOption, load_study
from assay.cli.output import ExplainOption, Output, OutputOption
from assay.cli.pairs import pairs
from assay.cli.replay_comparison import DEFAULT_ORDERS, MOST_ORDERS, ComparisonOptions, check_options, show_comparison
from assay.cli.run import exit_code
from assay.recorded.choice import MEANINGS, REPEATS, Choice

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assay.api.reading.load import Manifests
    from assay.api.resources import ProxyStudy
    from assay.recorded.table import Table
    from assay.runners.replay.study import Replayed


def replay(
    table: Annotated[
        Path,
        typer.Argument(
            help="A table with a row per recorded run (CSV and the like, Parquet, JSON, .xlsx; - for standard input); "
            "a run without a score failed by its own fault."
        ),
    ],
    file: FileOption,
    study: StudyOption = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", help=f"NAME=COLUMN, for a column with another name than: {', '.join(MEANINGS)}."),
    ] = None,
    recorded_arm: Annotated[
        list[str] | None,
        typer.Option("--recorded-arm", help="ARM=NAME: what the table calls an arm of the study."),
    ] = None,
    repeats: Annotated[
        str | None,
        typer.Option(
            "--repeats",
            help=f"What counts of several rows of one run: {', '.join(REPEATS)} (further seeds). Default: none.",
            show_default=False,
        ),
    ] = None,
    where: Annotated[list[str] | None, typer.Option("--where", help="COLUMN=VALUE: only rows with this value.")] = None,
    slots: Annotated[int, typer.Option("--slots", min=1, help="How many recorded runs go on at a time.")] = 1,
    compare: Annotated[
        bool, typer.Option("--compare", help="Compare the planner with other policies: price against agreement.")
    ] = False,
    orders: Annotated[
        int | None,
        typer.Option(
            "--orders",
            help="With --compare: the number of orders in which the seeds are tried, "
            f"1 to {MOST_ORDERS}. Default: {DEFAULT_ORDERS}.",
            show_default=False,
        ),
    ] = None,
    truth: Annotated[
        str | None,
        typer.Option(
            "--truth",
            help="With --compare: the column of the true scores, such as test accuracy. Default: the score column.",
            show_default=False,
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="With --compare: write an HTML file with the charts.", show_default=False),
    ] = None,
    output: OutputOption = Output.TABLE,
    explain: ExplainOption = False,
) -> None:
    """Run a study on recorded results, with a virtual clock. The planner sees only what it has paid for.

    A row of the table is a run: its hypothesis, its seed, its cost in
    seconds, its score (none if it failed), and its arm, named as in the
    study, or by its epochs. Instead of an arm it may have a training
    size: an arm's dataPercent is then a share of the largest size.
    What the columns of MLflow, Optuna and W&B mean is known, and said.
    """
    from assay.recorded.read import read_file
    from assay.runners.replay.study import replay_study

    options = ComparisonOptions(orders, truth, report)
    check_options(options, compare=compare)
    resource, manifests = _loaded(file, study)
    choice = _choice(column or (), where or (), repeats, resource.spec.metric.name)
    recorded = read_file(table, choice)
    chosen = pairs(recorded_arm or (), "assay replay", "--recorded-arm")
    replayed = replay_study(resource, manifests.hypotheses, recorded, slots, chosen)
    for sentence in filter(None, (*recorded.said, replayed.note)):
        typer.echo(sentence, err=True)
    if compare:
        judge = _judge(table, choice, truth) if truth else recorded
        show_comparison(replayed, recorded, judge, options, slots, output, explain=explain)
        return
    raise typer.Exit(_run(replayed, recorded, slots, output, explain=explain))


def _run(replayed: Replayed, recorded: Table, slots: int, output: Output, *, explain: bool) -> int:
    """Run the study to its end, print what it found, and return the exit code."""
    from assay.cli.screen import Screen
    from assay.reporting.figures import count
    from assay.reporting.tables import summary
    from assay.rounds.reconcile import drive
    from assay.runners.replay.runner import ReplayRunner
    from assay.store import Ledger
    from assay_trainer.objects import MemoryObjects

    objects = MemoryObjects()
    with Screen(quiet=True) as screen, ReplayRunner(recorded, replayed.arms, objects, slots) as runner:
        decided = drive(replayed.study, Ledger(objects), runner, runner.clock, lambda _: None).plan
        if output is Output.JSON:
            typer.echo(json.dumps(decided.status.to_dict(), indent=2, ensure_ascii=False))
        else:
            screen.print(summary(replayed.study, decided.status, explain=explain))
            if recorded.sizes:
                sizes = ", ".join(f"{arm} {size}" for arm, size in replayed.arms.items())
                screen.print(f"Recorded training sizes used for the arms: {sizes}.")
            runs, at_a_time = count(decided.status.trials.succeeded, "recorded run"), f"{slots} at a time"
            screen.print(f"{runs}, {runner.clock():.0f} virtual seconds, {at_a_time}.")
            if absent := runner.not_recorded():
                words = f"that the study asked for {'is' if absent == 1 else 'are'} not in the table"
                screen.print(f"{count(absent, 'run')} {words}: counted as failed above, and held against nobody.")
    return exit_code(decided.status)


def _loaded(file: Sequence[str], study: str | None) -> tuple[ProxyStudy, Manifests]:
    """Return the study and what else the manifests have; to one seed, it is said who can do with that."""
    try:
        return load_study(file, study)
    except InvalidInput as error:
        raise InvalidInput(
            [
                replace(problem, allowed=f"{problem.allowed}; what a single seed can say, assay judge says")
                if problem.path == "spec.seeds.initial" and problem.given == "1"
                else problem
                for problem in error.problems
            ]
        ) from None


def _choice(column: Iterable[str], where: Iterable[str], repeats: str | None, metric: str) -> Choice:
    from assay.api.reading.words import one_of

    columns = pairs(column, "assay replay", "--column")
    for name in columns:
        if name not in MEANINGS:
            problem = Problem("assay replay", "--column", repr(name), one_of(MEANINGS), nearest(name, MEANINGS))
            raise InvalidInput([problem])
    if "arm" in columns and "size" in columns:
        raise InvalidInput([Problem("assay replay", "--column", "arm and size", "one of the two")])
    if repeats is not None and repeats not in REPEATS:
        raise InvalidInput([Problem("assay replay", "--repeats", repr(repeats), one_of(REPEATS))])
    rows = pairs(where, "assay replay", "--where")
    return Choice(
        hypothesis=_several(columns.get("hypothesis")),
        arm=_several(columns.get("arm")),
        size=columns.get("size"),
        seed=columns.get("seed"),
        score=columns.get("score"),
        cost=columns.get("cost"),
        state=columns.get("state"),
        start=columns.get("start"),
        end=columns.get("end"),
        where=rows,
        repeats=next((each for each in REPEATS if each == repeats), None),
        metric=metric,
        needs_cost=True,
        option="--column {}",
    )


def _several(columns: str | None) -> tuple[str, ...]:
    return tuple(columns.split(",")) if columns else ()


def _judge(table: Path, choice: Choice, truth: str) -> Table:
    from assay.recorded.read import read_file

    try:
        return read_file(table, replace(choice, score=truth))
    except InvalidInput as error:
        raise InvalidInput(
            [replace(problem, path=problem.path.replace("--column score", "--truth")) for problem in error.problems]
        ) from None
