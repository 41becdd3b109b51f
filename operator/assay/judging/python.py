"""`assay.judge`: past runs judged from Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike, fspath
from typing import Any, Literal

from assay.api.errors import InvalidInput, Problem
from assay.judging.findings import Findings
from assay.judging.found import findings_of
from assay.judging.judge import judge_table
from assay.judging.options import DEFAULT_CONFIDENCE, DEFAULT_THRESHOLD, JudgingOptions
from assay.judging.sources import MLFLOW, OPTUNA, runs_at, runs_in
from assay.judging.uncollected import uncollected
from assay.recorded.choice import REPEATS, Choice


def judge(
    table: Any,
    *,
    hypothesis: str | Sequence[str] = (),
    arm: str | Sequence[str] = (),
    seed: str | None = None,
    score: str | None = None,
    cost: str | None = None,
    where: Mapping[str, object] | None = None,
    goal: Literal["maximize", "minimize"] | None = None,
    reference: object = None,
    baseline: object = None,
    proxies: Sequence[object] = (),
    threshold: float = DEFAULT_THRESHOLD,
    confidence: float = DEFAULT_CONFIDENCE,
    on_failure: Literal["unstable", "ignore"] | float = "unstable",
    smallest_effect: float = 0.0,
    repeats: Literal["mean", "first", "last", "seeds"] | None = None,
    experiment: str | None = None,
    study: str | None = None,
    name: str | None = None,
) -> Findings:
    """Say what past runs say: which cheap comparison ranks like the full run, and which hypotheses beat the baseline.

    Everything that is there is used, at one look: certificates and verdicts hold at `confidence` if the runs were not
    made, or left out, for what earlier ones had scored. Runs that failed, are missing, or are there twice are counted
    and said, never filled in. With one run of each hypothesis on each arm nothing shows the noise: then no certificate
    and no verdict is given, and the plain agreement is.

    Args:
        table: A row per run. A data frame (pandas, polars, pyarrow, or what speaks their interchange), a mapping of
            columns, or where the runs are: the path of a file, `mlflow:URI`, `optuna:URL`.
        hypothesis: The column, or the columns together, that name what was tried. Columns that are not given are
            recognised by the names that MLflow, Optuna and Weights & Biases write; `Findings.notes` says how.
        arm: The column, or the columns together, that say how much of a run was run; `step` of a store: each step of
            the score's history.
        seed: The column of seeds; None: runs of one hypothesis and arm are numbered.
        score: The column of scores; a cell without a number is a run that failed.
        cost: The column of seconds, which savings are worked out from.
        where: Values that columns must have for a row to be kept.
        goal: Which scores are better; None: as the name of the score tells.
        reference: The arm that counts; None: by its name, else the largest number, else the dearest.
        baseline: The hypothesis that the others are compared with; None: one called baseline, else none.
        proxies: The arms that are judged beside the reference, at most 16; empty: all.
        threshold: The Kendall's tau that a trusted proxy reaches, in (0, 1).
        confidence: Of all verdicts together, and of all certificates together: 50 to 99 in percent, or as a share.
        on_failure: unstable: a hypothesis with failed runs is never better, and never the best. ignore: its other runs
            count alone. A number: the score that a failed run counts as.
        smallest_effect: The smallest difference that matters, in the score's unit; 0 or more.
        repeats: What becomes of different rows of one hypothesis, arm and seed; None: they are refused.
        experiment: The experiment of an MLflow store; None: the only one.
        study: The study of an Optuna storage; None: the only one.
        name: What the whole is called in reports.

    Returns:
        Everything as typed fields, which prints, shows itself in notebooks and writes a report.

    Raises:
        assay.api.errors.InvalidInput: What is given can't be judged; it says why, and the way out.

    Three learning rates at 2 and 8 epochs, each with two seeds; less loss is better:

    >>> import assay
    >>> found = assay.judge(
    ...     {
    ...         "lr": [0.1, 0.1, 0.1, 0.1, 0.3, 0.3, 0.3, 0.3, 1.0, 1.0, 1.0, 1.0],
    ...         "epochs": [2, 2, 8, 8, 2, 2, 8, 8, 2, 2, 8, 8],
    ...         "seed": [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1],
    ...         "loss": [0.52, 0.53, 0.40, 0.41, 0.45, 0.46, 0.31, 0.33, 0.61, 0.60, 0.55, 0.54],
    ...     },
    ...     baseline=0.1,
    ... )
    >>> found.reference, found.goal
    ('8', 'Minimize')
    >>> [(each.name, each.verdict) for each in found.hypotheses]
    [('0.3', 'Better'), ('0.1', 'Baseline'), ('1.0', 'Worse')]
    >>> [(each.name, each.kendall_tau, each.decision) for each in found.proxies]
    [('2', 1.0, 'Undecided')]

    Sources: the tests are those of a study, see `assay.ranking`.
    """
    choice = Choice(
        hypothesis=_names(hypothesis),
        arm=_names(arm),
        seed=seed,
        score=score,
        cost=cost,
        where={column: str(value) for column, value in (where or {}).items()},
        repeats=repeats,
        option="{}=",
        own_option="{}=",
    )
    options = JudgingOptions.of(
        reference=reference,
        baseline=baseline,
        proxies=tuple(proxies),
        goal=goal,
        threshold=threshold,
        confidence=confidence,
        on_failure=on_failure,
        smallest_effect=smallest_effect,
        place="assay.judge",
        option="{}=",
    )
    _check(table, {"repeats": repeats, "experiment": experiment, "study": study})
    with uncollected():
        if isinstance(table, str | PathLike):
            named = [each for each in (options.reference, *options.proxies) if each is not None]
            past = runs_at(fspath(table), choice, part=experiment or study, named_arms=named)
        else:
            past = runs_in(table, choice, name or "runs")
        judged = judge_table(past.table, options, name=name or past.name, goal=past.goal, by_step=past.by_step)
        return findings_of(judged)


def _check(table: object, given: Mapping[str, str | None]) -> None:
    """Raise InvalidInput for what type checkers would refuse, or what means nothing for this table."""
    problems = []
    if (repeats := given["repeats"]) not in (None, *REPEATS):
        problems.append(Problem("assay.judge", "repeats=", repr(repeats), f"one of {', '.join(REPEATS)}, or None"))
    place = fspath(table) if isinstance(table, str | PathLike) else ""
    for name, kind in (("experiment", MLFLOW), ("study", OPTUNA)):
        if given[name] is not None and not place.startswith(kind):
            problems.append(Problem("assay.judge", f"{name}=", repr(given[name]), f"only for runs at {kind}URI"))
    if problems:
        raise InvalidInput(problems)


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)
