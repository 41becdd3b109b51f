"""What a worker is asked to do."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from assay_trainer.contract.dataset import Dataset, Input
from assay_trainer.contract.message import CONTRACT_VERSION, Digest, Key, Message, Version, is_empty, is_one
from assay_trainer.contract.stated_dataset import StatedDataset

Subset = Literal["Random", "RS2", "EL2N", "CCS", "Custom"]

BY_HARDNESS = frozenset({"EL2N", "CCS"})
"""The ways to choose examples that go by EL2N scores."""


CHECKPOINT_SECONDS = 600
"""The seconds between two checkpoints by default: five seconds for one are less than 1 % of them."""


class Fidelity(Message):
    """How much of a recipe is run."""

    epochs: int = Field(default=1, ge=1, description="Passes over the training data; 1 where `steps` say how long.")
    steps: int | None = Field(
        default=None, ge=1, exclude_if=is_empty, description="Steps of the whole run, each on a batch; None: `epochs`."
    )
    image_size: int | None = Field(default=None, ge=1, description="Pixels a side; None: the largest there is.")
    batch_size: int | None = Field(default=None, ge=1, description="None: the train function's own.")
    data_percent: int = Field(default=100, ge=1, le=100)
    subset: Subset = "Random"
    hardest_percent_left_out: int = Field(
        default=0,
        ge=0,
        le=99,
        exclude_if=is_empty,
        description="Percent of all training examples, those with the highest scores, that EL2N and CCS leave out.",
    )
    subset_entrypoint: str | None = Field(
        default=None, exclude_if=is_empty, description="module:function that scores or chooses examples for Custom."
    )
    stop_after: int | None = Field(
        default=None,
        ge=1,
        exclude_if=is_empty,
        description="The epoch after which the run ends, on the schedule of all `epochs`; None: it runs to its end.",
    )

    def whole(self) -> Fidelity:
        """Return the run that this one is the beginning of; itself, if it runs to its end."""
        return self if self.stop_after is None else self.model_copy(update={"stop_after": None})

    @property
    def takes_subset(self) -> bool:
        """Whether only a part of the training examples is used: of 100 percent there is nothing to choose."""
        return self.data_percent < 100

    @property
    def needs_scores(self) -> bool:
        """Whether the examples are chosen by scores, which a preparation makes."""
        return self.takes_subset and (self.subset in BY_HARDNESS or self.subset == "Custom")

    def identity(self) -> dict[str, Any]:
        """Return the fields that determine a result: how a subset is chosen counts only if one is taken."""
        return self.model_dump(exclude=None if self.takes_subset else _HOW_CHOSEN)


_HOW_CHOSEN = {"subset", "hardest_percent_left_out", "subset_entrypoint"}

_THREADS = "CPU threads of each of its processes; None: one, with GPUs its part of the cores."
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
    dataset: Dataset | StatedDataset = Field(description="What is trained on.")
    held_out: Dataset | StatedDataset = Field(description="Whose held-out split gives the score.")
    preparation: Key | None = Field(default=None, description="Key of the scores that choose the subset.")
    inputs: tuple[Input, ...] = Field(default=(), exclude_if=is_empty, description="What else it reads.")
    environment: dict[str, str | None] = Field(
        default={}, exclude_if=is_empty, description="Variables that count by their value; None: one that is not set."
    )
    passed: tuple[str, ...] = Field(
        default=(), exclude_if=is_empty, description="Names of variables that it may see, and that do not count."
    )
    metric: str
    wanted_epochs: tuple[int, ...] = Field(
        default=(),
        exclude_if=is_empty,
        description="Epochs at which somebody wants to read its learning curve. They don't count.",
    )
    wanted_metrics: tuple[str, ...] = Field(
        default=(), exclude_if=is_empty, description="Further metrics that somebody wants to read. They don't count."
    )
    deadline_seconds: int = Field(ge=1)
    checkpoint_seconds: int | None = Field(
        default=None,
        ge=1,
        exclude_if=is_empty,
        description="Seconds between checkpoints; None: CHECKPOINT_SECONDS.",
    )
    devices: int = Field(default=1, ge=1)
    threads: int | None = Field(default=None, ge=1, exclude_if=is_empty, description=_THREADS)
    deterministic: bool = Field(
        default=False,
        exclude_if=is_empty,
        description="Whether all its operations are to give the same bits again.",
    )
    alone: bool = Field(
        default=False,
        exclude_if=is_empty,
        description="Whether nothing is to run beside it: others had the memory that it ran out of before.",
    )
    layers: bool = Field(
        default=False,
        exclude_if=is_empty,
        description="Whether a few of its steps are traced, to say how long each kind of layer takes.",
    )


PreparationMethod = Literal["EL2N", "Custom"]


class PreparationRequest(Message):
    """Work that several trials share: the computation of the scores that choose a core-set.

    EL2N trains `repeats` networks by recipe and fidelity on all the data. Custom calls `entrypoint`; its fidelity says
    how much is to be chosen.
    """

    kind: Literal["Preparation"] = "Preparation"
    key: Key
    attempt: int = Field(default=1, ge=1)
    study: str
    arm: str = Field(description="The arm that is charged.")
    method: PreparationMethod
    entrypoint: str | None = Field(
        default=None, exclude_if=is_empty, description="module:function of Custom, which alone has one."
    )
    code: Digest
    image: str | None = Field(default=None, description=_IMAGE)
    recipe: dict[str, Any] = Field(description="Recipe of the network that scores the examples; for Custom the arm's.")
    fidelity: Fidelity = Field(description="Epochs, image and batch size of the scoring runs; for Custom the arm's.")
    repeats: int = Field(ge=1, description="Initialisations that the scores are averaged over.")
    dataset: Dataset
    inputs: tuple[Input, ...] = Field(default=(), exclude_if=is_empty, description="As in TrialRequest.")
    environment: dict[str, str | None] = Field(default={}, exclude_if=is_empty, description="As in TrialRequest.")
    passed: tuple[str, ...] = Field(default=(), exclude_if=is_empty, description="As in TrialRequest.")
    deadline_seconds: int = Field(ge=1)
    devices: int = Field(default=1, ge=1)


WorkItem = Annotated[TrialRequest | PreparationRequest, Field(discriminator="kind")]


class WorkRequest(Message):
    """The request that a worker is given: a list of trials (or preparations) and the store they are for."""

    version: Version = CONTRACT_VERSION
    store: str = Field(description="URI prefix under which results go.")
    items: tuple[WorkItem, ...] = Field(min_length=1)
    at_once: int = Field(
        default=1, ge=1, exclude_if=is_one, description="How many of them run side by side, on the same devices."
    )
