"""The kind of layer that an operation of torch belongs to, by its name."""

from __future__ import annotations

import re

from assay_trainer.contract import LayerKind

_PATTERNS: dict[LayerKind, str] = {
    "pooling": r"pool",
    "convolution": r"conv",
    "normalisation": r"(batch|layer|group|instance|rms|response)norm",
    "attention": r"attention",
    "loss": r"loss|crossentropy|logsoftmax|kldiv",
    "linear": r"^(addmm|mm|bmm|baddbmm|addbmm|linear|matmul|mv|addmv|einsum|bilinear|scaledmm)($|backward)",
    "activation": r"relu|gelu|silu|sigmoid|tanh|^c?elu|mish|hardswish|softplus|softmax|^glu|threshold",
}
"""The first that fits counts."""

_NODE = "autograd::engine::evaluate_function: "
"""What torch writes before the name of a node of the backward pass."""


def kind_of(name: str) -> LayerKind | None:
    """Return the kind of an operation (`aten::conv2d`) or of a node of the backward pass (`ReluBackward0`); None: it
    is of no kind that has a name."""
    plain = name.removeprefix(_NODE).rpartition("::")[2].replace("_", "").lower()
    return next((kind for kind, pattern in _PATTERNS.items() if re.search(pattern, plain)), None)


def is_backward(name: str) -> bool:
    """Return whether an operation is a node of the backward pass, within which all belongs to it."""
    return name.startswith(_NODE)
