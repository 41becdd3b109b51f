"""Scalar values that several fields have."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue, StrictInt, StrictStr, WithJsonSchema

DECIMAL = r"^-?[0-9]+(\.[0-9]+)?$"
POSITIVE_DECIMAL = r"^[0-9]+(\.[0-9]+)?$"
NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
SUBDOMAIN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
LABEL_KEY = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"
LABEL_VALUE = r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"
ENTRYPOINT = r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_.]*$"
MANIFEST_URI = r"^(file:///|s3://[a-z0-9]).*$"
ANY_URI = r"^[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x1f\x7f]*[^/ \x00-\x1f\x7f][^\x00-\x1f\x7f]*$"
DATA_VERSION = r"^[A-Za-z0-9][A-Za-z0-9._:@+/-]*$"
METRIC_NAME = r"^[A-Za-z_][A-Za-z0-9_./-]*$"
IMAGE = r"^[a-z0-9][A-Za-z0-9._:/@-]*$"
VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
REVISION = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$"
CONDITION_TYPE = r"^[A-Za-z]([A-Za-z0-9.\-/]*[A-Za-z0-9])?$"
CONDITION_REASON = r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"

IN_WORDS = {
    DECIMAL: 'a decimal number in quotes, such as "0.8"',
    POSITIVE_DECIMAL: 'a decimal number of 0 or more in quotes, such as "0.002"',
    NAME: "lower-case letters, digits and '-', with a letter or digit at both ends",
    SUBDOMAIN: "lower-case letters, digits, '-' and '.', with a letter or digit at both ends",
    LABEL_KEY: "a label's key: letters, digits, '-', '_' and '.', with an optional prefix and '/'",
    LABEL_VALUE: "a label's value: letters, digits, '-', '_' and '.', with a letter or digit at both ends",
    ENTRYPOINT: "module:function, such as team.train:run",
    MANIFEST_URI: "file:///folder/manifest.json or s3://bucket/name/manifest.json",
    ANY_URI: "a URI with its scheme, such as s3://bucket/table.parquet, https://… or file:///folder/table.csv",
    DATA_VERSION: 'letters, digits and ._:@+/- in quotes, such as "3" or "2026-01-31"',
    METRIC_NAME: "letters, digits, '_', '.', '/' and '-', with a letter or '_' at the start",
    IMAGE: "a container image, such as registry.example/trainer@sha256:…",
    VARIABLE: "letters, digits and '_', with no digit at the start",
    REVISION: "letters, digits, '.', '_' and '-', such as a commit's hash",
    TIME: "a time such as 2026-01-31T12:00:00Z",
    CONDITION_TYPE: "letters and digits, such as Succeeded",
    CONDITION_REASON: "letters and digits, such as BudgetSpent",
}
"""What each pattern allows, in words."""

DecimalString = Annotated[str, Field(pattern=DECIMAL, max_length=32)]
"""A number that need not be whole. Kubernetes' API conventions have no floats."""

PositiveDecimalString = Annotated[str, Field(pattern=POSITIVE_DECIMAL, max_length=32)]
"""A decimal string of 0 or more."""

Name = Annotated[str, Field(pattern=NAME, min_length=1, max_length=63)]
"""A DNS label, since names become those of Jobs and values of labels."""

Subdomain = Annotated[str, Field(pattern=SUBDOMAIN, min_length=1, max_length=253)]
LabelKey = Annotated[str, Field(pattern=LABEL_KEY, min_length=1, max_length=317)]
LabelValue = Annotated[str, Field(pattern=LABEL_VALUE, max_length=63)]
Image = Annotated[str, Field(pattern=IMAGE, min_length=1, max_length=512)]
Entrypoint = Annotated[str, Field(pattern=ENTRYPOINT, min_length=3, max_length=256)]
VariableName = Annotated[str, Field(pattern=VARIABLE, min_length=1, max_length=128)]
"""The name of an environment variable."""

Uri = Annotated[str, Field(min_length=1, max_length=1024)]
Message = Annotated[str, Field(max_length=512)]

FreeForm = Annotated[dict[str, JsonValue], Field(max_length=256)]
"""Any JSON object: the train function, or Kubernetes, knows what may be in it."""

Quantity = Annotated[
    Annotated[StrictInt, Field(ge=-(2**63), lt=2**63)] | StrictStr,
    WithJsonSchema({"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}),
]
"""An amount of a Kubernetes resource: 2, "500m", "8Gi"."""
