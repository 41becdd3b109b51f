"""Shared memory, as a study may ask for it."""

from __future__ import annotations

from typing import Any

import pytest

from assay.api.checks.shared_memory import wrong_shared_memory
from assay.api.resources import PodTemplate, Resources, TrainerSpec


def wrong(shared_memory: Any, **template: Any) -> list[str]:
    pods = PodTemplate(**template) if template else None
    trainer = TrainerSpec(entrypoint="team:run", shared_memory=shared_memory, pod_template=pods)
    return [each.field for each in wrong_shared_memory(trainer)]


@pytest.mark.parametrize("size", ["2Gi", "64M", 1048576, None])
def test_it_may_have_any_size_within_the_pods_memory(size: Any) -> None:
    assert wrong(size, resources=Resources(limits={"memory": "4Gi"}), volume_mounts=({"mountPath": "/data"},)) == []


@pytest.mark.parametrize("size", ["", "much", "-1Gi", 0, "1Zi"])
def test_what_is_no_amount_is_refused(size: Any) -> None:
    assert wrong(size) == ["sharedMemory"]


@pytest.mark.parametrize("size", ["4Gi", "5Gi"])
def test_it_can_not_be_all_of_the_memory_within_which_it_counts(size: str) -> None:
    assert wrong(size, resources=Resources(limits={"memory": "4096Mi"})) == ["sharedMemory"]


@pytest.mark.parametrize("path", ["/dev/shm", "/dev/shm/"])
def test_nothing_else_is_mounted_in_its_place(path: str) -> None:
    mounts = ({"name": "data", "mountPath": "/data"}, {"name": "mine", "mountPath": path})
    assert wrong("1Gi", volume_mounts=mounts) == ["podTemplate.volumeMounts[1].mountPath"]
    assert wrong(None, volume_mounts=mounts) == []
