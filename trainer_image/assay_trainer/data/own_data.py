"""The data that a train function reads by itself: what its trial knows of them, and says where it asks for more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

from assay_trainer.shards.errors import InvalidDataset


@dataclass(frozen=True)
class OwnData:
    """A data set that the study names by `spec.dataset: {uri, version}`.

    uri: what stands there, or None; a path in a file that `assay run` reads has become file:///….
    version: what stands there.
    """

    uri: str | None
    version: str

    @property
    def path(self) -> Path:
        """The file or folder of a file:// URI. Raises InvalidDataset for any other URI, and if nothing is there."""
        if self.uri is None or not self.uri.startswith("file:"):
            given = "no uri" if self.uri is None else self.uri
            raise InvalidDataset(
                f"trial.dataset.path: spec.dataset has {given}; allowed: a path or a file:///… URI. Others have "
                "trial.dataset.uri, for the reader that understands them"
            )
        path = Path(unquote(urlsplit(self.uri).path))
        if not path.exists():
            raise InvalidDataset(
                f"trial.dataset.path: {path}, where there is nothing. On a cluster it is a path within the trial's "
                "pod: mount a volume there (trainer.podTemplate), or use s3://…"
            )
        return path


def not_ours(what: str, stated: object, instead: str) -> Callable[[], Any]:
    """Return a function that says why a trial has not got `what`, and what to use `instead`."""

    def refuse() -> NoReturn:
        raise InvalidDataset(
            f"{what}: spec.dataset is {stated}, which the train function reads by itself: {instead}, or give "
            "spec.dataset.manifest"
        )

    return refuse
