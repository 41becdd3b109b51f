"""The report's table of trials as compact JSON: it may have thousands of rows, which the page's script draws on
demand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.api.bounds import shortened
from assay.planning.results.progress import State
from assay.reporting.figures import decimals_for

if TYPE_CHECKING:
    from assay.planning.study.readings import Reading
    from assay.reporting.trials import ReportedTrial, Trials

_MESSAGE_LENGTH = 300


def trial_table(trials: Trials) -> dict[str, Any]:
    """Return the table. Its `rows` are [hypothesis, arm, seed, score, accelerator seconds, state, message]: hypothesis
    and arm are indices into `hypotheses` and `arms`, the message is one into `messages`, and a cell without a value is
    null."""
    hypotheses = [hypothesis.name for hypothesis in trials.study.hypotheses]
    arms = list(trials.study.design.arms)
    row_of, column_of = _places(hypotheses), _places(arms)
    messages: dict[str, int] = {}
    rows = []
    for trial in trials.trials:
        said = _said(trial, trials.study.design.readings.get(trial.planned.key))
        rows.append(
            [
                row_of[trial.planned.hypothesis],
                column_of[trial.planned.arm],
                trial.planned.seed,
                float(f"{trial.score:.6g}") if trial.score is not None else None,
                round(trial.seconds, 3) if trial.seconds is not None else None,
                trial.state.value,
                messages.setdefault(said, len(messages)) if said else None,
            ]
        )
    decimals = decimals_for([], [trial.score for trial in trials.trials])
    return {"hypotheses": hypotheses, "arms": arms, "rows": rows, "messages": list(messages), "decimals": decimals}


def _places(names: list[str]) -> dict[str, int]:
    return {name: place for place, name in enumerate(names)}


def _said(trial: ReportedTrial, reading: Reading | None) -> str:
    if trial.failure is not None:
        return shortened(f"{trial.failure.reason}: {trial.failure.message}", _MESSAGE_LENGTH)
    if trial.state is State.WAITING:
        return "waits for its preparation"
    if trial.result is None:
        return ""
    parts = [_read(reading)] if reading is not None else []
    parts += [f"run {trial.result.run_url}"] if trial.result.run_url else []
    parts += [shortened("; ".join(trial.result.notes), _MESSAGE_LENGTH)] if trial.result.notes else []
    return "; ".join(parts)


def _read(reading: Reading) -> str:
    """Return which number of its trial a score is."""
    return f"{reading.metric} after epoch {reading.epoch}" if reading.epoch is not None else reading.metric
