"""The code, environment and machine that a result comes from."""

from __future__ import annotations

import os
import platform

from assay_trainer.attempts.cost import Meter
from assay_trainer.contract import Provenance, TrialRequest, WorkItem
from assay_trainer.device import torch_version


def provenance_of(
    item: WorkItem, meter: Meter, model: str, held_out: str | None = None, *, threads: int = 1
) -> Provenance:
    """Return what produced an item's result, on a device of the `model`, with so many CPU `threads`."""
    return Provenance(
        code=item.code,
        dataset=item.dataset.identity,
        held_out=held_out,
        python=platform.python_version(),
        torch=torch_version(),
        device_model=model,
        release=_release(),
        threads=threads,
        deterministic=isinstance(item, TrialRequest) and item.deterministic,
        started_at=meter.started_at,
    )


def _release() -> str | None:
    """Return the release of the image that this runs in, as the image itself says."""
    version, revision = (os.environ.get(f"ASSAY_{name}") for name in ("VERSION", "REVISION"))
    return f"{version}, revision {revision}" if version and revision else None
