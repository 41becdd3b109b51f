"""Reads labelled images from an .npz file."""

from __future__ import annotations

import difflib
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from assay_trainer.described import bounded, printable
from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.sources.findings import Findings
from assay_trainer.shards.sources.mapped import mapped_member
from assay_trainer.shards.sources.parts import HELD_OUT_ORDER, WORDS, Part
from assay_trainer.shards.sources.source import Source, from_arrays

SPLIT_KEYS = (
    ("x_train", "y_train", "x_test", "y_test"),
    ("train_images", "train_labels", "test_images", "test_labels"),
)
"""The keys of the images and labels to train on, and of those to hold out. Other common spellings are understood,
too."""

WHOLE_KEYS = (("x", "y"), ("images", "labels"), ("data", "labels"), ("image", "label"))
"""The keys of images and labels without a split."""

_IMAGES = ("x", "images", "data", "image", "imgs", "img")
_LABELS = ("y", "labels", "label", "targets", "target")
_PART = "|".join(sorted(WORDS, key=len, reverse=True))
_KIND = "|".join((*_IMAGES, *_LABELS))
_NAME = re.compile(f"(?P<before>{_PART})?(?P<kind>{_KIND})(?P<after>{_PART})?")

_Pair = tuple[str, str]


def read_npz(path: Path, hold_out: Part | None = None) -> Source:
    """Read the file. SPLIT_KEYS and WHOLE_KEYS say its keys, `from_arrays` what they hold; `hold_out` is the part to
    hold out of several. Raises InvalidSource."""
    if not zipfile.is_zipfile(path):
        raise InvalidSource(f"{path}: not an .npz file, which is a zip of arrays")
    findings = Findings()
    try:
        with zipfile.ZipFile(path) as archive:
            names = [each.removesuffix(".npy") for each in archive.namelist() if each.endswith(".npy")]
            pairs = _chosen(path, names, findings, hold_out)
            loaded = [(_mapped(path, archive, images), _mapped(path, archive, labels)) for images, labels in pairs]
            _leave_out(findings, names, pairs)
    except InvalidSource:
        raise
    except Exception as error:  # a zip that is cut, encrypted or packed in another way; a header that lies
        raise InvalidSource(f"{path}: can't be read as .npz: {str(error) or type(error).__name__}") from error
    return replace(from_arrays(str(path), loaded), found="arrays of an .npz file", findings=findings)


def _chosen(path: Path, names: Sequence[str], findings: Findings, hold_out: Part | None) -> list[_Pair]:
    """Return the arrays of images and labels: of the training part and of the held-out one, or of the whole."""
    found = set(names)
    if hold_out is None:
        for keys in (*SPLIT_KEYS, *WHOLE_KEYS):
            if set(keys) <= found:
                pairs = list(zip(keys[::2], keys[1::2], strict=True))
                return _said(pairs, _understood(names), findings) if len(pairs) == 2 else pairs
    pairs_by_part = _understood(names)
    held = [part for part in HELD_OUT_ORDER if part in pairs_by_part]
    if hold_out is not None and hold_out not in held:
        given = ", ".join(held) or "none"
        raise InvalidSource(f"{path}: no part `{hold_out}` with images and labels to hold out; the file has {given}")
    if Part.TRAIN in pairs_by_part:
        chosen = hold_out or next(iter(held), None)
        pairs = [pairs_by_part[Part.TRAIN], *([pairs_by_part[chosen]] if chosen else [])]
        return _said(pairs, pairs_by_part, findings)
    if None in pairs_by_part:
        return [pairs_by_part[None]]
    allowed = [", ".join(keys) for keys in (*WHOLE_KEYS, *SPLIT_KEYS)]
    nearest = difflib.get_close_matches(", ".join(names[:50]), allowed, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    given = bounded(printable(", ".join(names[:50])), 300) or "nothing"
    raise InvalidSource(f"{path}: arrays named {given}; allowed: {' | '.join(allowed)}{hint}")


def _understood(names: Sequence[str]) -> dict[Part | None, _Pair]:
    """Return the names of images and labels by part; None is the whole."""
    by_kind: dict[tuple[Part | None, str], str] = {}
    for name in sorted(names, key=lambda name: (name.casefold(), name)):
        match = _NAME.fullmatch(re.sub(r"[\W_]", "", name.casefold()))
        if match and not (match["before"] and match["after"]):
            word = match["before"] or match["after"]
            kind = "images" if match["kind"] in _IMAGES else "labels"
            by_kind.setdefault((WORDS[word] if word else None, kind), name)
    return {
        part: (by_kind[part, "images"], by_kind[part, "labels"])
        for part in (None, *Part)
        if {(part, "images"), (part, "labels")} <= by_kind.keys()
    }


def _said(pairs: list[_Pair], by_part: Mapping[Part | None, _Pair], findings: Findings) -> list[_Pair]:
    """Return the same pairs; a note says so if another part might have been held out."""
    if len(pairs) == 2:
        for part in HELD_OUT_ORDER:
            if part in by_part and by_part[part] not in pairs:
                findings.notes.append(
                    f"of the two parts beside the training part, {pairs[1][0]} is held out (--hold-out {part} holds "
                    f"out {by_part[part][0]} instead)"
                )
    return pairs


def _leave_out(findings: Findings, names: Sequence[str], pairs: Sequence[_Pair]) -> None:
    used = {name for pair in pairs for name in pair}
    for name in names:
        if name not in used:
            findings.leave_out("arrays", name)


def _mapped(path: Path, archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    try:
        return mapped_member(path, archive, name)
    except ValueError as error:
        if "pickle" not in str(error):
            raise
        raise InvalidSource(
            f"{path}: can't be read as .npz: {name} holds Python objects, which are not opened; allowed: arrays of "
            "numbers or texts, such as labels.astype(str)"
        ) from None
