"""The cluster and namespace that a command is about."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Chosen(NamedTuple):
    """The options that choose a cluster and a namespace; None means kubectl's default."""

    namespace: str | None = None
    context: str | None = None
    kubeconfig: Path | None = None
