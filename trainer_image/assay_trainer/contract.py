"""What the planner's side and the trainer's side say to each other, as JSON objects in the store.

Both sides import this module, so it needs pydantic and the standard library only.

Layout of a store (a URI prefix; one per namespace). Nothing in it is ever overwritten:

    requests/<id>.json                 WorkRequest    written by a runner, read by a worker
    results/<trial key>.json           TrialResult    the first one written counts, for good
    preparations/<key>.json            PreparationResult
    preparations/<key>.f32             its scores, little-endian float32, one per training example
    examples/<key>/<digest>.bits, .f32 how a trial's held-out examples fared, one by one; named by a PerExample
    attempts/<key>/<attempt>.json      Failure        one per attempt that ended without a result
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from enum import IntEnum, StrEnum
from functools import partial
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from assay_trainer.described import bounded

CONTRACT_VERSION = 1
"""The version of every object below; readers refuse objects of another version."""

TERMINATION_MESSAGE_BYTES = 4096
"""Kubernetes cuts a pod's termination message at this size."""

MESSAGE_CHARACTERS = 4000
"""The most characters of a failure's message; a longer one keeps its beginning. Statuses keep less."""

RESULT_BYTES = 2**20
"""The most bytes of a result as JSON: a trainer writes no larger one, whatever a train function returns."""

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Key = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Version = Annotated[int, Field(ge=CONTRACT_VERSION, le=CONTRACT_VERSION)]
Seconds = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Text = Annotated[str, AfterValidator(partial(bounded, characters=MESSAGE_CHARACTERS))]


def _is_empty(value: Any) -> bool:
    """Return whether a field is empty. Empty fields are left out, so that a worker of an earlier release can read a
    request that does not use them."""
    return not value


class Message(BaseModel):
    """The base of all objects here: immutable, and unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


# ----------------------------------------------------------------------------- data set


class ShardFile(Message):
    """One file of fixed-size records, beside the manifest."""

    path: str = Field(description="Relative to the manifest's folder.")
    bytes: int = Field(ge=0)
    digest: Digest
    examples: int = Field(ge=0)


class Split(Message):
    """The training or the held-out part of a data set."""

    examples: int = Field(ge=1)
    labels: ShardFile = Field(description="Little-endian int64, one per example.")
    images: dict[int, tuple[ShardFile, ...]] = Field(
        description="Image size (pixels a side) to shards of uint8 records, height x width x channels, "
        "all sizes in the same order of examples."
    )


class DatasetManifest(Message):
    """A data set decoded once: every image size as shards of uint8. Its digest is that of its JSON bytes."""

    version: Version = CONTRACT_VERSION
    name: str
    classes: tuple[str, ...] = Field(min_length=2)
    channels: Literal[1, 3]
    train: Split
    held_out: Split


class Dataset(Message):
    """A reference to a data set: the address of its manifest, and the digest that the manifest's bytes must have."""

    manifest: str = Field(description="URI of the manifest.json: file:///… or s3://….")
    digest: Digest


class Input(Message):
    """A file or folder that a train function reads by itself. Its digest counts, not its address."""

    uri: str = Field(description="file:///… or s3://….")
    digest: Digest = Field(description="Of what it holds; of an object in S3, of its ETag and size.")


# ----------------------------------------------------------------------------- requests


class Fidelity(Message):
    """How much of a recipe is run."""

    epochs: int = Field(default=1, ge=1)
    image_size: int | None = Field(default=None, ge=1, description="Pixels a side; None: the largest there is.")
    batch_size: int | None = Field(default=None, ge=1, description="None: the train function's own.")
    data_percent: int = Field(default=100, ge=1, le=100)
    subset: Literal["Random", "EL2N"] = "Random"
    stop_after: int | None = Field(
        default=None,
        ge=1,
        exclude_if=_is_empty,
        description="The epoch after which the run ends, on the schedule of all `epochs`; None: it runs to its end.",
    )

    def whole(self) -> Fidelity:
        """Return the run that this one is the beginning of; itself, if it runs to its end."""
        return self if self.stop_after is None else self.model_copy(update={"stop_after": None})

    @property
    def takes_subset(self) -> bool:
        """Whether only a part of the training examples is used: of 100 percent there is nothing to choose."""
        return self.data_percent < 100

    def identity(self) -> dict[str, Any]:
        """Return the fields that determine a result: how a subset is chosen counts only if one is taken."""
        return self.model_dump(exclude=None if self.takes_subset else {"subset"})


