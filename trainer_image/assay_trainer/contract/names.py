"""The names of objects in a store."""

from __future__ import annotations

from assay_trainer.contract.results import PerExample


def result_name(key: str) -> str:
    """Return the name of the object with a trial's result."""
    return f"results/{key}.json"


def preparation_name(key: str) -> str:
    """Return the name of the object with a preparation's result."""
    return f"preparations/{key}.json"


def preparation_scores_name(key: str) -> str:
    """Return the name of the object with a preparation's scores."""
    return f"preparations/{key}.f32"


def examples_name(key: str, values: PerExample) -> str:
    """Return the name of the object with what a trial said of each held-out example."""
    suffix = "bits" if values.kind == "correct" else "f32"
    return f"examples/{key}/{values.digest.removeprefix('sha256:')[:32]}.{suffix}"


def layers_name(key: str) -> str:
    """Return the name of the object with the kinds of layers of a trial that was traced."""
    return f"layers/{key}.json"


def trace_name(key: str) -> str:
    """Return the name of the object with its trace, in Chrome's format, compressed by gzip."""
    return f"layers/{key}.trace.json.gz"


def attempt_name(key: str, attempt: int) -> str:
    """Return the name of the object with an attempt's failure; zero-padded so that names sort as numbers."""
    return f"attempts/{key}/{attempt:04d}.json"


CHECKPOINTS = "checkpoints/"
"""The folder of what may be removed again."""


def checkpoints_folder(key: str) -> str:
    """Return the folder of the checkpoints of a course of training (`course_key`, `lasting_key`)."""
    return f"{CHECKPOINTS}{key}/"


def checkpoint_name(key: str, number: int) -> str:
    """Return the name of a checkpoint; zero-padded so that names sort as numbers."""
    return f"{checkpoints_folder(key)}{number:06d}.state"
