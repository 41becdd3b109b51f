"""Names of columns as tools write them, and as people do.

MLflow: `search_runs` and `mlflow experiments csv` write run_id, status, start_time, end_time, params.lr, metrics.acc,
tags.mlflow.runName; its web page Start Time, Duration, Run ID, Name, Source Type, Source Name, User, Status and then
parameters, metrics and tags without what they are. Optuna's `trials_dataframe()`: number, value (or values_0, …),
datetime_start, datetime_complete, duration, params_lr, user_attrs_seed, system_attrs_…, state. Weights & Biases' page
and API: Name, State, Runtime, _runtime, Created, Group, Sweep, then configuration and metrics, without what they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

Kind = Literal["parameter", "metric", "attribute", "plain"]

_KINDS: tuple[tuple[str, Kind], ...] = (
    (r"(params|parameters|config|hparams|hyperparameters)[./]", "parameter"),
    (r"params?_(?=.)", "parameter"),
    (r"(metrics|summary|summary_metrics)[./]", "metric"),
    (r"(tags|attributes)[./](mlflow\.)?", "attribute"),
    (r"(user_attrs|system_attrs)_", "attribute"),
)


class Name(NamedTuple):
    """The name of a column without what says of which kind it is: `bare` is in snake_case, `own` as it stands there."""

    kind: Kind
    own: str
    bare: str


def name_of(column: str) -> Name:
    """Return what the name of a column says."""
    for pattern, kind in _KINDS:
        if found := re.match(pattern, column):
            own = column[found.end() :]
            return Name(kind, own, _bare(own))
    return Name("plain", column, _bare(column))


def _bare(own: str) -> str:
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", own)
    return re.sub(r"[^a-z0-9]+", "_", snake.lower()).strip("_")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


HYPOTHESIS = _words(
    """
    hypothesis hypothesis_name variant treatment candidate config_name recipe method algorithm learner
    """
)
"""What names a hypothesis, whatever else there is."""

LABELS = _words(
    """
    configuration config model model_name setting group run_group name run_name display_name experiment
    experiment_name
    """
)
"""What names a hypothesis if several rows have the same; else it names a run."""

ARM = ("arm", "fidelity", "proxy", "rung")
SIZE = _words(
    """
    size train_size training_size size_train n_train num_train train_samples num_train_samples dataset_size
    n_samples
    """
)
"""Training sizes, as numbers of examples."""

FIDELITIES: dict[str, tuple[str, ...]] = {
    field: _words(names)
    for field, names in (
        ("epochs", "epochs max_epochs num_epochs n_epochs num_train_epochs train_epochs total_epochs nepochs"),
        ("steps", "steps max_steps num_steps n_steps total_steps train_steps max_iterations iterations"),
        ("data_percent", "data_percent data_fraction train_fraction subset_fraction fraction subset data_share"),
        ("image_size", "image_size img_size imgsz resolution"),
        ("", "budget resource"),
    )
}
"""What says how much of a run is run, by the field of an arm that means the same; one per arm where it varies."""

SEED = _words(
    """
    seed random_seed random_state rng_seed global_seed seed_everything manual_seed trial_seed replicate replica
    repetition repeat rep fold cv_fold
    """
)
SCORE = ("score",)
OBJECTIVE = ("value", "objective", "objective_value", "target", "final_score", "best_score")
COST = _words(
    """
    cost accelerator_seconds gpu_seconds seconds runtime duration wall_seconds wall_time walltime elapsed
    elapsed_seconds elapsed_time duration_seconds train_seconds training_seconds train_time training_time fit_time
    train_runtime time run_time time_seconds total_time mean_fit_time
    """
)
UNITS = {
    "ms": 0.001,
    "milliseconds": 0.001,
    "s": 1.0,
    "sec": 1.0,
    "secs": 1.0,
    "seconds": 1.0,
    "min": 60.0,
    "mins": 60.0,
    "minutes": 60.0,
    "h": 3600.0,
    "hours": 3600.0,
    "hrs": 3600.0,
}
"""Seconds of what the name of a cost may end in: train_hours."""

STATE = ("state", "status", "run_state", "run_status")
START = ("start_time", "datetime_start", "started_at", "started", "start", "begin", "time_start")
END = _words("end_time datetime_complete ended_at finished_at ended finished end time_end completed_at")

ABOUT_RUNS = _words(
    """
    id run_id run uuid run_uuid number trial trial_id trial_number index unnamed_0 row experiment_id artifact_uri
    source source_type source_name user user_id username tags notes note comment description created created_at
    updated updated_at heartbeat_at date datetime timestamp sweep sweep_id job_type project entity host hostname url
    path git_commit commit source_git_commit git os python python_version command program pid gpu gpu_type gpu_count
    cpu_count slurm_job_id job_id log_model_history parent_run_id lifecycle_stage wandb done
    storage_id end_cause stop_uri log_dir output_dir checkpoint logger
    """
)
"""What tools write of a run that says nothing about what was tried."""

PROGRESS = ("epoch", "step", "global_step", "iteration", "training_iteration", "iter")
"""How far a run was: in a history, which has a row for each time that a run was measured, what the rows differ in."""

MEASURED = _words(
    """
    acc accuracy top1 top5 auc auroc roc aucpr f1 loss error err rmse mse mae mape r2 bleu rouge rougel perplexity
    ppl map map50 miou iou dice wer cer precision recall mcc kappa ndcg mrr reward return elo psnr ssim fid logloss
    nll bpb brier score metric val valid validation test eval hits correlation corr regret objective
    """
)
"""Words in the names of metrics."""

NO_SCORE = {"train", "training", "grad", "lr", "std", "stderr", "se", "var", "rank"}
"""Words in the names of what is measured in training itself, or about a score, and is none."""
HELD_OUT = {"val", "valid", "validation", "test", "eval"}
"""Words in the names of metrics of what was not trained on."""


def is_metric(name: Name) -> bool:
    """Return whether it is called as a metric is."""
    words = set(name.bare.split("_"))
    return name.kind == "metric" or (name.kind != "parameter" and not words.isdisjoint(MEASURED))


def without_training(columns: Sequence[str]) -> list[str]:
    """Return the metrics without those of the training itself: of loss and val_loss, val_loss."""
    named = {column: name_of(column).bare for column in columns}
    held_out = [bare for bare in named.values() if set(bare.split("_")) & HELD_OUT]
    own = [c for c, bare in named.items() if not set(bare.split("_")) & NO_SCORE]
    return [
        c
        for c in own
        if set(named[c].split("_")) & HELD_OUT or not any(other.endswith(f"_{named[c]}") for other in held_out)
    ] or list(columns)


def unit_of(name: Name) -> float | None:
    """Return the seconds of what the name of a cost is in: train_hours is in 3600; None if it doesn't say."""
    words = name.bare.split("_")
    return UNITS.get(words[-1]) if len(words) > 1 else None


def is_cost(name: Name) -> bool:
    """Return whether it is called as the duration or the cost of a run is."""
    words = name.bare.split("_")
    timed = {
        "gpu",
        "train",
        "training",
        "wall",
        "run",
        "runtime",
        "duration",
        "elapsed",
        "fit",
        "time",
        "cost",
        "total",
    }
    return name.bare in COST or (words[-1] in UNITS and len(words) > 1 and bool(set(words[:-1]) & timed))


def fidelity_of(column: str) -> str:
    """Return the field of an arm that a column of this name says, such as `epochs`; empty if none."""
    bare = name_of(column).bare
    return next((field for field, known in FIDELITIES.items() if bare in known), "")
