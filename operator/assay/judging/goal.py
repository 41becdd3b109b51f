"""Which scores are better, by the name of the score."""

from __future__ import annotations

import re

from assay.api.resources import Goal

_LOWER_IS_BETTER = (
    "loss", "error", "err", "rmse", "mse", "mae", "mape", "msle", "perplexity", "ppl", "nll", "bpb", "bpc", "wer",
    "cer", "fid", "kid", "brier", "ece", "logloss", "crossentropy", "divergence", "regret", "latency", "deviance",
)  # fmt: skip
"""Words by which scores are named of which less is better."""


def goal_by_name(score: str) -> Goal:
    """Return the goal that a score's name tells: Minimize if one of its words is that of a loss or an error.

    >>> str(goal_by_name("eval/val_loss")), str(goal_by_name("metrics.accuracy"))
    ('Minimize', 'Maximize')
    """
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", score).lower())
    return Goal.MINIMIZE if any(word in _LOWER_IS_BETTER for word in words) else Goal.MAXIMIZE
