"""What all models of the resources share."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

GROUP: Final = "assay.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = "assay.dev/v1alpha1"

RETRY_ANNOTATION: Final = "assay.dev/retry"
"""On a study: a user's request to try failed trials once more; every new value is one."""


class Model(BaseModel):
    """Base of all models here: immutable, unknown fields are errors, snake_case in Python and camelCase in JSON."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_alias=True, validate_by_name=True
    )

    def to_dict(self) -> dict[str, Any]:
        """Return the object as JSON values, as Kubernetes has it: camelCase, and what is None left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
