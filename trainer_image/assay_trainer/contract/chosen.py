"""Copies of chosen examples: a cache in the store, whose files are found by what has chosen them."""

from __future__ import annotations

from pydantic import Field

from assay_trainer.contract.digests import canonical_json, digest
from assay_trainer.contract.examples import FileGroup
from assay_trainer.contract.message import CONTRACT_VERSION, Digest, Message, Version
from assay_trainer.contract.requests import TrialRequest


class ChosenExamples(Message):
    """The training examples that scores have chosen, in their order, as files of their own (`chosen_name`)."""

    version: Version = CONTRACT_VERSION
    scores: Digest = Field(description="Of the scores that have chosen them.")
    dataset: Digest = Field(description="The identity of the data set that they are of.")
    examples: int = Field(ge=1)
    files: dict[str, FileGroup] = Field(description="As in a manifest; paths are relative to the store.")


def chosen_folder(request: TrialRequest) -> str:
    """Return the folder of the copies of what a trial's preparation has chosen."""
    return f"chosen/{request.preparation}"


def chosen_name(request: TrialRequest, image_size: int | None) -> str:
    """Return the name of the object that describes the copy of what a trial's preparation, fidelity and seed choose."""
    fidelity = request.fidelity
    seed = request.seed if fidelity.subset == "CCS" else None  # it draws anew for each
    choice = [fidelity.subset, fidelity.data_percent, fidelity.hardest_percent_left_out, seed, image_size]
    return f"{chosen_folder(request)}/{digest(canonical_json(choice)).removeprefix('sha256:')[:32]}.json"
