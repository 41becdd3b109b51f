"""Data sets, and the other inputs of a train function."""

from __future__ import annotations

from typing import Literal
from urllib.parse import unquote

from pydantic import Field

from assay_trainer.contract.message import CONTRACT_VERSION, Digest, Message, Version, is_empty


class ShardFile(Message):
    """One file of fixed-size records, beside the manifest."""

    path: str = Field(description="Relative to the manifest's folder.")
    bytes: int = Field(ge=0)
    digest: Digest
    examples: int = Field(ge=0)


class Split(Message):
    """The training or the held-out part of a data set."""

    examples: int = Field(ge=1)
    labels: ShardFile = Field(description="Little-endian int64, one per example.")
    images: dict[int, tuple[ShardFile, ...]] = Field(
        description="Image size (pixels a side) to shards of uint8 records, height x width x channels, "
        "all sizes in the same order of examples."
    )

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes of its images, in pixels a side, sorted."""
        return tuple(sorted(self.images))


class DatasetManifest(Message):
    """A data set as earlier releases wrote it (version 1): every image size as shards of uint8. Its digest is that of
    its JSON bytes."""

    version: Version = CONTRACT_VERSION
    name: str
    classes: tuple[str, ...] = Field(min_length=2)
    channels: Literal[1, 3]
    train: Split
    held_out: Split

    def has_size(self, size: int) -> bool:
        """Return whether a trial can have images of so many pixels a side."""
        return size in self.train.images and size in self.held_out.images


def named_by_manifest(uri: str) -> str:
    """Return what people call the data set of a manifest: the folder that it is in."""
    parts = [unquote(part) for part in uri.partition("://")[2].split("/") if part]
    return parts[-2] if len(parts) > 1 and parts[-1].endswith(".json") else "".join(parts[-1:])


class Dataset(Message):
    """A reference to a data set: the address of its manifest, and the digest that the manifest's bytes must have."""

    manifest: str = Field(description="URI of the manifest.json: file:///… or s3://….")
    digest: Digest
    content: Digest | None = Field(
        default=None,
        exclude_if=is_empty,
        description="Of the examples themselves, whatever files hold them: as the manifest says, from version 2 on.",
    )

    @property
    def identity(self) -> str:
        """What counts in the keys of trials: the digest of the content, else of the manifest."""
        return self.content or self.digest

    @property
    def name(self) -> str:
        """The folder of its manifest, which is what people call it."""
        return named_by_manifest(self.manifest)

    @property
    def short_digest(self) -> str:
        """The first eight digits of its identity, for people."""
        return self.identity.removeprefix("sha256:")[:8]


class Input(Message):
    """A file or folder that a train function reads by itself. Its digest counts, not its address."""

    uri: str = Field(description="file:///… or s3://….")
    digest: Digest = Field(description="Of what it holds; of an object in S3, of its ETag and size.")