_IMAGE = "Container image that has the code; without containers it does not matter."


class TrialRequest(Message):
    """One trial to run: (hypothesis, arm, seed) with everything that determines its result."""

    kind: Literal["Trial"] = "Trial"
    key: Key
    attempt: int = Field(default=1, ge=1)
    study: str
    hypothesis: str
    arm: str
    seed: int = Field(ge=0)
    code: Digest
    entrypoint: str = Field(description="module:function")
    image: str | None = Field(default=None, description=_IMAGE)
    recipe: dict[str, Any]
    fidelity: Fidelity
    dataset: Dataset = Field(description="What is trained on.")
    held_out: Dataset = Field(description="Whose held-out split gives the score.")
    preparation: Key | None = Field(default=None, description="Key of the scores that choose the subset.")
    inputs: tuple[Input, ...] = Field(default=(), exclude_if=_is_empty, description="What else it reads.")
    environment: dict[str, str | None] = Field(
        default={}, exclude_if=_is_empty, description="Variables that count by their value; None: one that is not set."
    )
    passed: tuple[str, ...] = Field(
        default=(), exclude_if=_is_empty, description="Names of variables that it may see, and that do not count."
    )
    metric: str
    wanted_epochs: tuple[int, ...] = Field(
        default=(),
        exclude_if=_is_empty,
        description="Epochs at which somebody wants to read its learning curve. They don't count.",
    )
    wanted_metrics: tuple[str, ...] = Field(
        default=(), exclude_if=_is_empty, description="Further metrics that somebody wants to read. They don't count."
    )
    deadline_seconds: int = Field(ge=1)
    devices: int = Field(default=1, ge=1)
    alone: bool = Field(
        default=False,
        exclude_if=_is_empty,
        description="Whether nothing is to run beside it: others had the memory that it ran out of before.",
    )


class PreparationRequest(Message):
    """Work that several trials share: the computation of the scores that choose a core-set."""

    kind: Literal["Preparation"] = "Preparation"
    key: Key
    attempt: int = Field(default=1, ge=1)
    study: str
    arm: str = Field(description="The arm that is charged.")
    method: Literal["EL2N"]
    code: Digest
    image: str | None = Field(default=None, description=_IMAGE)
    recipe: dict[str, Any] = Field(description="Recipe of the network that scores the examples.")
    fidelity: Fidelity = Field(description="Epochs, image and batch size of the scoring runs; all the data.")
    repeats: int = Field(ge=1, description="Initialisations that the scores are averaged over.")
    dataset: Dataset
    deadline_seconds: int = Field(ge=1)
    devices: int = Field(default=1, ge=1)


WorkItem = Annotated[TrialRequest | PreparationRequest, Field(discriminator="kind")]


class WorkRequest(Message):
    """The request that a worker is given: a list of trials (or preparations) and the store they are for."""

    version: Version = CONTRACT_VERSION
    store: str = Field(description="URI prefix under which results go.")
    items: tuple[WorkItem, ...] = Field(min_length=1)


# ----------------------------------------------------------------------------- results


class CurvePoint(Message):
    """The metrics that a train function reported after an epoch."""

    epoch: int = Field(ge=0)
    seconds: Seconds = Field(description="Since training began.")
    metrics: dict[str, float]


