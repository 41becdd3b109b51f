from __future__ import annotations

import multiprocessing
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from torch.utils.data import DataLoader

from assay_trainer import contract
from assay_trainer.contract import FIELDS_GROUP, DataField
from assay_trainer.data import Examples, OpenedDataset, open_dataset
from assay_trainer.data import batches as batching
from assay_trainer.objects import FileObjects
from assay_trainer.shards import InvalidDataset, writing
from assay_trainer.shards.format import column_of, groups_of
from assay_trainer.shards.writing import GroupWriter
from builders.datasets import tiny_dataset

FIELDS = {
    "image": DataField(kind="image", type="uint8", shape=None, channels=3, sizes=(4, 2), encoding="uint8"),
    "label": DataField(kind="class", type="int64", names=("a", "b", "c")),
    "row": DataField(kind="number", type="float32", shape=(3, 2)),
    "many": DataField(kind="multi-label", type="uint8", shape=(5,), names=tuple("vwxyz")),
    "flag": DataField(kind="number", type="bool"),
    "tokens": DataField(kind="tokens", type="int32", shape=None),
    "raw": DataField(kind="bytes", shape=None),
    "said": DataField(kind="text", shape=None),
}
EXAMPLES = 500


def values(examples: int) -> dict[str, Any]:
    random = np.random.default_rng(examples)
    return {
        "image": random.integers(0, 256, (examples, 4, 4, 3), np.uint8),
        "label": random.integers(0, 3, examples),
        "row": random.normal(size=(examples, 3, 2)).astype(np.float32),
        "many": random.integers(0, 2, (examples, 5), np.uint8),
        "flag": random.integers(0, 2, examples).astype(bool),
        "tokens": [random.integers(0, 99, length).astype(np.int32) for length in random.integers(0, 9, examples)],
        "raw": [random.bytes(length) for length in random.integers(0, 9, examples)],
        "said": [f"example {number}: é" for number in range(examples)],
    }


