"""A data set that a train function reads by itself."""

from __future__ import annotations

from urllib.parse import unquote

from pydantic import Field

from assay_trainer.contract.digests import canonical_json, digest
from assay_trainer.contract.message import Message


class StatedDataset(Message):
    """A data set of which nothing is known but what the user states: where it is, if anywhere, and its version.

    It counts in keys by its name and version, not by where it lies: moved elsewhere, it is the same data set.
    """

    uri: str | None = Field(default=None, description="Any URI, which only the train function opens.")
    version: str = Field(min_length=1, description="Other data have another version.")

    @property
    def name(self) -> str:
        """The last part of its URI; empty if it has none: a data set that the function makes by itself."""
        address = (self.uri or "").partition("?")[0].partition("#")[0].rstrip("/")
        return unquote(address.replace(":", "/").rpartition("/")[2])

    @property
    def digest(self) -> str:
        """What stands for it in keys."""
        return digest(canonical_json({"name": self.name, "version": self.version}))

    @property
    def identity(self) -> str:
        """The same: what counts in the keys of trials."""
        return self.digest

    def __str__(self) -> str:
        return f"version {self.version}" + (f" of {self.uri}" if self.uri else "")
