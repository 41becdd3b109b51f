"""The part of a trial's pod that a study may set."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from assay.api.base import Model
from assay.api.extensions import list_map
from assay.api.values import FreeForm, LabelValue, Quantity, Subdomain

Quantities = Annotated[dict[str, Quantity], Field(max_length=32)]


class Resources(Model):
    """Compute resources of a trial's container."""

    requests: Quantities = Field(default={}, description='What is reserved, such as {cpu: 4, memory: "16Gi"}.')
    limits: Quantities = Field(default={}, description="What is at most used, such as {nvidia.com/gpu: 1}.")


class EnvironmentVariable(Model):
    """An environment variable of a trial's container."""

    name: str = Field(min_length=1, max_length=256, description="Name of the variable.")
    value: str | None = Field(default=None, max_length=32768, description="Its value.")
    value_from: FreeForm | None = Field(default=None, description="Where its value comes from, as in a pod.")


class ImagePullSecret(Model):
    """A secret that holds a registry's credentials."""

    name: Subdomain = Field(description="Name of the secret.")


class PodTemplate(Model):
    """An overlay on the pods of the trials. Only what is listed here may be set."""

    labels: Annotated[dict[str, LabelValue], Field(max_length=64)] = Field(
        default={}, description="Further labels of the pods; at most 64."
    )
    annotations: Annotated[dict[str, str], Field(max_length=64)] = Field(
        default={}, description="Further annotations of the pods; at most 64."
    )
    resources: Resources | None = Field(default=None, description="Compute resources of the trial's container.")
    node_selector: Annotated[dict[str, LabelValue], Field(max_length=32)] = Field(
        default={}, description="Labels that a node must have; at most 32."
    )
    tolerations: tuple[FreeForm, ...] = Field(default=(), max_length=32, description="Tolerations, as in a pod.")
    affinity: FreeForm | None = Field(default=None, description="Affinity, as in a pod.")
    volumes: tuple[FreeForm, ...] = Field(
        default=(),
        max_length=32,
        description="Volumes, as in a pod.",
    )
    volume_mounts: tuple[FreeForm, ...] = Field(
        default=(), max_length=32, description="Mounts of the volumes in the trial's container, as in a pod."
    )
    env: tuple[EnvironmentVariable, ...] = Field(
        default=(),
        max_length=128,
        description="Environment of the trial's container; at most 128 variables.",
        json_schema_extra=list_map("name"),
    )
    env_from: tuple[FreeForm, ...] = Field(
        default=(), max_length=32, description="Secrets and config maps as environment, as in a pod."
    )
    service_account_name: Subdomain | None = Field(
        default=None, description="Service account of the pods. Its token is not mounted."
    )
    priority_class_name: Subdomain | None = Field(default=None, description="Priority class of the pods.")
    image_pull_secrets: tuple[ImagePullSecret, ...] = Field(
        default=(),
        max_length=16,
        description="Secrets for the image's registry; at most 16.",
        json_schema_extra=list_map("name"),
    )
    runtime_class_name: Subdomain | None = Field(default=None, description="Runtime class of the pods.")
