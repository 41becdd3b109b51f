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

from assay_trainer.contract.commands import (
    MEMORY_LIMIT_VARIABLE,
    CodeIngredients,
    CodeInspected,
    Command,
    CommandRefused,
    Event,
    InputInspected,
    InspectCode,
    InspectInput,
    ItemEnded,
    ItemStarted,
    Ready,
    StartItem,
    StopItem,
)
from assay_trainer.contract.dataset import Dataset, DatasetManifest, Input, ShardFile, Split
from assay_trainer.contract.digests import canonical_json, digest, short_digest, stamp_digest
from assay_trainer.contract.examples import (
    FIELDS_GROUP,
    MANIFEST_VERSION,
    DataField,
    ExamplesManifest,
    ExamplesSplit,
    FileGroup,
    Kind,
    Type,
    read_manifest,
)
from assay_trainer.contract.failures import (
    INFRASTRUCTURE_REASONS,
    TERMINATION_MESSAGE_BYTES,
    ExitStatus,
    Failure,
    FailureReason,
    TerminationMessage,
    doubling_pause,
)
from assay_trainer.contract.keys import (
    condition_digest,
    preparation_key,
    request_condition,
    request_preparation,
    trial_key,
)
from assay_trainer.contract.message import (
    CONTRACT_VERSION,
    MESSAGE_CHARACTERS,
    Digest,
    Key,
    Message,
    Seconds,
    Share,
    Text,
    Version,
)
from assay_trainer.contract.names import (
    attempt_name,
    examples_name,
    preparation_name,
    preparation_scores_name,
    result_name,
)
from assay_trainer.contract.requests import (
    BY_HARDNESS,
    Fidelity,
    PreparationMethod,
    PreparationRequest,
    Subset,
    TrialRequest,
    WorkItem,
    WorkRequest,
)
from assay_trainer.contract.results import (
    MOST_EXAMPLES,
    RESULT_BYTES,
    Cost,
    CurvePoint,
    PerExample,
    PreparationResult,
    Profile,
    Provenance,
    TrialResult,
    curve_point,
    read_curve,
)
from assay_trainer.contract.stated_dataset import StatedDataset

__all__ = [
    "BY_HARDNESS",
    "CONTRACT_VERSION",
    "FIELDS_GROUP",
    "INFRASTRUCTURE_REASONS",
    "MANIFEST_VERSION",
    "MEMORY_LIMIT_VARIABLE",
    "MESSAGE_CHARACTERS",
    "MOST_EXAMPLES",
    "RESULT_BYTES",
    "TERMINATION_MESSAGE_BYTES",
    "CodeIngredients",
    "CodeInspected",
    "Command",
    "CommandRefused",
    "Cost",
    "CurvePoint",
    "DataField",
    "Dataset",
    "DatasetManifest",
    "Digest",
    "Event",
    "ExamplesManifest",
    "ExamplesSplit",
    "ExitStatus",
    "Failure",
    "FailureReason",
    "Fidelity",
    "FileGroup",
    "Input",
    "InputInspected",
    "InspectCode",
    "InspectInput",
    "ItemEnded",
    "ItemStarted",
    "Key",
    "Kind",
    "Message",
    "PerExample",
    "PreparationMethod",
    "PreparationRequest",
    "PreparationResult",
    "Profile",
    "Provenance",
    "Ready",
    "Seconds",
    "ShardFile",
    "Share",
    "Split",
    "StartItem",
    "StatedDataset",
    "StopItem",
    "Subset",
    "TerminationMessage",
    "Text",
    "TrialRequest",
    "TrialResult",
    "Type",
    "Version",
    "WorkItem",
    "WorkRequest",
    "attempt_name",
    "canonical_json",
    "condition_digest",
    "curve_point",
    "digest",
    "doubling_pause",
    "examples_name",
    "preparation_key",
    "preparation_name",
    "preparation_scores_name",
    "read_curve",
    "read_manifest",
    "request_condition",
    "request_preparation",
    "result_name",
    "short_digest",
    "stamp_digest",
    "trial_key",
]
