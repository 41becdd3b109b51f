"""Names of files that have the digest of what they hold in them."""

from __future__ import annotations

import re

from assay_trainer.contract import Digest

_CHARACTERS = 16
_NAME = re.compile(rf".*-([0-9a-f]{{{_CHARACTERS}}})\.arrow")


def file_name(stem: str, digest: Digest) -> str:
    """Return the name of a file with this digest."""
    return f"{stem}-{digest.removeprefix('sha256:')[:_CHARACTERS]}.arrow"


def has_its_digest(name: str, digest: Digest) -> bool:
    """Return whether a file that has this digest may have this name; any file may have one without a digest."""
    named = _NAME.fullmatch(name)
    return named is None or digest.removeprefix("sha256:").startswith(named[1])
