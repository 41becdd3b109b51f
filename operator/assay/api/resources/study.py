"""ProxyStudy: which cheap comparison ranks the hypotheses as the full run does, and how they rank."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from assay.api.base import API_VERSION, Model
from assay.api.extensions import cel, list_map, unique
from assay.api.metadata import LabelSelector, ObjectMeta
from assay.api.resources.hypothesis import DatasetReference
from assay.api.resources.pod_template import PodTemplate
from assay.api.resources.reads import INPUTS_ARE_URIS, Inputs, TrainerEnvironment
from assay.api.resources.study_status import ProxyStudyStatus, TrustStatistic
from assay.api.values import (
    METRIC_NAME,
    REVISION,
    DecimalString,
    Entrypoint,
    FreeForm,
    Image,
    LabelKey,
    Name,
    PositiveDecimalString,
    Quantity,
)
from assay_trainer.contract import CHECKPOINT_SECONDS

REFERENCE = "reference"
"""Name of the arm that the proxies are compared with."""

MOST_SCORE = 1e60
"""The largest score that is told from larger ones, whatever its sign. Statistics take fourth powers of differences."""


class Question(StrEnum):
    """What a study is to find out."""

    RANK_ALL = "RankAll"
    BEAT_BASELINE = "BeatBaseline"
    FIND_BEST = "FindBest"


class Goal(StrEnum):
    """Which scores are better."""

    MAXIMIZE = "Maximize"
    MINIMIZE = "Minimize"


class Subset(StrEnum):
    """How a part of the training data is chosen."""

    RANDOM = "Random"
    RS2 = "RS2"
    EL2N = "EL2N"
    CCS = "CCS"
    CUSTOM = "Custom"


class Correction(StrEnum):
    """Which error probability is kept over all verdicts together."""

    FAMILY_WISE = "FamilyWise"
    FALSE_DISCOVERY = "FalseDiscovery"


class OnFailure(StrEnum):
    """What a seed counts as that failed by the hypothesis' own fault."""

    UNSTABLE = "Unstable"
    SCORE = "Score"
    IGNORE = "Ignore"


class GeneraliseTo(StrEnum):
    """The examples that verdicts speak of."""

    HELD_OUT = "HeldOut"
    FRESH_EXAMPLES = "FreshExamples"


class HypothesesSelection(Model):
    """Which hypotheses are compared, and with which."""

    baseline: Name = Field(
        description="Name of the hypothesis that all others are compared with. It is always among the selected."
    )
    selector: LabelSelector | None = Field(
        default=None, description="Labels of the hypotheses in the study's namespace. Default: all hypotheses."
    )
    cluster_by: LabelKey | None = Field(
        default=None,
        description="Label of the hypotheses; those of one value are kin, whose luck is shared: together they say less "
        "about a proxy than as many unrelated ones. Default: a key of the recipes that tells kin apart is looked for.",
    )


class Packing(Model):
    """How trials share Jobs."""

    model_config = ConfigDict(
        json_schema_extra=cel(
            (
                "(has(self.atOnce) ? self.atOnce : 1) <= (has(self.trials) ? self.trials : 1)",
                "atOnce: must be at most `trials`, the trials of a Job",
            ),
        )
    )

    trials: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Trials per Job, of one arm and image; 1 to 64. They share the start of its pod, in which the "
        "modules are imported once. Those of a Job count as running until it ends.",
    )
    at_once: int = Field(
        default=1,
        ge=1,
        le=16,
        description="How many of them run side by side on the devices of the pod; 1 to 16, at most `trials`. Each has "
        "so large a part of the pod's memory, of its cores and of the memory of its devices, and is charged its share "
        "of their time. One that runs out of memory so is tried again alone.",
    )


