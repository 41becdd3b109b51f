"""Names that people give to the parts of a data set."""

from __future__ import annotations

import re
from enum import StrEnum


class Part(StrEnum):
    """What a part of a data set is for."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


WORDS = {
    **dict.fromkeys(("train", "training", "trn", "tr"), Part.TRAIN),
    **dict.fromkeys(("val", "valid", "validation", "validate", "dev", "eval", "evaluation"), Part.VALIDATION),
    **dict.fromkeys(("test", "testing", "tst", "te", "heldout", "holdout"), Part.TEST),
}

HELD_OUT_ORDER = (Part.TEST, Part.VALIDATION)
"""Which part is held out if there are several and nobody says."""

_FILLING = {"set", "split", "data", "dataset", "images", "image", "imgs", "img", "folder", "part"}
_YEAR = re.compile(r"(?<!\d)(19|20)\d\d(?!\d)")


def part_of(name: str) -> Part | None:
    """The part that a folder's name stands for: `Train`, `val_set`, `test2017`, `held-out`; None: another name."""
    text = _YEAR.sub("", name.casefold())
    if re.search(r"\d", text):  # train1, train2: not what we know
        return None
    words = [word for word in re.findall(r"[^\W_]+", text) if word not in _FILLING]
    joined = "".join(words)
    return WORDS.get(joined) or (WORDS.get(joined.removesuffix("set")) if joined.endswith("set") else None)
