"""What is wrong with an object that was read, in a few words."""

from __future__ import annotations

from pydantic import ValidationError

from assay_trainer.described import bounded

_MOST_FAULTS = 100


def first_fault(error: ValidationError) -> tuple[str, str]:
    """Return where the first fault is (empty: the whole object), and what is wrong there."""
    if error.error_count() > _MOST_FAULTS:  # to list a million takes the memory that a limit was to spare
        return "", f"{error.error_count()} fields are wrong"
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return ".".join(str(part)[:100] for part in first["loc"]), bounded(" ".join(first["msg"].split()), 200)