class TrainerSpec(Model):
    """The code that is trained, and what it runs on."""

    model_config = ConfigDict(
        json_schema_extra=cel(
            (
                "!has(self.image) || self.image.contains('@sha256:') || has(self.revision)",
                "image: must be given by digest (name@sha256:…), or by tag together with a revision",
            ),
            INPUTS_ARE_URIS,
        )
    )

    image: Image | None = Field(
        default=None,
        description="Container image of the trials: by digest, or by tag together with `revision`. "
        "Needed on Kubernetes; not used by runs on one machine.",
    )
    revision: str | None = Field(
        default=None,
        pattern=REVISION,
        min_length=1,
        max_length=128,
        description="What the code is, if the image is given by tag: another revision means that trials run anew.",
    )
    entrypoint: Entrypoint = Field(description="Train function as module:function, such as assay_trainer.vision:train.")
    recipe: FreeForm = Field(
        default={}, description="Everything else that defines a training run: any JSON object of at most 256 keys."
    )
    inputs: Inputs | None = None
    environment: TrainerEnvironment | None = Field(
        default=None,
        description="Which environment variables the train function may see. On one machine it sees no others but "
        "those that every program needs (PATH, HOME and the like); on Kubernetes those of its pod.",
    )
    devices: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Devices per trial; 1 to 64. With several, a process is started for each, as torchrun does, and "
        "the train function has to say that it can use them. They are part of the trial keys then. What they are "
        "called is podTemplate.resources'.",
    )
    threads: int | None = Field(
        default=None,
        ge=1,
        le=256,
        description="CPU threads of each process of a trial; 1 to 256. Default: 1, and with GPUs its part of the "
        "pod's cores. Give it what podTemplate.resources reserves. On a CPU the last digits of a score depend on it.",
    )
    deterministic: bool = Field(
        default=False,
        description="Whether torch is to use only operations that give the same bits again. They are slower on a GPU, "
        "and a train function that needs one that has no such form fails. Trial keys don't count it.",
    )
    shared_memory: Quantity | None = Field(
        default=None,
        description="Size of /dev/shm in the pods, such as 2Gi, for data loaders with workers. It is memory, and "
        "counts within the pod's limit. Default: what the container runtime gives, often 64Mi.",
    )
    packing: Packing = Field(default=Packing(), description="How trials share Jobs.")
    deadline_seconds: int = Field(
        default=3600,
        ge=1,
        le=2_592_000,
        description="Seconds that a trial may take by the worker's own clock; 1 to 2592000 (30 days).",
    )
    checkpoint_seconds: int = Field(
        default=CHECKPOINT_SECONDS,
        ge=1,
        le=86_400,
        description="Seconds between two checkpoints of a trial whose function keeps some; 1 to 86400. At most so many "
        "are lost when it is killed, and none when it is told to end and keeps one within 25 seconds.",
    )
    retries: int = Field(
        default=2,
        ge=0,
        le=10,
        description="Further attempts after failures of the infrastructure; 0 to 10. Failures of the code are final.",
    )
    pod_template: PodTemplate | None = Field(
        default=None,
        description="Overlay on the pods of the trials. What the standard `restricted` forbids pods is refused.",
    )
    queue_name: Name | None = Field(default=None, description="Kueue LocalQueue that the Jobs go through.")


class RankedBy(Model):
    """A metric of a trial, and which of its values are better."""

    name: str = Field(
        pattern=METRIC_NAME, min_length=1, max_length=63, description="Name under which the train function returns it."
    )
    goal: Goal = Field(default=Goal.MAXIMIZE, description="Which scores are better.")

    def turned(self, score: float) -> float:
        """Turn a score so that higher is better, or turn it back: its sign changes if the metric is minimised.

        What is beyond `MOST_SCORE` counts as that: a run that diverged must not break what is said of all others.
        """
        bounded = max(-MOST_SCORE, min(score, MOST_SCORE))
        return -bounded if self.goal is Goal.MINIMIZE else bounded


class Metric(RankedBy):
    """What the hypotheses are ranked by."""

    model_config = ConfigDict(
        json_schema_extra=cel(
            (
                "(has(self.onFailure) && self.onFailure == 'Score') == has(self.failureScore)",
                "failureScore: must be given with onFailure Score, and only then",
            ),
        )
    )

    smallest_effect: PositiveDecimalString = Field(
        default="0",
        description="Smallest difference that matters, in the metric's unit; 0 or more, as a decimal string. "
        "Hypotheses nearer to the baseline than this are Equivalent; with 0 none ever is.",
    )
    on_failure: OnFailure = Field(
        default=OnFailure.UNSTABLE,
        description="What a seed counts as that failed by the hypothesis' own fault (not a number, an error, out of "
        "memory, past its deadline). Unstable: a hypothesis with such seeds is never Better and never the best. "
        "Score: the seed has the score `failureScore`. Ignore: the other seeds count alone.",
    )
    failure_score: DecimalString | None = Field(
        default=None, description="The score of a failed seed, in the metric's unit; needed with onFailure Score."
    )