def curve_point(curve: Sequence[CurvePoint], epoch: int, metric: str) -> CurvePoint | None:
    """Return the point of a learning curve that counts for a metric after an epoch: the first of that epoch that has
    the metric. None: it was not reported."""
    return next((point for point in curve if point.epoch == epoch and metric in point.metrics), None)


def read_curve(curve: Sequence[CurvePoint], epoch: int, metric: str) -> float | None:
    """Return what a learning curve says of a metric after an epoch; None: it was not reported. It may be NaN or
    infinite."""
    point = curve_point(curve, epoch, metric)
    return None if point is None else point.metrics[metric]


class Cost(Message):
    """The price of a trial. `accelerator_seconds` is devices x wall seconds; on a CPU, CPU-process seconds."""

    unit: Literal["accelerator", "cpu-process"]
    devices: int = Field(ge=1)
    device_model: str
    wall_seconds: Seconds
    accelerator_seconds: Seconds
    setup_seconds: Seconds
    training_seconds: Seconds
    evaluation_seconds: Seconds


class Profile(Message):
    """Where a trial's time went; shares are of the time from the first batch to the last evaluation."""

    data_wait: Share
    copy_to_device: Share
    forward: Share
    backward: Share
    optimizer: Share
    evaluation: Share
    other: Share
    samples_per_second: float = Field(ge=0, description="Training examples per second of training.")
    device_utilisation: Share | None = Field(
        description="NVML's GPU utilisation; on a CPU the process' share of the cores it was given; None: unknown."
    )
    peak_memory_bytes: int = Field(ge=0, description="Of the GPU's allocator; on a CPU the resident set.")


class Provenance(Message):
    """The code, environment and machine that produced a result."""

    code: Digest
    dataset: Digest
    held_out: Digest | None = None
    python: str
    torch: str | None
    device_model: str
    release: str | None = Field(
        default=None, description="Version and revision of the trainer's image; none where it ran in no image."
    )
    started_at: float = Field(description="Unix time, seconds.")


MOST_EXAMPLES = 2**14
"""The most held-out examples whose values are kept. How much a mean varies with the examples is known from so many as
well as from millions."""


