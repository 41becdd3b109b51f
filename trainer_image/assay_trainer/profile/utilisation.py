"""The utilisation of a GPU, as NVML sees it."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import Any

INTERVAL_SECONDS = 0.25
"""The time between samples. NVML itself averages over 1/6 to 1 s, so shorter times tell no more."""


class GpuUtilisation:
    """A thread that samples while its `with` block runs. `share` is the mean in [0, 1]; None if it can't be known."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._samples: list[int] = []
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def share(self) -> float | None:
        """The mean utilisation so far, in [0, 1], or None."""
        return sum(self._samples) / len(self._samples) / 100 if self._samples else None

    def __enter__(self) -> GpuUtilisation:
        if self._device.startswith("cuda") and "torch" in sys.modules:
            self._thread = threading.Thread(target=self._sample, name="gpu-utilisation", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _sample(self) -> None:
        try:
            import pynvml  # may not be there, without a GPU
        except ImportError:
            return
        try:
            pynvml.nvmlInit()
            handle = _handle(pynvml, self._device)
            while not self._stop.wait(INTERVAL_SECONDS):
                self._samples.append(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)
        except pynvml.NVMLError:  # no driver, or a MIG slice, which NVML gives no utilisation for
            return


def _handle(pynvml: Any, device: str) -> Any:
    # CUDA_VISIBLE_DEVICES renumbers the devices for CUDA but not for NVML: the UUID is the same for both.
    import torch  # is there if the trial runs on a GPU

    return pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(device).uuid}")