class ReferenceArm(Model):
    """The full run: the conditions that count."""

    model_config = ConfigDict(
        json_schema_extra=cel(
            ("has(self.epochs) != has(self.steps)", "reference: either epochs or steps must be given")
        )
    )

    epochs: int | None = Field(
        default=None, ge=1, le=1_000_000, description="Passes over the training data; 1 to 1000000."
    )
    steps: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000_000,
        description="Steps of the whole run, each on a batch, instead of epochs; 1 to 1000000000. So a run of one "
        "epoch has shorter proxies.",
    )
    image_size: int | None = Field(
        default=None, ge=1, le=8192, description="Pixels a side; 1 to 8192. Default: the largest that the data set has."
    )
    batch_size: int | None = Field(
        default=None, ge=1, le=1_048_576, description="Examples per step; 1 to 1048576. Default: the train function's."
    )
    data_percent: int = Field(
        default=100, ge=1, le=100, description="Percent of the training examples, chosen at random; 1 to 100."
    )
    recipe: FreeForm = Field(default={}, description="Changes to the recipe in all arms, as a JSON merge patch.")


MOST_PROXIES = 16
"""The most proxies of a study; each epoch at which a curve is read is one."""

_EPOCH = Annotated[int, Field(ge=1, le=1_000_000)]


class ReadAt(Model):
    """Where on the learning curve of a longer run an arm is read."""

    epochs: tuple[_EPOCH, ...] = Field(
        min_length=1,
        max_length=MOST_PROXIES,
        description="Epochs below the arm's own, each once. Several are so many arms: `early` with 2 and 5 is early-2 "
        "and early-5.",
        json_schema_extra=unique(),
    )


_WHAT_DIFFERS = ("epochs", "steps", "imageSize", "batchSize", "dataPercent", "recipe", "readAt", "metric")


class ProxyArm(Model):
    """A cheaper comparison. What is left out is as in the reference."""

    model_config = ConfigDict(
        json_schema_extra=cel(
            ("self.name != 'reference'", "name: 'reference' is the name of the arm that proxies are compared with"),
            (
                " || ".join(f"has(self.{field})" for field in _WHAT_DIFFERS),
                f"a proxy must differ from the reference: set one or more of {', '.join(_WHAT_DIFFERS)}",
            ),
        )
    )

    name: Name = Field(description="Name of the arm: a DNS label of 1 to 63 characters, not 'reference'.")
    epochs: int | None = Field(
        default=None, ge=1, le=1_000_000, description="Passes over the training data; at most the reference's."
    )
    steps: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000_000,
        description="Steps of the whole run; at most the reference's, which must be given in steps, too.",
    )
    image_size: int | None = Field(
        default=None,
        ge=1,
        le=8192,
        description="Pixels a side; at most the reference's, and one that the data set has.",
    )
    batch_size: int | None = Field(
        default=None,
        ge=1,
        le=1_048_576,
        description="Examples per step. Smaller than the reference's only if the run takes no more steps in all.",
    )
    data_percent: int | None = Field(
        default=None, ge=1, le=100, description="Percent of the training examples; at most the reference's."
    )
    subset: Subset | None = Field(
        default=None,
        description="How the examples are chosen if dataPercent is below 100. Random (default): anew for each seed; "
        "RS2: anew for each epoch, each example once before any twice; EL2N: those that a short training finds "
        "hardest; CCS: hard and easy ones alike, by the same scores; Custom: by a function of your own.",
    )
    subset_entrypoint: Entrypoint | None = Field(
        default=None,
        description="The function that scores or chooses the examples for Custom, as module:function. It runs once for "
        "the arm, in the study's image, and its cost is the arm's.",
    )
    hardest_percent_left_out: int | None = Field(
        default=None,
        ge=0,
        le=99,
        description="Percent of all training examples, the hardest ones, that EL2N and CCS leave out; 0 (default) to "
        "99, and with dataPercent at most 100.",
    )
    recipe: FreeForm = Field(
        default={}, description="Changes to the reference's recipe, as a JSON merge patch (RFC 7396)."
    )
    read_at: ReadAt | None = Field(
        default=None,
        description="Read the score at these epochs of the arm's learning curve. If nothing else differs from the "
        "reference, that is the curve of its own trials, which costs nothing.",
    )
    metric: RankedBy | None = Field(
        default=None,
        description="Rank this arm by another metric of its trials. Default: by the study's. If nothing else differs "
        "from another arm, it reads that one's trials, which costs nothing.",
    )


class Seeds(Model):
    """How often each hypothesis is tried in each arm."""

    model_config = ConfigDict(
        json_schema_extra=cel(("self.initial <= self.maximum", "initial: must not be larger than maximum"))
    )

    initial: int = Field(default=3, ge=2, le=100, description="Seeds that every hypothesis gets; 2 to 100.")
    maximum: int = Field(default=10, ge=2, le=100, description="Seeds that a hypothesis gets at most; 2 to 100.")


