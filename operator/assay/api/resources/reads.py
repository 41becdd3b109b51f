"""What a train function reads that is neither its recipe nor its data set: files, and environment variables."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from assay.api.base import Model
from assay.api.extensions import cel, unique
from assay.api.values import Uri, VariableName

Inputs = Annotated[
    tuple[Uri, ...],
    Field(
        max_length=64,
        description="Files that the train function reads by itself, at most 64: what they hold is part of the trial "
        "keys, so that results of before an edit no longer count. In a file read by `assay`: paths of files and "
        "folders, relative to that file. On Kubernetes: s3:// URIs of objects.",
        json_schema_extra=unique(),
    ),
]

INPUTS_ARE_URIS = (
    "!has(self.inputs) || self.inputs.all(i, i.startsWith('s3://') || i.startsWith('file:///'))",
    "inputs: on Kubernetes each must be the s3:// URI of an object; a path means something only to `assay run`",
)
"""A rule for everything that has inputs."""


class TrainerEnvironment(Model):
    """Which environment variables the train function may see."""

    model_config = ConfigDict(
        json_schema_extra=cel(
            (
                "!has(self.digested) || !has(self.passed) || self.digested.all(name, !(name in self.passed))",
                "a variable is either in digested or in passed",
            )
        )
    )

    digested: tuple[VariableName, ...] | None = Field(
        default=None,
        max_length=64,
        description="Names of variables whose values are part of the trial keys, at most 64; never credentials. "
        "`assay run` takes them from its own environment, Kubernetes from podTemplate.env.",
        json_schema_extra=unique(),
    )
    passed: tuple[VariableName, ...] | None = Field(
        default=None,
        max_length=64,
        description="Names of variables that the train function sees as well, and that change no result, at most 64: "
        "the address of a tracker, its token.",
        json_schema_extra=unique(),
    )
