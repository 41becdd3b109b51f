"""Traces of a few steps of a trial, and what was seen in them."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import ValidationError

from assay.store.layout import kept_trace_name
from assay_trainer.contract import LAYERS_BYTES, TRACE_BYTES, Layers, layers_name, trace_name
from assay_trainer.objects import ObjectNotFound, Objects, UnfitObject


class Traced(NamedTuple):
    """What a traced trial has left: None: it had too few steps, or has failed."""

    layers: Layers | None
    trace: str | None
    """Where its trace is kept; None: there is none."""


def keep_trace(study: str, key: str, objects: Objects, kept: Objects) -> Traced:
    """Return what a traced trial has left in a store that is thrown away, and keep its trace in the study's own, under
    the trial's key and a digest of the trace. Raises StoreError."""
    name = layers_name(key)
    try:
        layers = Layers.model_validate_json(objects.get(name, LAYERS_BYTES))
    except ObjectNotFound:
        return Traced(None, None)
    except ValidationError as error:
        raise UnfitObject(f"{objects.uri}/{name}: {error}") from error
    if not layers.trace_bytes:
        return Traced(layers, None)
    trace = objects.get(trace_name(key), TRACE_BYTES)
    kept.put_if_absent(lasting := kept_trace_name(study, key, trace), trace)
    return Traced(layers, f"{kept.uri}/{lasting}")