class Trust(Model):
    """When a proxy is trusted."""

    statistic: TrustStatistic = Field(
        default=TrustStatistic.KENDALL_TAU, description="Agreement statistic that must reach the threshold."
    )
    threshold: PositiveDecimalString = Field(
        default="0.8",
        description="What the statistic must be at or above, as a decimal string above 0 and below 1; "
        "above 0.5 for DecisionAccuracy.",
    )
    confidence_percent: int = Field(
        default=95, ge=50, le=99, description="Confidence of the certificate, in percent; 50 to 99."
    )
    expected_hypotheses: int | None = Field(
        default=None,
        ge=2,
        le=100_000,
        description="How many hypotheses the backlog is expected to grow to, said before trust is first looked at; "
        "2 to 100000. The error is then spent towards that number. Default: most of it is spent at the first look.",
    )


class Verdicts(Model):
    """When a hypothesis is called better or worse than the baseline."""

    confidence_percent: int = Field(
        default=95, ge=50, le=99, description="Confidence of all verdicts together, in percent; 50 to 99."
    )
    correction: Correction = Field(
        default=Correction.FAMILY_WISE,
        description="FamilyWise: the confidence is that no verdict is wrong. "
        "FalseDiscovery: it is the share of right ones.",
    )
    generalise_to: GeneraliseTo = Field(
        default=GeneraliseTo.HELD_OUT,
        description="HeldOut: verdicts are about the held-out examples that there are. FreshExamples: about all such "
        "examples; it needs train functions that report how each example fared (trial.per_example).",
    )


class Screening(Model):
    """Screen all hypotheses on a trusted proxy, run only the best ones in full."""

    promote: int = Field(default=3, ge=1, le=1000, description="Hypotheses that are run in full; 1 to 1000.")
    audit_percent: int = Field(
        default=10, ge=0, le=100, description="Percent of the others that are run in full to audit the proxy; 0 to 100."
    )
    seed: int = Field(default=0, ge=0, le=2_147_483_647, description="Seed by which audits are drawn; 0 or more.")
    stratify_by: LabelKey | None = Field(
        default=None, description="Label of the hypotheses; audits are drawn from each of its values."
    )


class Budget(Model):
    """What a study may use. What is left out is not limited."""

    accelerator_seconds: int | None = Field(
        default=None, ge=1, le=10**12, description="Devices times seconds that all trials may hold them; 1 to 10^12."
    )
    deadline_seconds: int | None = Field(
        default=None,
        ge=1,
        le=31_536_000,
        description="Seconds after which no trial is started; 1 to 31536000 (a year).",
    )
    max_failed_trials: int | None = Field(
        default=None, ge=0, le=100_000, description="Failed trials after which no further one is started; 0 to 100000."
    )
    parallelism: int | None = Field(
        default=None,
        ge=1,
        le=10_000,
        description="Trials at the same time; 1 to 10000. Default: as many as the machine has room for; "
        "on Kubernetes what Assay was installed with, 50 unless it says otherwise.",
    )


class Retention(Model):
    """How long finished Jobs are kept. Results are kept for good."""

    finished_jobs_seconds: int = Field(
        default=3600, ge=0, le=31_536_000, description="Seconds until a finished Job is removed; 0 to 31536000."
    )


def _every_proxy(rule: str) -> str:
    return f"!has(self.proxies) || self.proxies.all(p, {rule})"


def _not_above(field: str) -> str:
    reference = f"self.reference.{field}"
    return _every_proxy(f"!has(p.{field}) || !has({reference}) || p.{field} <= {reference}")


_DATA_PERCENT = "(has(p.dataPercent) ? p.dataPercent : self.reference.dataPercent)"

# the rule of `Fidelity.takes_subset`, written out once more: CEL can't call a Python property
_SUBSET_OF_SOMETHING = _every_proxy(f"!has(p.subset) || {_DATA_PERCENT} < 100")

_HARDEST_OF_SCORED = _every_proxy("!has(p.hardestPercentLeftOut) || (has(p.subset) && p.subset in ['EL2N', 'CCS'])")

_ENTRYPOINT_OF_CUSTOM = _every_proxy("(has(p.subset) && p.subset == 'Custom') == has(p.subsetEntrypoint)")

_ENOUGH_LEFT = _every_proxy(f"!has(p.hardestPercentLeftOut) || p.hardestPercentLeftOut + {_DATA_PERCENT} <= 100")

_AS_LONG_AS = "proxies: epochs, readAt and RS2 need a reference with epochs, and steps one with steps"

_LENGTHS_ALIKE = _every_proxy(
    "has(self.reference.steps) ? !has(p.epochs) && !has(p.readAt) && (!has(p.subset) || p.subset != 'RS2')"
    " : !has(p.steps)"
)

