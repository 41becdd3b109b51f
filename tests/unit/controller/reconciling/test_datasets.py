"""The manifests of data sets, as the operator reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.api.resources import DatasetReference
from assay.controller.reconciling.datasets import DatasetNotReadable, Datasets
from assay.controller.remembering.remembered import REMEMBERED_SECONDS
from assay.store import Turn, TurnOver
from assay_trainer.contract import digest
from assay_trainer.objects import MemoryObjects, StoreError
from assay_trainer.objects.limits import OBJECT_BYTES
from builders.manifests import a_dataset_manifest


def test_a_manifest_is_not_forgotten_while_its_store_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    class Store(MemoryObjects):
        away = False

        def get(self, name: str, limit: int = OBJECT_BYTES) -> bytes:
            if self.away:
                error = StoreError("no answer")
                error.may_pass = True
                raise error
            return super().get(name, limit)

    now, store = 1000.0, Store()
    monkeypatch.setattr("assay.rounds.gather.open_objects", lambda _: store)
    datasets = Datasets(lambda: now)
    reference = DatasetReference(manifest="s3://bucket/digits/manifest.json")
    store.away = True
    with pytest.raises(DatasetNotReadable, match="no answer"):
        datasets(reference, "ProxyStudy/digits")
    store.away = False
    store.put_if_absent("manifest.json", a_dataset_manifest(28).model_dump_json().encode())
    found = datasets(reference, "ProxyStudy/digits")
    now += 10 * REMEMBERED_SECONDS
    store.away = True
    assert datasets(reference, "ProxyStudy/digits") == found


def test_a_manifest_is_remembered_for_a_while_and_a_change_is_seen_after_it(tmp_path: Path) -> None:
    now = 1000.0
    datasets = Datasets(lambda: now)
    file = tmp_path / "manifest.json"
    reference = DatasetReference(manifest=file.as_uri())
    with pytest.raises(DatasetNotReadable, match=r"ProxyStudy/digits: spec\.dataset\.manifest"):
        datasets(reference, "ProxyStudy/digits")
    first, second = (a_dataset_manifest(*sizes).model_dump_json().encode() for sizes in ((28,), (28, 14)))
    file.write_bytes(first)
    assert datasets(reference, "ProxyStudy/digits")[0].digest == digest(first)
    file.write_bytes(second)
    now += REMEMBERED_SECONDS - 1
    assert datasets(reference, "ProxyStudy/digits")[0].digest == digest(first)
    now += 1
    assert datasets(reference, "ProxyStudy/digits")[0].digest == digest(second)


def test_the_data_sets_of_many_hypotheses_in_a_slow_store_are_all_known_after_some_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, manifest = [1000.0], a_dataset_manifest(28).model_dump_json().encode()

    class SlowStore(MemoryObjects):
        def get(self, name: str, limit: int = OBJECT_BYTES) -> bytes:
            now[0] += 3.0
            return manifest

    monkeypatch.setattr("assay.rounds.gather.open_objects", lambda _: SlowStore())
    datasets = Datasets(lambda: now[0])
    references = [DatasetReference(manifest=f"s3://bucket/set-{index}/manifest.json") for index in range(60)]

    def one_turn() -> bool:
        turn = Turn(5.0, lambda: now[0])
        try:
            return all(datasets(reference, "ProxyStudy/digits", turn) for reference in references)
        except TurnOver:
            return False

    assert any(one_turn() for _ in range(100))
