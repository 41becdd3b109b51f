"""Turns an exception into the reason and the message of a failure."""

from __future__ import annotations

import errno
import importlib
import sysconfig
import traceback
from pathlib import Path

from pydantic import ValidationError

import assay_trainer
from assay_trainer.checkpoints import ToldToEnd
from assay_trainer.code.entrypoint import EntrypointNotFound
from assay_trainer.contract import FailureReason
from assay_trainer.described import bounded, printable
from assay_trainer.objects import StoreError
from assay_trainer.processes.deadline import DeadlineExceeded
from assay_trainer.returned.errors import CurveNotReported, MetricMissing, ScoreNotFinite
from assay_trainer.shards.errors import InvalidDataset
from assay_trainer.subsets.errors import SubsetUnusable
from assay_trainer.trial import InvalidRecipe, describe_validation

ERROR_CHARACTERS = 2000
"""The most characters of what is said of an error."""

FRAMES = 4

_OUT_OF_MEMORY_TEXTS = ("can't allocate memory", "not enough memory", "out of memory")
_HERE = Path(assay_trainer.__path__[0])
_HARNESS = (
    "attempts/harness.py",
    "attempts/trial_run.py",
    "processes/deadline.py",
    "code/entrypoint.py",
    "returned",
)
_OURS = (*(str(_HERE / name) for name in _HARNESS), importlib.__file__, "<frozen")
_INSTALLED = (str(_HERE), *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")))


class InvalidRequest(Exception):
    """A request whose key does not come from its contents."""


class CodeChanged(Exception):
    """The sources are no longer those that the trial's key was made from: the result would be another trial's."""


class InvalidResult(Exception):
    """The trial's result can't be written down, through no fault of its recipe."""


class Disrupted(BaseException):
    """A signal told this process to end, through no fault of the trial. Raised by a worker's signal handler."""


_REASONS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], FailureReason], ...] = (
    (DeadlineExceeded, FailureReason.DEADLINE_EXCEEDED),
    (ToldToEnd, FailureReason.STOPPED),
    ((Disrupted, KeyboardInterrupt), FailureReason.DISRUPTED),
    (InvalidRequest, FailureReason.INVALID_REQUEST),
    (CodeChanged, FailureReason.CODE_CHANGED),
    (EntrypointNotFound, FailureReason.ENTRYPOINT_NOT_FOUND),
    ((InvalidRecipe, ValidationError), FailureReason.INVALID_RECIPE),
    (InvalidDataset, FailureReason.INVALID_DATASET),
    (SubsetUnusable, FailureReason.SUBSET_UNUSABLE),
    (MetricMissing, FailureReason.METRIC_MISSING),
    (CurveNotReported, FailureReason.CURVE_NOT_REPORTED),
    (ScoreNotFinite, FailureReason.SCORE_NOT_FINITE),
    (StoreError, FailureReason.STORE_FAILED),
)
_SELF_EXPLAINING = frozenset(reason for _, reason in _REASONS)
_SHOW_WHERE = frozenset(
    {
        FailureReason.TRAIN_FUNCTION_RAISED,
        FailureReason.OUT_OF_MEMORY,
        FailureReason.OUT_OF_SHARED_MEMORY,
        FailureReason.DEADLINE_EXCEEDED,
    }
)

HELPERS_MAY_BE_MISSED = frozenset(
    {
        FailureReason.TRAIN_FUNCTION_RAISED,
        FailureReason.METRIC_MISSING,
        FailureReason.CURVE_NOT_REPORTED,
        FailureReason.SCORE_NOT_FINITE,
        FailureReason.DEADLINE_EXCEEDED,
    }
)
"""The exceptions that a train function may end with if the kernel killed one of its processes, such as a data
loader's."""


def reason_of(error: BaseException) -> FailureReason:
    """Return the reason that fits the error; an error that is none of ours is the train function's own."""
    if ran_out_of_memory(error):
        return FailureReason.OUT_OF_MEMORY
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), FailureReason.TRAIN_FUNCTION_RAISED)


def ran_out_of_memory(error: BaseException) -> bool:
    """Return whether the error means out of memory to Python, numpy or torch; torch's CPU allocator raises a plain
    RuntimeError."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    if any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__):
        return True
    return isinstance(error, RuntimeError) and any(text in text_of(error).lower() for text in _OUT_OF_MEMORY_TEXTS)


def lacks_host_memory(error: BaseException) -> bool:
    """Return whether the error means that the machine's memory was too little, not that of a device: the exceptions of
    devices have names of their own."""
    return ran_out_of_memory(error) and not any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__)


def text_of(error: BaseException) -> str:
    """Return the beginning of the error's own text, which may quote a whole array. The error's class may be
    anybody's."""
    try:
        return str(error)[:ERROR_CHARACTERS]
    except Exception as another:  # noqa: BLE001
        return f"it can't say why: its text raises {type(another).__name__}"


def message_of(error: BaseException, reason: FailureReason) -> str:
    """Return what people need to mend it: the exception, and the last lines of the team's code that led to it."""
    if isinstance(error, ValidationError):
        text = describe_validation(error)
    elif reason in _SELF_EXPLAINING and text_of(error):
        text = text_of(error)
    else:
        text = f"{type(error).__name__}: {text_of(error)}" if text_of(error) else type(error).__name__
    shown = (
        error if reason in _SHOW_WHERE else error.__cause__ if reason is FailureReason.ENTRYPOINT_NOT_FOUND else None
    )
    place = _where(shown) if shown is not None else ""
    return bounded(printable(text), ERROR_CHARACTERS - len(place)) + place


def _where(error: BaseException) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(_OURS)]
    teams = [frame for frame in frames if not frame.filename.startswith(_INSTALLED)]
    lines = [
        f"  {frame.filename}:{frame.lineno} in {frame.name}: {frame.line}" for frame in (teams or frames)[-FRAMES:]
    ]
    return bounded(printable("".join("\n" + line for line in lines)), ERROR_CHARACTERS // 2)
