"""Puts what was seen of a trial's layers into the store."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

from assay_trainer.contract import TRACE_BYTES, Layers, layers_name, trace_name
from assay_trainer.objects import Objects
from assay_trainer.profile.layers.traced import TracedTimer

_RAW_BYTES = 16 * TRACE_BYTES
"""A trace of more is not even compressed: it would come out too large."""


def keep_layers(timer: TracedTimer, key: str, store: Objects) -> None:
    """Put the table, and the trace under its own name before it, unless it is too large. Of a trial without a traced
    step nothing is kept. Raises StoreError."""
    timer.stop()
    if not timer.steps:
        return
    trace = _compressed(timer)
    if len(trace) <= TRACE_BYTES:
        store.put_if_absent(trace_name(key), trace)
    layers = Layers(
        key=key,
        steps=timer.steps,
        warm_up_steps=timer.warm_up_steps,
        traced_seconds=timer.traced_seconds,
        untraced_step_seconds=timer.untraced_step_seconds,
        kinds=timer.kinds(),
        trace_bytes=len(trace) if len(trace) <= TRACE_BYTES else 0,
    )
    store.put_if_absent(layers_name(key), layers.model_dump_json().encode())


def _compressed(timer: TracedTimer) -> bytes:
    """Return the trace; more than TRACE_BYTES if it is too large."""
    with tempfile.TemporaryDirectory(prefix="assay-trace-") as folder:
        path = Path(folder) / "trace.json"
        timer.write_trace(path)
        if path.stat().st_size > _RAW_BYTES:
            return bytes(TRACE_BYTES + 1)
        return gzip.compress(path.read_bytes(), mtime=0)
