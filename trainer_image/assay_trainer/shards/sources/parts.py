"""The names that people give to the parts of a data set."""

from __future__ import annotations

import re
from enum import StrEnum


class Part(StrEnum):
    """The purpose of a part of a data set."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


WORDS = {
    **dict.fromkeys(("train", "training", "trn", "tr"), Part.TRAIN),
    **dict.fromkeys(("val", "valid", "validation", "validate", "dev", "eval", "evaluation"), Part.VALIDATION),
    **dict.fromkeys(("test", "testing", "tst", "te", "heldout", "holdout"), Part.TEST),
}

HELD_OUT_ORDER = (Part.TEST, Part.VALIDATION)
"""The order in which parts are considered for holding out, unless the user chooses."""

_FILLING = {"set", "split", "data", "dataset", "images", "image", "imgs", "img", "folder", "part"}
_YEAR = re.compile(r"(?<!\d)(19|20)\d\d(?!\d)")


def part_of(name: str) -> Part | None:
    """Return the part that a folder's name stands for, such as `Train`, `val_set`, `test2017`, `held-out`; None for
    another name."""
    text = _YEAR.sub("", name.casefold())
    if re.search(r"\d", text):  # train1, train2: not what we know
        return None
    words = [word for word in re.findall(r"[^\W_]+", text) if word not in _FILLING]
    joined = "".join(words)
    return WORDS.get(joined) or (WORDS.get(joined.removesuffix("set")) if joined.endswith("set") else None)
