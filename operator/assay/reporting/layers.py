"""How long each kind of layer takes in a step: the table, and what it says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.table import Table

from assay.reporting.figures import NOTHING, count, share

if TYPE_CHECKING:
    from assay.store.traces import Traced
    from assay_trainer.contract import Layers, LayerTime

_NONE = (
    "No layers: the run has failed, or had too few steps. Some fifteen are needed, each with `with "
    'trial.timed("forward"): …` and the like, by which steps are told apart.'
)


def layers_table(layers: Layers | None) -> list[RenderableType]:
    """Return the time of a step by kind of layer, the largest first, and sentences on how it was measured."""
    if layers is None:
        return [_NONE]
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="underline")
    table.add_column("ms of a step", no_wrap=True)
    on_gpu = _whole(layers, on_gpu=True) > 0
    for name in ("forward", "backward", "both", "share", *(("on the host",) if on_gpu else ())):
        table.add_column(name, justify="right", no_wrap=True, min_width=len(name))
    for each in layers.kinds:
        forward, backward = _passes(each, on_gpu=on_gpu)
        cells = [_milliseconds(seconds, layers.steps) for seconds in (forward, backward, forward + backward)]
        host = [_milliseconds(each.host_seconds, layers.steps)] if on_gpu else []
        table.add_row(each.kind, *cells, share((forward + backward) / _whole(layers, on_gpu=on_gpu)), *host)
    return [table, "", *_sentences(layers, on_gpu=on_gpu)]


def layers_document(traced: Traced) -> dict[str, Any]:
    """Return the same as JSON, in seconds of all traced steps together."""
    layers = traced.layers
    if layers is None:
        return {"steps": 0, "kinds": [], "trace": None}
    return {
        "steps": layers.steps,
        "warmUpSteps": layers.warm_up_steps,
        "tracedSeconds": layers.traced_seconds,
        "slowdown": layers.slowdown,
        "kinds": [
            {
                "kind": each.kind,
                "host": {"forward": each.host_forward_seconds, "backward": each.host_backward_seconds},
                "device": {"forward": each.device_forward_seconds, "backward": each.device_backward_seconds},
            }
            for each in layers.kinds
        ],
        "trace": traced.trace,
    }


def _whole(layers: Layers, *, on_gpu: bool) -> float:
    return sum(sum(_passes(each, on_gpu=on_gpu)) for each in layers.kinds) or (0.0 if on_gpu else 1e-9)


def _passes(each: LayerTime, *, on_gpu: bool) -> tuple[float, float]:
    if on_gpu:
        return each.device_forward_seconds, each.device_backward_seconds
    return each.host_forward_seconds, each.host_backward_seconds


def _milliseconds(seconds: float, steps: int) -> str:
    return f"{1e3 * seconds / steps:,.2f}" if seconds else NOTHING


def _sentences(layers: Layers, *, on_gpu: bool) -> list[str]:
    where = "of the GPU's kernels" if on_gpu else "on the CPU"
    lines = [
        f"Means over {count(layers.steps, 'step')}, {where}, after {layers.warm_up_steps} others, in a run of its own."
    ]
    if (slowdown := layers.slowdown) is not None:
        lines.append(
            f"Tracing made a step {slowdown:.2f}x as long as it was before; the tables above have nothing of it."
        )
    if not layers.trace_bytes:
        lines.append("The trace was too large, and is not kept.")
    return lines
