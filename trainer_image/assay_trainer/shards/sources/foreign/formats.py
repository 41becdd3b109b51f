"""Formats that are not read, recognised by the names and the first bytes of their files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assay_trainer.described import printable
from assay_trainer.shards.sources.foreign import ways_in
from assay_trainer.shards.sources.magic import head_of, looks_like_an_image
from assay_trainer.shards.sources.tree import Parts, suffix_of

ALLOWED = (
    "a folder of class folders with images, an .npz file, a folder with MNIST's idx files, "
    "tar archives as WebDataset has them, a table"
)


@dataclass(frozen=True)
class Format:
    """A format, by a pattern of its files' whole paths in lower case, and by their first bytes."""

    name: str
    names: str
    way_in: str
    magic: bytes = b""
    offset: int = 0


IN_FOLDERS = (
    Format(
        "shards that are built already",
        r"(train|held-out)/(labels-[0-9a-f]{16}\.bin|(fields|image-\d+)/blocks-[0-9a-f]{16}\.arrow)",
        ways_in.SHARDS,
    ),
    Format("a data set of Hugging Face", r"(.*/)?(dataset_infos?|dataset_dict|state)\.json", ways_in.HUGGING_FACE),
    Format("MDS (MosaicML streaming)", r".*\.mds(\.\w+)?", ways_in.MDS),
    Format("LMDB", r"(.*/)?(data|lock)\.mdb", ways_in.LMDB),
    Format(
        "pickled CIFAR batches",
        r"(.*/)?(data_batch_\d+|test_batch|batches\.meta|cifar-100-python/(train|test|meta))",
        ways_in.CIFAR_PICKLES,
    ),
    Format(
        "binary CIFAR or STL batches",
        r"(.*/)?(data_batch_\d+|test_batch|train_[xy]|test_[xy]|train|test)\.bin",
        ways_in.CIFAR_BINARY,
    ),
    Format(
        "COCO annotations",
        r"(.*/)?((instances|person_keypoints|panoptic|image_info)_[^/]*|[^/]*coco[^/]*)\.json",
        ways_in.COCO,
    ),
    Format("Pascal VOC annotations", r"(.*/)?annotations/[^/]*\.xml", ways_in.VOC),
    Format("YOLO labels", r"(.*/)?labels/([^/]*/)?[^/]*\.txt", ways_in.YOLO),
)
"""Formats recognised by the names of a folder's files. The first that fits is chosen."""

FILES = (
    Format("Parquet", r".*\.(parquet|pq)", ways_in.PARQUET, b"PAR1"),
    Format("Arrow or Feather", r".*\.(arrow|feather|ipc)", ways_in.ARROW, b"ARROW1"),
    Format("a packed tar archive", r".*\.(tar|tgz|tbz2?|txz)|.*\.tar\.\w+", ways_in.TAR, b"ustar", 257),
    Format("a zip archive", r".*\.zip", ways_in.ZIP, b"PK\x03\x04"),
    Format("a 7-Zip archive", r".*\.7z", ways_in.SEVEN_ZIP, b"7z\xbc\xaf"),
    Format("a RAR archive", r".*\.rar", ways_in.RAR, b"Rar!"),
    Format("MDS (MosaicML streaming)", r".*\.mds(\.\w+)?", ways_in.MDS_FILE),
    Format("TFRecord", r".*\.(tfrecords?|tfrec)(\.\w+)?|.*tfrecords?.*-\d+-of-\d+(\.\w+)?", ways_in.TFRECORD),
    Format("HDF5", r".*\.(h5|hdf5?|he5)", ways_in.HDF5, b"\x89HDF\r\n\x1a\n"),
    Format("a MATLAB file", r".*\.mat", ways_in.MATLAB, b"MATLAB 5.0 MAT-file"),
    Format("arrays in .npy files", r".*\.npy", ways_in.NPY, b"\x93NUMPY"),
    Format("arrays of an .npz file", r".*\.npz", ways_in.NPZ),
    Format("an idx file", r".*idx[13][-.]ubyte(\.gz)?", ways_in.IDX, b"\x00\x00\x08"),
    Format("a file of PyTorch", r".*\.(pt|pth)", ways_in.TORCH),
    Format("pickled objects", r".*\.(pkl|pickle)(\.\w+)?", ways_in.PICKLE),
    *(Format("pickled objects", r"(?!)", ways_in.PICKLE, bytes([0x80, protocol])) for protocol in range(2, 6)),
    Format("a table of paths and labels", r".*\.(csv|tsv|jsonl|ndjson)(\.gz)?", ways_in.TABLE_OF_PATHS),
    Format("FFCV, RecordIO or Zarr", r".*\.(beton|rec)|(.*/)?zarr\.json", ways_in.OTHER_LIBRARY),
    Format("SQLite", r".*\.(sqlite3?|db)", ways_in.OTHER_LIBRARY, b"SQLite format 3"),
    Format("safetensors", r".*\.safetensors", ways_in.OTHER_LIBRARY),
    Format("COCO annotations or other JSON", r".*\.json", ways_in.JSON),
)
"""Formats recognised by a file's first bytes, or else by its name. The first that fits is chosen."""


def foreign_folder(folder: Path, others: Sequence[Parts]) -> str | None:
    """Say what the files of a folder are that are no images, and how to convert them; None if there are none."""
    paths = ["/".join(path) for path in others]
    if not paths:
        return None
    for form in IN_FOLDERS:
        if found := [path for path in paths if re.fullmatch(form.names, path.lower())]:
            return _message(form, str(folder), found)
    by_format: dict[Format, list[str]] = {}
    for path in paths:
        form_of_it = _by_name(path) or (None if suffix_of(path) else _by_magic(head_of(folder / path)))
        if form_of_it is not None:
            by_format.setdefault(form_of_it, []).append(path)
    if by_format:  # JSON lies beside many formats
        form = max(by_format, key=lambda form: (form is not FILES[-1], len(by_format[form])))
        whole = "PATH/" in form.way_in
        return _message(form, str(folder if whole else folder / by_format[form][0]), by_format[form])
    kinds = Counter(suffix_of(path) or "without a suffix" for path in paths).most_common(3)
    return f"found files of other kinds: {', '.join(f'{count:,} {kind}' for kind, count in kinds)}; allowed: {ALLOWED}"


def foreign_file(path: Path) -> str:
    """Say what a file is, by its first bytes or else by its name, and how to convert it."""
    head = head_of(path)
    if looks_like_an_image(path):
        return f"one image; allowed: {ALLOWED}"
    if form := _by_magic(head) or _by_name(str(path)):
        return _message(form, str(path), [])
    begins = f", which begins with {head[:16]!r}" if head else ", which is empty"
    return f"a file of another kind{begins}; allowed: {ALLOWED}"


def _by_name(path: str) -> Format | None:
    return next((form for form in FILES if re.fullmatch(form.names, path.lower())), None)


def _by_magic(head: bytes) -> Format | None:
    return next((form for form in FILES if form.magic and head[form.offset :].startswith(form.magic)), None)


def _message(form: Format, path: str, found: Sequence[str]) -> str:
    number = f"{len(found):,} {'file' if len(found) == 1 else 'files'}"
    files = f" ({number}, such as {printable(found[0])})" if found else ""
    way_in = "\n".join(f"    {line}" for line in form.way_in.replace("PATH", printable(path)).split("\n"))
    return f"found {form.name}{files}, which is not read here; allowed: {ALLOWED}. A way in:\n{way_in}"
