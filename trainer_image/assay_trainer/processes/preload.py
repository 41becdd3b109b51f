"""Imports modules once, so that the trials which this process forks need not."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys
from collections.abc import Iterable

DEFAULT_MODULES = ("torch", "assay_trainer.vision")


def be_single_threaded() -> None:
    """Keep numerical libraries that are imported from now on from starting threads, which do not survive a fork."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"


def preload(modules: Iterable[str]) -> None:
    """Import the harness and those of `modules` that are there, and move all objects out of the garbage collector's
    sight.

    A module counts as not there, too, if it needs one that is not: our own train function needs torch. If torch is
    there, an optimizer is built, since the first one imports half of torch again (`torch._dynamo`, 3 s). Nothing is
    computed: a child of a process that has run an operation on several threads hangs.
    """
    importlib.import_module("assay_trainer.attempts.harness")
    for module in modules:
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(module)
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_num_threads(1)
        torch.optim.SGD([torch.nn.Parameter(torch.empty(1))], lr=0.0)
        with torch.autograd.profiler.record_function("preloaded"):
            pass  # every optimizer's step is such a region, and the first one imports a module
    gc.collect()
    gc.freeze()  # a collection in a child would write to, and so copy, every page that holds an object


def usable_gpus() -> tuple[str, ...]:
    """Return the ids of the GPUs that this process may use, as in CUDA_VISIBLE_DEVICES.

    NVML counts them. Asking CUDA would initialise it, and then no fork of this process could use it.
    """
    torch = sys.modules.get("torch")
    if torch is not None and torch.version.cuda is None:
        return ()  # a build for CPUs
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        ids = [name.strip() for name in visible.split(",")]
        return tuple(name for name in ids if name and name != "-1") if _gpu_count() else ()
    return tuple(map(str, range(_gpu_count())))


def _gpu_count() -> int:
    try:
        import pynvml  # may not be there, without a GPU
    except ModuleNotFoundError:
        return 0
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:  # no driver
        return 0
    try:
        return int(pynvml.nvmlDeviceGetCount())
    finally:
        pynvml.nvmlShutdown()