def built(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[OpenedDataset, dict[str, dict[str, Any]]]:
    """Return a data set of fields of all kinds, in small blocks and files, and what is in its splits."""
    monkeypatch.setattr(writing, "BLOCK_BYTES", 1000)
    monkeypatch.setattr(writing, "FILE_BYTES", 6000)
    objects = FileObjects(folder)

    def put(stem: str, data: bytes | pa.Buffer) -> str:
        path = f"{stem}-{contract.digest(bytes(data))[7:23]}.arrow"
        objects.put_if_absent(path, bytes(data))
        return path

    whole = {"train": values(EXAMPLES), "held_out": values(70)}
    splits = {}
    for split, columns in whole.items():
        files = {}
        for group in groups_of(FIELDS):
            writer = GroupWriter(put, split, group, FIELDS, lambda _group, _block: None)
            chosen = dict(columns)
            if group != FIELDS_GROUP:
                side = int(group.removeprefix("image-"))
                chosen["image"] = columns["image"][:, :side, :side]
            writer.add(
                [
                    column_of(
                        pa.array(chosen[field.name], field.type)
                        if isinstance(chosen[field.name], list)
                        else chosen[field.name].astype(np.uint8 if field.name == "flag" else chosen[field.name].dtype),
                        field.type,
                    )
                    for field in writer.schema
                ]
            )
            files[group] = writer.finish()
        splits[split] = contract.ExamplesSplit(examples=len(columns["label"]), files=files)
    manifest = contract.ExamplesManifest(name="all", fields=FIELDS, content=contract.digest(b""), **splits)
    data = contract.canonical_json(manifest.model_dump(mode="json"))
    objects.put_if_absent("manifest.json", data)
    reference = contract.Dataset(manifest=f"{objects.uri}/manifest.json", digest=contract.digest(data))
    return open_dataset(reference), whole


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[OpenedDataset, dict[str, dict[str, Any]]]:
    return built(tmp_path / "set", monkeypatch)


def assert_same(found: dict[str, Any], want: dict[str, Any], rows: Any) -> None:
    assert set(found) == set(FIELDS)
    for name, whole in want.items():
        chosen = [whole[row] for row in rows]
        assert len(found[name]) == len(chosen)
        for one, other in zip(found[name], chosen, strict=True):
            np.testing.assert_array_equal(one, other)


def window(*rows: int) -> Callable[..., Any]:
    return lambda _examples, _labels: np.array(rows)


def test_arrays_have_every_field_of_all_examples_or_of_those_wanted(dataset: Any) -> None:
    opened, whole = dataset
    for split in ("train", "held_out"):
        examples = opened.examples(split)
        assert dict(examples.schema) == FIELDS
        assert_same(examples.arrays(), whole[split], range(len(examples)))
    rows = [*range(17), 100, 499]
    examples = opened.examples("train", choose=window(*rows))
    assert len(examples) == len(rows)
    found = examples.arrays()
    assert_same(found, whole["train"], rows)
    assert (found["flag"].dtype, found["row"].dtype, found["row"].shape) == (bool, np.float32, (19, 3, 2))
    small = opened.examples("train", 2).arrays()["image"]
    np.testing.assert_array_equal(small, whole["train"]["image"][:, :2, :2])


def test_only_the_blocks_of_a_window_are_read(dataset: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, _ = dataset
    rows = np.arange(200, 250)
    examples = opened.examples("train", choose=lambda _e, _l: rows)
    read: list[int] = []
    block = Examples._reader.func  # type: ignore[attr-defined]

    def watched(self: Examples) -> Any:
        reader = block(self)
        inner = reader.read

        def counted(blocks: Any, use: Any, room: Any = None) -> None:
            read.extend(each.length for each in blocks)
            inner(blocks, use, room)

        monkeypatch.setattr(reader, "read", counted)
        return reader

    monkeypatch.setattr(Examples, "_reader", property(watched))
    examples.arrays()
    assert sum(read) < 0.2 * sum(group.bytes for group in examples.groups)


def test_arrays_are_the_callers_to_change_also_as_tensors_and_of_a_single_block(tmp_path: Path) -> None:
    opened = open_dataset(tiny_dataset(tmp_path))
    examples = opened.examples("train")
    image = examples.arrays()["image"]
    want = image.copy()
    torch.from_numpy(image).zero_()  # of a mapped file this would end the process
    assert (examples.arrays()["image"] == want).all()
    images, labels = opened.train()
    images[0], labels[0] = 0, 0


def test_batches_of_an_epoch_have_each_example_once_in_an_order_of_their_own(
    dataset: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, whole = dataset
    monkeypatch.setattr(batching, "RESIDENT_BYTES", 0)
    rows = np.arange(30, 430)
    examples = opened.examples("train", choose=lambda _e, _l: rows)
    for size in (1, 32, 399, 400, 1000):
        found = list(examples.batches(size, seed=1))
        assert [len(each["label"]) for each in found] == [size] * (400 // size) + ([400 % size] if 400 % size else [])
        order = [int(text.split()[1].rstrip(":")) for each in found for text in each["said"]]
        assert sorted(order) == rows.tolist()
        assert order != rows.tolist()
        assert_same({name: [v for each in found for v in each[name]] for name in FIELDS}, whole["train"], order)

    def said(**options: int) -> list[str]:
        return [text for each in examples.batches(32, **options) for text in each["said"]]

    assert said(seed=1) == said(seed=1)
    assert len({tuple(said(seed=seed, epoch=epoch)) for seed in range(2) for epoch in range(2)}) == 4


@pytest.mark.parametrize("pool_bytes", [1, 3000, 1 << 20])
def test_batches_go_on_where_they_were_left(dataset: Any, pool_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, _ = dataset
    monkeypatch.setattr(batching, "POOL_BYTES", pool_bytes)
    examples = opened.examples("train")
    whole = examples.batches(48, seed=3, epoch=2)
    all_of_them = [each["said"].tolist() for each in whole]
    assert len(all_of_them) == len(whole) == whole.position == 11
    for start in (0, 1, 5, 10, 11, 12):
        rest = examples.batches(48, seed=3, epoch=2, start=start)
        assert [each["said"].tolist() for each in rest] == all_of_them[start:]


@pytest.mark.parametrize(
    ("given", "want"),
    [
        ({"size": 0}, "size: given 0; allowed: a whole number of 1 or more"),
        ({"size": True}, "size: given True; allowed: a whole number of 1 or more"),
        ({"size": None}, "size: given None; allowed"),
        ({"size": 8, "seed": None}, "seed: given None; allowed: a whole number of 0 or more"),
        ({"size": 8, "start": -1}, "start: given -1; allowed"),
    ],
)
def test_numbers_of_batches_that_are_none_are_named(dataset: Any, given: Any, want: str) -> None:
    with pytest.raises(ValueError, match=want):
        dataset[0].examples("train").batches(**given)


def test_threads_that_share_an_iterator_get_each_batch_once(dataset: Any) -> None:
    batches = dataset[0].examples("train").batches(1)
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.extend(each["said"][0] for each in batches)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len(set(found)) == len(batches)


def test_an_iteration_that_was_begun_goes_on_in_a_forked_process(dataset: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "POOL_BYTES", 1)  # so that the next pool is being read when the process forks
    batches = dataset[0].examples("train").batches(48)
    next(batches)

    def rest(answer: Any) -> None:
        answer.send([text for each in batches for text in each["said"]])

    mine, other = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=rest, args=(other,), daemon=True)
    child.start()
    other.close()
    assert mine.poll(30)
    found = mine.recv()
    child.join()
    assert found == [text for each in batches for text in each["said"]]


def test_examples_are_sent_to_another_process_without_what_is_open(dataset: Any) -> None:
    examples = dataset[0].examples("train")
    want = examples.arrays()["said"].tolist()
    assert pickle.loads(pickle.dumps(examples)).arrays()["said"].tolist() == want


@pytest.mark.parametrize("start_method", [None, "fork", "spawn"])
def test_a_dataloader_reads_it_whatever_starts_its_workers(dataset: Any, start_method: str | None) -> None:
    opened, whole = dataset
    fields = ["image", "label", "row", "flag"]
    mapped = opened.examples("train", choose=window(*range(0, 60, 2))).torch(Only(fields))
    assert len(mapped) == 30
    mapped[3]  # the parent has opened files of its own by then
    context = start_method and multiprocessing.get_context(start_method)
    loader = DataLoader(mapped, batch_size=8, num_workers=1 if context else 0, multiprocessing_context=context)
    found = list(loader)
    for name in fields:
        want = torch.from_numpy(whole["train"][name][0:60:2])
        assert torch.equal(torch.cat([batch[name] for batch in found]), want)


class Only:
    def __init__(self, fields: list[str]) -> None:
        self.fields = fields

    def __call__(self, sample: dict[str, Any]) -> dict[str, Any]:
        return {name: sample[name] for name in self.fields}


def test_a_data_set_for_torch_has_every_field_and_can_be_pickled(dataset: Any) -> None:
    opened, whole = dataset
    mapped = opened.examples("train").torch()
    again = pickle.loads(pickle.dumps(mapped))
    for each in (mapped, again):
        assert_same(
            {name: [each[place][name] for place in (0, 250, 499)] for name in FIELDS}, whole["train"], (0, 250, 499)
        )
    with pytest.raises(IndexError, match="example 500 of 500"):
        mapped[500]


def test_data_sets_without_images_have_no_image_size(dataset: Any) -> None:
    opened, _ = dataset
    with pytest.raises(InvalidDataset, match=r"no train images of size 3; the shards have sizes 2, 4"):
        opened.examples("train", 3)


def test_a_data_set_of_version_1_has_examples_too(tmp_path: Path) -> None:
    opened = open_dataset(tiny_dataset(tmp_path))
    examples = opened.examples("train", 4)
    assert [field.kind for field in examples.schema.values()] == ["image", "class"]
    found = examples.arrays()
    images, labels = opened.train(4)
    np.testing.assert_array_equal(found["image"], images)
    np.testing.assert_array_equal(found["label"], labels)
    assert sum(len(batch["label"]) for batch in examples.batches(10)) == len(labels)
    np.testing.assert_array_equal(examples.torch()[5]["image"], images[5])