class PerExample(Message):
    """What a train function said of each held-out example. The values are an object beside the result.

    It is named by their digest (`examples_name`), and has bits, the first example's the highest, or float32.
    """

    kind: Literal["correct", "loss"]
    examples: int = Field(ge=2, description="All that it was said of.")
    kept: int = Field(ge=2, le=MOST_EXAMPLES, description="Of them, evenly spaced: those whose values are kept.")
    mean: float = Field(allow_inf_nan=False, description="Over all of them.")
    digest: Digest

    @property
    def size(self) -> int:
        """The bytes of the object with the values."""
        return -(-self.kept // 8) if self.kind == "correct" else 4 * self.kept


class TrialResult(Message):
    """The result of a trial. The study, hypothesis and arm are those that first asked for it."""

    version: Version = CONTRACT_VERSION
    kind: Literal["Trial"] = "Trial"
    key: Key
    study: str
    hypothesis: str
    arm: str
    seed: int
    metric: str
    score: float = Field(allow_inf_nan=False)
    metrics: dict[str, float]
    curve: tuple[CurvePoint, ...] = ()
    cost: Cost
    profile: Profile | None = None
    provenance: Provenance
    run_url: str | None = Field(default=None, description="Where the team's own tracker shows the run.")
    notes: tuple[str, ...] = Field(
        default=(), description="What of that which the train function gave is left out, and why: a few short lines."
    )
    per_example: tuple[PerExample, ...] = Field(
        default=(), max_length=2, exclude_if=_is_empty, description="How its held-out examples fared, one by one."
    )


class PreparationResult(Message):
    """The result of a preparation. Its scores are in the object `preparations/<key>.f32`."""

    version: Version = CONTRACT_VERSION
    kind: Literal["Preparation"] = "Preparation"
    key: Key
    study: str
    arm: str
    method: Literal["EL2N"]
    examples: int = Field(ge=1)
    scores_digest: Digest
    cost: Cost
    provenance: Provenance


class FailureReason(StrEnum):
    """Why an attempt ended without a result."""

    INVALID_REQUEST = "InvalidRequest"
    ENTRYPOINT_NOT_FOUND = "EntrypointNotFound"
    INVALID_RECIPE = "InvalidRecipe"
    INVALID_DATASET = "InvalidDataset"
    TRAIN_FUNCTION_RAISED = "TrainFunctionRaised"
    METRIC_MISSING = "MetricMissing"
    SCORE_NOT_FINITE = "ScoreNotFinite"
    OUT_OF_MEMORY = "OutOfMemory"
    OUT_OF_SHARED_MEMORY = "OutOfSharedMemory"
    STORAGE_EXCEEDED = "StorageExceeded"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    STORE_FAILED = "StoreFailed"
    WORKER_DIED = "WorkerDied"
    DISRUPTED = "Disrupted"
    NOT_STARTED = "NotStarted"
    CODE_CHANGED = "CodeChanged"
    CURVE_NOT_REPORTED = "CurveNotReported"
    STOPPED = "Stopped"
    NOT_RECORDED = "NotRecorded"


INFRASTRUCTURE_REASONS = frozenset(
    {
        FailureReason.STORE_FAILED,
        FailureReason.WORKER_DIED,
        FailureReason.DISRUPTED,
        FailureReason.NOT_STARTED,
        FailureReason.CODE_CHANGED,
        FailureReason.STOPPED,
        FailureReason.OUT_OF_SHARED_MEMORY,
    }
)
"""The failures that are not the team's own: another attempt may succeed. NotStarted: its container, or its request,
could not be had. CodeChanged: the sources were edited before it began. Stopped: Assay itself ended the attempt.
OutOfSharedMemory: others ran beside it in the memory that it ran out of."""


def doubling_pause(failures: int, first: float, longest: float) -> float:
    """Return the seconds to wait after so many failures in a row: `first`, then twice as long each time.

    It is never more than `longest`, and 0 after no failure.
    """
    return min(first * 2.0 ** min(failures - 1, 30), longest) if failures else 0.0


class Failure(Message):
    """An attempt that ended without a result."""

    version: Version = CONTRACT_VERSION
    key: Key
    attempt: int = Field(ge=1)
    reason: FailureReason
    message: Text
    accelerator_seconds: Seconds = Field(default=0, description="What the attempt cost all the same.")
    deadline_seconds: int | None = Field(default=None, description="The deadline that it had.")
    memory_limit_bytes: int | None = Field(
        default=None,
        ge=1,
        exclude_if=_is_empty,
        description="The limit of memory that it ran out of, which somebody may raise; none: it was not that.",
    )
    metric: str | None = Field(default=None, description="The metric that it was asked for.")
    curve: tuple[CurvePoint, ...] = Field(
        default=(), exclude_if=_is_empty, description="What it had reported until then, of long curves a part."
    )
    study: str | None = Field(default=None, description="The study that asked for it, and is charged.")

    @property
    def infrastructure(self) -> bool:
        """Whether another attempt may succeed."""
        return self.reason in INFRASTRUCTURE_REASONS


class ExitStatus(IntEnum):
    """Exit statuses of `assay_trainer.worker`, whose text says what each of them means."""

    DONE = 0
    FAILED = 1
    UNREADABLE = 2
    TRY_AGAIN = 75
    TOLD_TO_END = 143


class TerminationMessage(Message):
    """How one item of a worker ended, in the pod's termination message: a fast path that may be cut short."""

    # Workers of earlier releases, which images of teams may hold for long, said more: the score.
    model_config = ConfigDict(extra="ignore")

    key: Key
    attempt: int = 1
    reason: Literal["Succeeded"] | FailureReason
    message: Text = ""
    memory_limit_bytes: int | None = Field(default=None, ge=1, exclude_if=_is_empty, description="As in Failure.")


# ----------------------------------------------------------------------------- a local runner and its fork server


MEMORY_LIMIT_VARIABLE = "ASSAY_MEMORY_LIMIT"
"""The variable that holds a pod's memory limit as its template writes it, such as 300Mi, so that messages quote the
number that people know."""


class StartItem(Message):
    """Run a trial or a preparation in a process of its own. The answer is ItemStarted, and in the end ItemEnded."""

    command: Literal["StartItem"] = "StartItem"
    store: str = Field(description="URI prefix under which the result goes.")
    item: WorkItem
    gpus: tuple[str, ...] = Field(default=(), description="Ids as in CUDA_VISIBLE_DEVICES; none: it runs on the CPU.")
    threads: int = Field(default=1, ge=1)
    memory_bytes: int | None = Field(default=None, ge=1, description="None: no limit.")
    memory_limit: str | None = Field(default=None, description="What it is a share of, as somebody has written it.")
    memory_limit_bytes: int | None = Field(default=None, ge=1, description="The same in bytes, as in Failure.")
    shares_memory: bool = Field(
        default=False, description="Whether others run beside it, so that it has a share of what it might have alone."
    )
    check_code: bool = Field(
        default=False, description="End with CodeChanged unless the code here still has the digest that the item says."
    )
    elsewhere: dict[str, str] = Field(default={}, description="As CodeInspected had it of that code.")
    stamps: dict[str, str] = Field(
        default={}, description="By URI of an input: what told, when it was digested, whether it was edited since."
    )
    withheld: tuple[str, ...] = Field(default=(), description="Environment variables that it must not see.")


class StopItem(Message):
    """Kill the item of a key that runs. The answer is its ItemEnded; there is none if nothing runs."""

    command: Literal["StopItem"] = "StopItem"
    key: Key


class InspectCode(Message):
    """Import an entry point and digest its code. The answer is CodeInspected."""

    command: Literal["InspectCode"] = "InspectCode"
    entrypoint: str
    withheld: tuple[str, ...] = Field(default=(), description="Names of variables that are set, and that it won't see.")


class InspectInput(Message):
    """Digest a file or folder. The answer is InputInspected."""

    command: Literal["InspectInput"] = "InspectInput"
    uri: str


Command = Annotated[StartItem | StopItem | InspectCode | InspectInput, Field(discriminator="command")]


class Ready(Message):
    """The first event: the fork server has imported what it should, and says what this machine may use."""

    event: Literal["Ready"] = "Ready"
    gpus: tuple[str, ...] = Field(description="Ids as in CUDA_VISIBLE_DEVICES.")
    cores: int = Field(ge=1)
    memory_bytes: int = Field(ge=1)


class ItemStarted(Message):
    """A process runs the item."""

    event: Literal["ItemStarted"] = "ItemStarted"
    key: Key
    attempt: int
    pid: int
    started_at: float = Field(description="Unix time, seconds.")


class ItemEnded(Message):
    """The item's process has ended, with all processes that it started."""

    event: Literal["ItemEnded"] = "ItemEnded"
    termination: TerminationMessage
    started_at: float
    ended_at: float
    accelerator_seconds: Seconds = Field(description="GPUs x wall seconds; on the CPU, CPU-process seconds.")


class CodeIngredients(Message):
    """The ingredients of a code digest, kept so that a later message can name what has changed."""

    version: Version = CONTRACT_VERSION
    code: Digest
    image: str | None = Field(default=None, description="Of code in an image, which is all that is known of it.")
    revision: str | None = None
    module: str = Field(default="", description="The package, or the module that is in none, of the entry point.")
    files: dict[str, str] | None = Field(default=None, description="Digest by name of its sources; None: too many.")
    trainer: str | None = Field(default=None, description="Digest of the sources of assay_trainer.")
    packages: dict[str, str] = Field(default={}, description="Version by name of all that is installed.")
    python: str | None = None


class CodeInspected(Message):
    """The digest of an entry point's code, or the reason why it can't be used."""

    event: Literal["CodeInspected"] = "CodeInspected"
    entrypoint: str
    code: Digest | None = None
    error: str | None = None
    modules: tuple[str, ...] = Field(
        default=(), description="Installed modules that it imports, in their order, which a fork survives."
    )
    ingredients: CodeIngredients | None = None
    elsewhere: dict[str, str] = Field(
        default={}, description="Files of modules that it imports, neither installed nor of its package, by name."
    )
    missed: tuple[str, ...] = Field(default=(), description="Of the variables that it won't see: those it names.")


class InputInspected(Message):
    """The digest of an input, or the reason why it can't be used."""

    event: Literal["InputInspected"] = "InputInspected"
    uri: str
    digest: Digest | None = None
    stamp: str = ""
    error: str | None = None


class CommandRefused(Message):
    """The answer to a line that is no command, or to a command that can't be carried out."""

    event: Literal["CommandRefused"] = "CommandRefused"
    error: str


Event = Annotated[
    Ready | ItemStarted | ItemEnded | CodeInspected | InputInspected | CommandRefused,
    Field(discriminator="event"),
]


# ----------------------------------------------------------------------------- names and keys


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


def attempt_name(key: str, attempt: int) -> str:
    """Return the name of the object with an attempt's failure; zero-padded so that names sort as numbers."""
    return f"attempts/{key}/{attempt:04d}.json"


def canonical_json(value: Any) -> bytes:
    """Return the one JSON text of a value: sorted keys, no spaces. Raises ValueError for NaN and infinity."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(data: bytes) -> str:
    """Return the SHA-256 of `data` as `sha256:<64 hex digits>`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def short_digest(data: bytes) -> str:
    """Return the first 32 hex digits of the SHA-256 of `data`: enough for names that nobody has a reason to forge."""
    return hashlib.sha256(data).hexdigest()[:32]


def stamp_digest(stamp: Sequence[str | int]) -> str:
    """Return a digest for an input that is not read, made from the stamp that tells one version of it from another."""
    return digest(canonical_json(list(stamp)))


def condition_digest(
    *,
    code: str,
    entrypoint: str,
    recipe: Mapping[str, Any],
    fidelity: Fidelity,
    dataset: str,
    held_out: str,
    preparation: str | None,
    inputs: Sequence[Input] = (),
    environment: Mapping[str, str | None] = MappingProxyType({}),
) -> str:
    """Return the digest of all that determines a trial's result except its seed.

    Data sets and inputs count by their digests, not by their addresses; the order of the inputs counts, too.
    """
    parts = [CONTRACT_VERSION, code, entrypoint, recipe, fidelity.identity(), dataset, held_out, preparation]
    if inputs or environment:  # without them keys are as they were before there were any
        parts.append({"inputs": [each.digest for each in inputs], "environment": dict(environment)})
    return digest(canonical_json(parts))


def trial_key(condition: str, seed: int) -> str:
    """Return the key of the trial of a condition (`condition_digest`) with a seed: 32 hex digits."""
    return short_digest(f"{condition}/{seed}".encode())


def request_condition(request: TrialRequest) -> str:
    """Return the condition digest that a trial request's key must come from."""
    return condition_digest(
        code=request.code,
        entrypoint=request.entrypoint,
        recipe=request.recipe,
        fidelity=request.fidelity,
        dataset=request.dataset.digest,
        held_out=request.held_out.digest,
        preparation=request.preparation,
        inputs=request.inputs,
        environment=request.environment,
    )


def preparation_key(
    *, method: str, code: str, recipe: Mapping[str, Any], fidelity: Fidelity, repeats: int, dataset: str
) -> str:
    """Return the key of a preparation: 32 hex digits."""
    return short_digest(canonical_json([CONTRACT_VERSION, method, code, recipe, fidelity.identity(), repeats, dataset]))
