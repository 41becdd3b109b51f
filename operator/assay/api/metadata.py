"""Kubernetes' metadata and label selectors, as far as they are read here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from assay.api.base import Model
from assay.api.extensions import cel
from assay.api.values import LABEL_KEY, FreeForm, LabelKey, LabelValue, Name


class ObjectMeta(Model):
    """Kubernetes' ObjectMeta. All its fields are here, so that a misspelt one is an error."""

    name: Name = Field(description="Name of the resource: a DNS label of 1 to 63 characters.")
    namespace: str | None = Field(default=None, description="Namespace of the resource.")
    labels: dict[str, LabelValue] = Field(default={}, description="Labels, by which a study selects hypotheses.")
    annotations: dict[str, str] = Field(default={}, description="Annotations; not read.")
    uid: str | None = Field(default=None, description="Set by Kubernetes.")
    generation: int | None = Field(default=None, description="Set by Kubernetes: counts the changes of the spec.")
    resource_version: str | None = Field(default=None, description="Set by Kubernetes.")
    creation_timestamp: str | None = Field(default=None, description="Set by Kubernetes.")
    deletion_timestamp: str | None = Field(default=None, description="Set by Kubernetes.")
    deletion_grace_period_seconds: int | None = Field(default=None, description="Set by Kubernetes.")
    generate_name: str | None = Field(default=None, description="Prefix of a name that Kubernetes makes.")
    owner_references: tuple[FreeForm, ...] | None = Field(default=None, description="Not read.")
    finalizers: tuple[str, ...] | None = Field(default=None, description="Not read.")
    managed_fields: tuple[FreeForm, ...] | None = Field(default=None, description="Set by Kubernetes.")
    self_link: str | None = Field(default=None, description="Set by older Kubernetes.")


def wrong_keys(metadata: ObjectMeta) -> Iterator[tuple[str, str]]:
    """Yield the field and key of labels and annotations that Kubernetes does not take; no schema checks them."""
    for field, keys in (("labels", metadata.labels), ("annotations", metadata.annotations)):
        for key in keys:
            prefix, _, name = key.rpartition("/")
            if len(prefix) > _LONGEST_PREFIX or len(name) > _LONGEST_NAME or not re.fullmatch(LABEL_KEY, key):
                yield field, key


_LONGEST_PREFIX, _LONGEST_NAME = 253, 63


class LabelOperator(StrEnum):
    """How a label is compared with the values."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


class LabelRequirement(Model):
    """A condition on one label."""

    model_config = ConfigDict(
        json_schema_extra=cel(
            (
                "(self.operator in ['In', 'NotIn']) == (has(self.values) && self.values.size() > 0)",
                "values: one or more with In and NotIn, none with Exists and DoesNotExist",
            )
        )
    )

    key: LabelKey = Field(description="Key of the label.")
    operator: LabelOperator = Field(
        description="In, NotIn: the label's value is (not) among the values; Exists, …: no values."
    )
    values: tuple[LabelValue, ...] = Field(
        default=(), max_length=32, description="The values, 1 to 32 with In and NotIn; none with Exists, DoesNotExist."
    )

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether labels meet it. As in Kubernetes, NotIn is met by labels without the key."""
        match self.operator:
            case LabelOperator.IN:
                return self.key in labels and labels[self.key] in self.values
            case LabelOperator.NOT_IN:
                return labels.get(self.key) not in self.values
            case LabelOperator.EXISTS:
                return self.key in labels
            case LabelOperator.DOES_NOT_EXIST:
                return self.key not in labels


class LabelSelector(Model):
    """Kubernetes' label selector: all that is said must hold; an empty one matches everything."""

    match_labels: Annotated[dict[str, LabelValue], Field(max_length=32)] = Field(
        default={}, description="Labels with the values that they must have; at most 32."
    )
    match_expressions: tuple[LabelRequirement, ...] = Field(
        default=(), max_length=32, description="Further conditions on labels; at most 32."
    )

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether labels meet every condition."""
        return all(labels.get(key) == value for key, value in self.match_labels.items()) and all(
            requirement.matches(labels) for requirement in self.match_expressions
        )
