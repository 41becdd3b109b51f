from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import torch

from assay_trainer.device import share_device, use_device


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("os.environ", dict(os.environ))
    threads, benchmark = torch.get_num_threads(), torch.backends.cudnn.benchmark
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.benchmark = benchmark


def test_torch_is_told_to_use_only_operations_that_give_the_same_bits_again() -> None:
    torch.backends.cudnn.benchmark = True
    use_device("cpu", 1)
    assert (torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark) == (False, True)
    use_device("cpu", 1, deterministic=True)
    assert (torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark) == (True, False)
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"


@pytest.mark.parametrize(
    ("device", "processes", "want"), [("cuda:1", 4, [(0.25, 0), (0.25, 1)]), ("cuda", 1, []), ("cpu", 4, [])]
)
def test_each_of_several_processes_has_its_part_of_the_memory_of_every_gpu(
    monkeypatch: pytest.MonkeyPatch, device: str, processes: int, want: list[tuple[float, int]]
) -> None:
    limits: list[tuple[float, int]] = []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_per_process_memory_fraction", lambda share, gpu: limits.append((share, gpu)))
    share_device(device, processes)
    assert limits == want
