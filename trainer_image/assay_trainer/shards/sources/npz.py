"""Labelled images in an .npz file."""

from __future__ import annotations

import difflib
import zipfile
import zlib
from pathlib import Path

import numpy as np

from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.sources.source import Source, from_arrays

SPLIT_KEYS = (
    ("x_train", "y_train", "x_test", "y_test"),
    ("train_images", "train_labels", "test_images", "test_labels"),
)
"""Images and labels to train on, images and labels to hold out."""

WHOLE_KEYS = (("x", "y"), ("images", "labels"), ("data", "labels"), ("image", "label"))
"""Images and labels without a split."""


def read_npz(path: Path) -> Source:
    """See SPLIT_KEYS and WHOLE_KEYS for the keys, `from_arrays` for what they hold. Raises InvalidSource."""
    if not zipfile.is_zipfile(path):
        raise InvalidSource(f"{path}: not an .npz file, which is a zip of arrays")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            found = tuple(arrays.files)
            for keys in (*SPLIT_KEYS, *WHOLE_KEYS):
                if set(keys) <= set(found):
                    loaded = [arrays[key] for key in keys]
                    return from_arrays(str(path), list(zip(loaded[::2], loaded[1::2], strict=True)))
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InvalidSource(f"{path}: can't be read as .npz: {error}") from error
    allowed = [", ".join(keys) for keys in (*WHOLE_KEYS, *SPLIT_KEYS)]
    nearest = difflib.get_close_matches(", ".join(found), allowed, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    raise InvalidSource(f"{path}: arrays named {', '.join(found) or 'nothing'}; allowed: {' | '.join(allowed)}{hint}")
