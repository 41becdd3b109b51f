"""The device of this process: its model, its threads, its random numbers. Torch is used if it is there already."""

from __future__ import annotations

import os
import platform
import random
import sys
from pathlib import Path

import numpy as np


def device_model(device: str) -> str:
    """Name of the GPU or CPU model, as its driver or kernel gives it."""
    torch = sys.modules.get("torch")
    if device.startswith("cuda") and torch is not None:
        return str(torch.cuda.get_device_name(device))
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def torch_version() -> str | None:
    """None where this process has not imported torch."""
    torch = sys.modules.get("torch")
    return None if torch is None else str(torch.__version__)


def use_device(device: str, threads: int) -> None:
    """Make `device` the current one and keep all libraries that are loaded to `threads` CPU threads."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)  # for libraries that are loaded from here on
    if (threadpoolctl := sys.modules.get("threadpoolctl")) is not None:
        threadpoolctl.threadpool_limits(threads)
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_num_threads(threads)
        if device.startswith("cuda:"):
            torch.cuda.set_device(device)


def seed_everything(seed: int) -> None:
    """Seed Python's, numpy's and torch's global generators; `seed` is any integer from 0."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(seed % 2**63)
