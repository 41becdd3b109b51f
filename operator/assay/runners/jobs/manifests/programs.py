"""The digest of the code that an image holds."""

from __future__ import annotations

import re

from assay.planning.study.programs import Program
from assay.runners.protocol import UnusableProgram
from assay_trainer.contract import canonical_json, digest

_BY_DIGEST = re.compile(r".+@(sha256:[0-9a-f]{64})")
_ALLOWED = "an image by digest, name@sha256:<64 hex digits>, or by tag together with a revision"


def image_code(program: Program, default_image: str | None) -> str:
    """Return the digest of the code: the image's, or that of its tag and revision. Raises UnusableProgram.

    The installation's own image, for trials whose manifests name none, may be given by tag alone: its installer sees to
    it that the tag does not move.
    """
    image = program.image or default_image
    if image is None:
        raise UnusableProgram("image", "", "no image is given, and Assay was installed without one", _ALLOWED)
    if by_digest := _BY_DIGEST.fullmatch(image):
        return by_digest.group(1)
    if "@" in image or (program.image is not None and program.revision is None):
        raise UnusableProgram("image", image, f"image: given {image!r}", _ALLOWED)
    return digest(canonical_json([image, program.revision if program.image is not None else None]))
