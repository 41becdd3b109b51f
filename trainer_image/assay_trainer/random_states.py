"""The states of the random generators of this process, for checkpoints: of Python, of numpy, and of torch where it is
imported."""

from __future__ import annotations

import random
import sys
from typing import Any

import numpy as np


def random_states() -> dict[str, Any]:
    """Return the states of the global generators, to be kept in a checkpoint."""
    states: dict[str, Any] = {"python": random.getstate(), "numpy": np.random.get_state()}
    if (torch := sys.modules.get("torch")) is not None:
        states["torch"] = torch.get_rng_state()
        if torch.cuda.is_initialized():
            states["cuda"] = torch.cuda.get_rng_state_all()
    return states


def restore_random_states(states: dict[str, Any]) -> None:
    """Set the global generators to states that `random_states` has returned."""
    random.setstate(states["python"])
    np.random.set_state(states["numpy"])
    if (torch := sys.modules.get("torch")) is not None and "torch" in states:
        torch.set_rng_state(states["torch"])
        if "cuda" in states:
            torch.cuda.set_rng_state_all(states["cuda"])
