"""What a local runner and its fork server say to each other."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from assay_trainer.contract.failures import TerminationMessage
from assay_trainer.contract.message import CONTRACT_VERSION, Digest, Key, Message, Seconds, Version
from assay_trainer.contract.requests import WorkItem

CACHE_VARIABLE, CACHE_BYTES_VARIABLE = "ASSAY_CACHE", "ASSAY_CACHE_BYTES"
"""Variables that say in which folder blocks of data sets are kept from trial to trial (empty: nowhere), and how many
bytes of them."""

MEMORY_LIMIT_VARIABLE = "ASSAY_MEMORY_LIMIT"
"""The variable that holds a pod's memory limit as its template writes it, such as 300Mi, so that messages quote the
number that people know."""


STOP_SECONDS = 25.0
"""The time that an item has, once it was told to end, to write a checkpoint. One that does not use any ends at once. A
pod has a little longer: the worker is still to say how its items ended."""


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
    beside: int = Field(
        default=1, ge=1, description="How many items, with this one, share its GPUs: it has so large a part of them."
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
    several_devices: bool = Field(default=False, description="Whether it says that it can use more than one device.")
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
