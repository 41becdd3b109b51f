"""Manifests of version 2: examples of any kind, in Arrow files whose blocks are listed beside them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator

from assay_trainer.contract.dataset import DatasetManifest
from assay_trainer.contract.faults import first_fault
from assay_trainer.contract.message import Digest, Message, is_empty

MANIFEST_VERSION = 2
"""The version of the manifests that are written. Those of version 1 (`DatasetManifest`) are read, too."""

_MOST_NUMBERS = 2**31 - 1
"""The most numbers of a field in one example: a list of Arrow has no more."""

FIELDS_GROUP = "fields"
"""The group of files that holds all fields but the images."""

Kind = Literal["image", "class", "multi-label", "number", "tokens", "bytes", "text"]
Type = Literal["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64", "bool"]


class DataField(Message):
    """One field of an example."""

    kind: Kind
    type: Type | None = Field(
        default=None,
        exclude_if=is_empty,
        description="Of its numbers: uint8 of images, int64 of classes, uint8 of multi-labels; none of bytes and text.",
    )
    shape: tuple[Annotated[int, Field(ge=1)], ...] | None = Field(
        default=(), description="Shape in one example, () of a single number; None: as many numbers as the example has."
    )
    names: tuple[str, ...] = Field(
        default=(), exclude_if=is_empty, description="Of a class or multi-label: what 0, 1, … stand for."
    )
    channels: Literal[1, 3] | None = Field(default=None, exclude_if=is_empty, description="Of images: grey or RGB.")
    sizes: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        default=(), exclude_if=is_empty, description="Of images: pixels a side, the largest first."
    )
    encoding: Literal["uint8", "jpeg"] | None = Field(default=None, exclude_if=is_empty, description="Of images.")
    resize: Literal["area"] | None = Field(
        default=None, exclude_if=is_empty, description="Of images: how smaller sizes come from the largest one."
    )

    @model_validator(mode="after")
    def _fits(self) -> DataField:
        for numbers in (math.prod(self.shape or ()), max(self.sizes, default=0) ** 2 * (self.channels or 1)):
            if numbers > _MOST_NUMBERS:
                raise ValueError(f"{numbers} numbers in one example; allowed: {_MOST_NUMBERS}")
        return self


class FileGroup(Message):
    """Arrow IPC files with the same columns, which hold all examples of a split in order; and the index of their
    blocks."""

    index: str = Field(description="Path of the index of blocks, relative to the manifest's folder.")
    bytes: int = Field(ge=0, description="Of the index.")
    digest: Digest = Field(description="Of the index.")
    data_bytes: int = Field(ge=0, description="Of all its files together.")


class ExamplesSplit(Message):
    """The training or the held-out part."""

    examples: int = Field(ge=1)
    files: dict[str, FileGroup] = Field(description="By group: `image-28` for images of 28 pixels a side, `fields`.")
    class_counts: dict[str, tuple[int, ...]] = Field(
        default={}, exclude_if=is_empty, description="Of each class or multi-label field: examples by class."
    )
    channel_sums: tuple[int, ...] = Field(
        default=(), exclude_if=is_empty, description="By channel: the sum of all pixels of the largest size."
    )
    channel_squares: tuple[int, ...] = Field(
        default=(), exclude_if=is_empty, description="By channel: the sum of their squares."
    )

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes of its images, in pixels a side, sorted; none if there are no images."""
        return tuple(sorted(int(name[6:]) for name in self.files if re.fullmatch(r"image-[1-9][0-9]{0,5}", name)))


class ExamplesManifest(Message):
    """A data set of examples of any kind. Its digest is that of its JSON bytes."""

    version: Literal[2] = 2
    name: str
    fields: dict[str, DataField] = Field(min_length=1)
    content: Digest = Field(description="Of the examples in their order, whatever files hold them.")
    train: ExamplesSplit
    held_out: ExamplesSplit

    def image(self) -> tuple[str, DataField] | None:
        """Return the name and the description of the image field; None if there is none."""
        return next(((name, field) for name, field in self.fields.items() if field.kind == "image"), None)

    def has_size(self, size: int) -> bool:
        """Return whether a trial can have images of so many pixels a side: of JPEGs, which are decoded for each trial,
        every size up to theirs."""
        found, there = self.image(), set(self.train.sizes) & set(self.held_out.sizes)
        if found is not None and found[1].encoding == "jpeg":
            return bool(there) and 1 <= size <= max(found[1].sizes, default=0)
        return size in there

    def label(self) -> tuple[str, DataField] | None:
        """Return the name and the description of the first class field; None if there is none."""
        return next(((name, field) for name, field in self.fields.items() if field.kind == "class"), None)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes of the first class field; none if there is none."""
        found = self.label()
        return found[1].names if found else ()

    @property
    def channels(self) -> int:
        """The channels of its images: 1 (grey) or 3 (RGB); 0 if there are none."""
        found = self.image()
        return (found[1].channels or 0) if found else 0

    @property
    def splits(self) -> Mapping[str, ExamplesSplit]:
        """The splits by their names in paths and in `trial.examples`."""
        return {"train": self.train, "held_out": self.held_out}


class InvalidManifest(ValueError):
    """Bytes that are no manifest of a known version. The text names the first field that is wrong, and why."""


def read_manifest(data: bytes) -> DatasetManifest | ExamplesManifest:
    """Return the manifest of either version in these JSON bytes. Raises InvalidManifest."""
    version = _version_of(data)
    if isinstance(version, int) and version > MANIFEST_VERSION:
        raise InvalidManifest(f"version: given {version}, of a later release; allowed: 1 to {MANIFEST_VERSION}")
    kind = ExamplesManifest if version == MANIFEST_VERSION else DatasetManifest
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        where, why = first_fault(error)
        raise InvalidManifest(f"{where or 'the whole file'}: {why}") from error


class _Versioned(BaseModel):
    """What a manifest of any version says of itself."""

    version: object = None


def _version_of(data: bytes) -> object:
    try:
        return _Versioned.model_validate_json(data).version
    except ValueError:
        return None
