"""assay judge: what past runs say, of whichever tool."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from assay.cli.output import ExplainOption, write_file
from assay.cli.pairs import pairs

REPORT_OPTION = "--report"


class JudgeOutput(StrEnum):
    """The form in which the findings are printed."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"


class Repeats(StrEnum):
    """What becomes of different rows of one hypothesis, arm and seed."""

    MEAN = "mean"
    FIRST = "first"
    LAST = "last"
    SEEDS = "seeds"


def judge(
    runs: Annotated[
        str,
        typer.Argument(
            metavar="RUNS",
            help="A file with a row per run (CSV, Parquet, JSON lines, Excel, …), - for standard input, "
            "mlflow:URI for a tracking store, or optuna:URL for a storage.",
            show_default=False,
        ),
    ],
    hypothesis: Annotated[
        str | None,
        typer.Option("--hypothesis", help="Column that names what was tried; several together as lr,optimizer."),
    ] = None,
    arm: Annotated[
        str | None,
        typer.Option(
            "--arm",
            help="Column that says how much of a run was run, such as epochs; several together with commas. "
            "step, of a store: each step of the score's history.",
        ),
    ] = None,
    seed: Annotated[str | None, typer.Option("--seed", help="Column of the seeds.")] = None,
    score: Annotated[str | None, typer.Option("--score", help="Column of the scores.")] = None,
    cost: Annotated[str | None, typer.Option("--cost", help="Column of what a run cost, in seconds.")] = None,
    goal: Annotated[
        str | None, typer.Option("--goal", help="maximize or minimize. Default: as the name of the score tells.")
    ] = None,
    reference: Annotated[
        str | None, typer.Option("--reference", help="The arm that counts. Default: the largest, or the dearest.")
    ] = None,
    baseline: Annotated[
        str | None, typer.Option("--baseline", help="The hypothesis that the others are compared with.")
    ] = None,
    proxy: Annotated[
        list[str] | None, typer.Option("--proxy", help="An arm to judge; several times for several. Default: all.")
    ] = None,
    where: Annotated[list[str] | None, typer.Option("--where", help="COLUMN=VALUE: only rows with this value.")] = None,
    repeats: Annotated[
        Repeats | None,
        typer.Option("--repeats", help="What becomes of different rows of one hypothesis, arm and seed."),
    ] = None,
    threshold: Annotated[
        float, typer.Option("--threshold", help="The Kendall's tau that a trusted proxy reaches.")
    ] = 0.8,
    confidence: Annotated[float, typer.Option("--confidence", help="Of what is said, in percent.")] = 95,
    on_failure: Annotated[
        str,
        typer.Option(
            "--on-failure",
            help="unstable: who fails is never the best. ignore: other seeds count alone. Or a failed run's score.",
        ),
    ] = "unstable",
    smallest_effect: Annotated[
        float, typer.Option("--smallest-effect", help="The smallest difference that matters, in the score's unit.")
    ] = 0.0,
    experiment: Annotated[
        str | None, typer.Option("--experiment", help="The experiment of an MLflow store, if it has several.")
    ] = None,
    study: Annotated[
        str | None, typer.Option("--study", help="The study of an Optuna storage, if it has several.")
    ] = None,
    report: Annotated[Path | None, typer.Option(REPORT_OPTION, help="Write the report: an HTML file.")] = None,
    output: Annotated[
        JudgeOutput, typer.Option("--output", "-o", help="Tables, everything as JSON, or Markdown.")
    ] = JudgeOutput.TABLE,
    explain: ExplainOption = False,
) -> None:
    """Say what past runs say: which cheap comparison may be trusted, and which hypotheses beat the baseline.

    Columns are recognised by the names that MLflow, Optuna and Weights &
    Biases write; how is said before the answer. Nothing is run.
    """
    from assay.judging.found import findings_of
    from assay.judging.judge import judge_table
    from assay.judging.options import JudgingOptions
    from assay.judging.sources import runs_at
    from assay.judging.uncollected import uncollected
    from assay.recorded.choice import Choice

    options = JudgingOptions.of(
        reference=reference,
        baseline=baseline,
        proxies=tuple(proxy or ()),
        goal=goal,
        threshold=threshold,
        confidence=confidence,
        on_failure=on_failure,
        smallest_effect=smallest_effect,
    )
    choice = Choice(
        hypothesis=_columns(hypothesis),
        arm=_columns(arm),
        seed=seed,
        score=score,
        cost=cost,
        where=pairs(where or (), "assay judge", "--where"),
        repeats=repeats.value if repeats else None,
    )
    named = [each for each in (reference, *(proxy or ())) if each is not None]
    with uncollected():
        past = runs_at(runs, choice, part=experiment or study, named_arms=named)
        judged = judge_table(past.table, options, name=past.name, goal=past.goal, by_step=past.by_step)
        findings = findings_of(judged)
    for note in findings.notes:
        typer.echo(note, err=True)
    if report is not None:
        from assay.judging.report import html_text

        write_file(report, html_text(judged, findings.answers), "assay judge", REPORT_OPTION)
    if output is JudgeOutput.JSON:
        typer.echo(json.dumps(findings.to_dict(), indent=2, ensure_ascii=False))
    elif output is JudgeOutput.MARKDOWN:
        typer.echo(findings.markdown())
    else:
        from rich.console import Console

        from assay.judging.text import summary

        typer.echo(err=True)
        Console().print(summary(judged, findings.answers, explain=explain))


def _columns(given: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in given.split(",")) if given else ()