_READ_BEFORE_THE_END = _every_proxy(
    "!has(p.readAt) || !has(self.reference.epochs) || "
    "p.readAt.epochs.all(e, e < (has(p.epochs) ? p.epochs : self.reference.epochs))"
)

_NOT_TOO_MANY = (
    f"!has(self.proxies) || self.proxies.map(p, has(p.readAt) ? p.readAt.epochs.size() : 1).sum() <= {MOST_PROXIES}"
)

_STEPS_NOT_ABOVE = _every_proxy(
    "!has(self.reference.epochs) || !has(p.batchSize) || !has(self.reference.batchSize) || "
    "p.batchSize >= self.reference.batchSize || "
    f"(has(p.epochs) ? p.epochs : self.reference.epochs) * {_DATA_PERCENT} * self.reference.batchSize"
    " <= self.reference.epochs * self.reference.dataPercent * p.batchSize"
)


class ProxyStudySpec(Model):
    """What is compared, how, and when it is enough."""

    model_config = ConfigDict(
        json_schema_extra=cel(
            (_not_above("epochs"), "proxies: epochs must not be above the reference's"),
            (_not_above("steps"), "proxies: steps must not be above the reference's"),
            (_LENGTHS_ALIKE, _AS_LONG_AS),
            (_not_above("imageSize"), "proxies: imageSize must not be above the reference's"),
            (_not_above("dataPercent"), "proxies: dataPercent must not be above the reference's"),
            (
                _STEPS_NOT_ABOVE,
                "proxies: a batchSize below the reference's needs fewer epochs or less data, for no more steps in all",
            ),
            (_SUBSET_OF_SOMETHING, "proxies: subset needs a dataPercent below 100"),
            (_HARDEST_OF_SCORED, "proxies: hardestPercentLeftOut needs the subset EL2N or CCS"),
            (_ENTRYPOINT_OF_CUSTOM, "proxies: subsetEntrypoint must be given with the subset Custom, and only then"),
            (_ENOUGH_LEFT, "proxies: hardestPercentLeftOut and dataPercent must be at most 100 together"),
            (_READ_BEFORE_THE_END, "proxies: readAt: epochs must be below the arm's epochs"),
            (
                _NOT_TOO_MANY,
                f"proxies: at most {MOST_PROXIES}, where each epoch of readAt is one",
            ),
            (
                "!has(self.screening) || (has(self.proxies) && self.proxies.size() > 0)",
                "screening: needs proxies to screen on",
            ),
        )
    )

    question: Question = Field(default=Question.RANK_ALL, description="What the study is to find out.")
    hypotheses: HypothesesSelection = Field(description="Which hypotheses are compared, and with which.")
    dataset: DatasetReference = Field(description="What is trained on, and whose held-out split gives the score.")
    trainer: TrainerSpec = Field(description="The code that is trained, and what it runs on.")
    metric: Metric = Field(description="What the hypotheses are ranked by.")
    reference: ReferenceArm = Field(description="The full run: the conditions that count.")
    proxies: tuple[ProxyArm, ...] = Field(
        default=(),
        max_length=MOST_PROXIES,
        description="The cheaper comparisons, at most 16. With none the study only compares hypotheses.",
        json_schema_extra=list_map("name"),
    )
    seeds: Seeds = Field(default=Seeds(), description="How often each hypothesis is tried in each arm.")
    trust: Trust = Field(default=Trust(), description="When a proxy is trusted.")
    verdicts: Verdicts = Field(
        default=Verdicts(), description="When a hypothesis is called better or worse than the baseline."
    )
    screening: Screening | None = Field(
        default=None, description="Screen all hypotheses on a trusted proxy, run only the best in full."
    )
    budget: Budget = Field(default=Budget(), description="What the study may use.")
    retention: Retention = Field(
        default=Retention(), description="How long finished Jobs are kept, unless a quota is used up."
    )
    suspend: bool = Field(default=False, description="Whether to start no further trials. Running ones end as usual.")


class ProxyStudy(Model):
    """Which cheap comparison ranks the hypotheses as the full run does, and how they rank."""

    api_version: Literal["assay.dev/v1alpha1"] = API_VERSION
    kind: Literal["ProxyStudy"] = "ProxyStudy"
    metadata: ObjectMeta = Field(description="Name and labels.")
    spec: ProxyStudySpec = Field(description="What is compared, how, and when it is enough.")
    status: ProxyStudyStatus | None = Field(default=None, description="What the study has found so far.")

    @property
    def name(self) -> str:
        """Its name."""
        return self.metadata.name
