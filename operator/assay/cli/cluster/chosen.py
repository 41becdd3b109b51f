"""Which cluster a command is about."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Chosen(NamedTuple):
    """What was said of the cluster; None: as kubectl has it by default."""

    namespace: str | None = None
    context: str | None = None
    kubeconfig: Path | None = None
