"""The device of this process: its model, threads and random numbers. Torch is used only if it is already imported."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import random
import sys
from pathlib import Path

import numpy as np

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # malloc.h of glibc; mallopt(3)
_LARGEST_INT = 2**31 - 1


def device_model(device: str) -> str:
    """Return the name of the GPU or CPU model, as its driver or the kernel gives it."""
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
    """Return torch's version; None if this process has not imported torch."""
    torch = sys.modules.get("torch")
    return None if torch is None else str(torch.__version__)


def device_count(device: str) -> int | None:
    """Return how many GPUs this process may use; None: `device` is none."""
    torch = sys.modules.get("torch")
    return int(torch.cuda.device_count()) if device.startswith("cuda") and torch is not None else None


def use_device(device: str, threads: int, *, deterministic: bool = False) -> None:
    """Make `device` the current one and keep all libraries that are loaded to `threads` CPU threads.

    `deterministic` has torch use only operations that give the same bits again, and raise for those that have no such
    form (https://docs.pytorch.org/docs/stable/notes/randomness.html).
    """
    if deterministic:
        os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"  # read when the first of its matrices is multiplied
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)  # for libraries that are loaded from here on
    if device == "cpu":
        keep_freed_memory()
    if (threadpoolctl := sys.modules.get("threadpoolctl")) is not None:
        threadpoolctl.threadpool_limits(threads)
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_num_threads(threads)
        if deterministic:
            torch.use_deterministic_algorithms(True)
            torch.backends.cudnn.benchmark = False  # it would choose an algorithm by how fast each is just now
        if device.startswith("cuda:"):
            torch.cuda.set_device(device)


def share_device(device: str, processes: int) -> None:
    """Let this process have one part in so many of the memory of each GPU that it uses."""
    torch = sys.modules.get("torch")
    if device.startswith("cuda") and processes > 1 and torch is not None:
        for index in range(torch.cuda.device_count()):
            torch.cuda.set_per_process_memory_fraction(1 / processes, index)


def keep_freed_memory() -> None:
    """Have the C library keep memory that torch frees instead of giving it back to the kernel.

    By default glibc returns every large block, and the next batch faults each of its pages in anew: with large
    batches on a CPU that is a fifth of the time of a step (`benchmarks/freed_memory.py`). No effect with another
    C library.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(_M_MMAP_MAX, 0)
    mallopt(_M_TRIM_THRESHOLD, _LARGEST_INT)


def give_back_freed_memory() -> None:
    """Give the memory that was freed so far back to the kernel, all the same. No effect with another C library."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def seed_everything(seed: int) -> None:
    """Seed Python's, numpy's and torch's global generators; `seed` is any integer from 0."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(seed % 2**63)
