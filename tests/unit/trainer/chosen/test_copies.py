from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from assay_trainer import contract
from assay_trainer.chosen import copy_of_chosen
from assay_trainer.contract import Fidelity, TrialRequest
from assay_trainer.data import Choose, open_dataset
from assay_trainer.data.examples import Examples
from assay_trainer.objects import FileObjects
from assay_trainer.shards import build_shards, writing
from builders.datasets import tiny_dataset
from builders.datasets_of_version_1 import tiny_dataset_1
from builders.requests import a_trial

SCORES = contract.digest(b"scores")
ROWS = np.array([0, 7, 8, 20, 33, 47])


@pytest.fixture(autouse=True)
def _small_blocks_far_away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Put few examples into a block, and let files count as those of another machine."""
    monkeypatch.setattr(writing, "BLOCK_BYTES", 128)
    monkeypatch.setattr(Examples, "is_local", False)
    monkeypatch.setenv(contract.CACHE_VARIABLE, str(tmp_path / "cache"))


@pytest.fixture
def store(tmp_path: Path) -> FileObjects:
    return FileObjects(tmp_path / "store")


def request_of(dataset: contract.Dataset, seed: int = 0, **fidelity: Any) -> TrialRequest:
    wanted = Fidelity(**{"data_percent": 10, "subset": "EL2N", **fidelity})
    return a_trial(dataset, "team:train", seed=seed, fidelity=wanted).model_copy(update={"preparation": "0" * 32})


def chooses(times: list[int], rows: np.ndarray = ROWS) -> Choose:
    def choose(_count: int, _labels: Callable[[], Any]) -> np.ndarray:
        times.append(1)
        return rows

    return choose


def examples(
    dataset: contract.Dataset, store: FileObjects, times: list[int] | None = None, scores: str = SCORES
) -> Examples:
    copy = partial(copy_of_chosen, request_of(dataset), store, lambda: scores)
    return open_dataset(dataset).examples("train", None, chooses([] if times is None else times), copy)


def same(found: dict[str, Any], want: dict[str, Any]) -> bool:
    def equal(one: Any, other: Any) -> bool:
        return type(one) is type(other) and all(map(np.array_equal, one, other))

    return found.keys() == want.keys() and all(equal(found[name], want[name]) for name in want)


def same_example(found: dict[str, Any], want: dict[str, Any]) -> bool:
    return found.keys() == want.keys() and all(np.array_equal(found[name], want[name]) for name in want)


def a_table(folder: Path) -> contract.Dataset:
    count = 60
    table = {
        "text": [f"word {place} é" for place in range(count)],
        "raw": [bytes([place, 1]) for place in range(count)],
        "list": [list(range(place % 5)) for place in range(count)],
        "price": [place / 7 for place in range(count)],
        "kind": [f"class {place % 3}" for place in range(count)],
    }
    pyarrow.parquet.write_table(pa.table(table), folder / "table.parquet")
    return build_shards(folder / "table.parquet", str(folder / "shards"), name="table", held_out_percent=20).dataset


@pytest.mark.parametrize("build", [tiny_dataset, tiny_dataset_1, a_table])
def test_the_first_trial_leaves_a_copy_which_others_read_alone(
    tmp_path: Path, store: FileObjects, build: Callable[[Path], contract.Dataset]
) -> None:
    dataset = build(tmp_path)
    want = open_dataset(dataset).examples("train", None, chooses([])).arrays()
    assert same(examples(dataset, store).arrays(), want)
    for file in (tmp_path / "shards" / "train").rglob("*"):
        if file.is_file():
            file.write_bytes(b"gone")
    times: list[int] = []
    found = examples(dataset, store, times)
    assert same(found.arrays(), want)
    assert len(found) == len(ROWS)
    assert same_example(found.torch()[2], {name: values[2] for name, values in want.items()})
    assert not times


def test_images_and_labels_come_from_the_copy_too(tmp_path: Path, store: FileObjects) -> None:
    dataset = tiny_dataset(tmp_path)
    opened, times = open_dataset(dataset), list[int]()
    want = opened.train(4, chooses([]))
    copy = partial(copy_of_chosen, request_of(dataset, image_size=4), store, lambda: SCORES)
    for _ in range(2):
        images, labels = opened.train(4, chooses(times), copy)
        assert np.array_equal(images, want[0])
        assert np.array_equal(labels, want[1])
    assert len(times) == 1


@pytest.mark.parametrize("harm", ["damaged", "cut", "removed", "no index", "other scores", "nonsense"])
@pytest.mark.parametrize("use", ["arrays", "torch"])
def test_without_a_sound_copy_examples_are_read_where_they_lie(
    tmp_path: Path, store: FileObjects, harm: str, use: str, caplog: pytest.LogCaptureFixture
) -> None:
    dataset = tiny_dataset(tmp_path)
    want = examples(dataset, store).arrays()
    (described,) = (tmp_path / "store" / "chosen").rglob("*.json")
    for file in (tmp_path / "store" / "chosen").rglob("*-*.arrow"):
        if harm in ("damaged", "cut", "removed") and "blocks" not in file.name:
            data = file.read_bytes()
            file.write_bytes(bytes(each ^ 1 for each in data) if harm == "damaged" else data[: len(data) // 2])
            if harm == "removed":
                file.unlink()
        if harm == "no index" and "blocks" in file.name:
            file.unlink()
    if harm == "nonsense":
        described.write_text("{}")
    found = examples(dataset, store, scores=contract.digest(b"other") if harm == "other scores" else SCORES)
    if use == "arrays":
        assert same(found.arrays(), want)
    else:
        mapped = found.torch()
        for place in range(len(ROWS)):
            assert same_example(mapped[place], {name: values[place] for name, values in want.items()})
    assert "the copy of the chosen examples is not used" in caplog.text


def test_a_stream_of_batches_is_the_same_with_and_without_a_copy(tmp_path: Path, store: FileObjects) -> None:
    dataset = tiny_dataset(tmp_path)
    want = list(open_dataset(dataset).examples("train", None, chooses([])).batches(2, seed=3))
    for _ in range(2):
        found = list(examples(dataset, store).batches(2, seed=3))
        assert all(same(one, other) for one, other in zip(found, want, strict=True))


def test_it_can_be_pickled_and_is_the_same(tmp_path: Path, store: FileObjects) -> None:
    found = examples(tiny_dataset(tmp_path), store)
    assert same(pickle.loads(pickle.dumps(found)).arrays(), found.arrays())


def test_what_is_chosen_otherwise_has_a_copy_of_its_own(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path)

    def name(seed: int = 0, size: int | None = None, **fidelity: Any) -> str:
        return contract.chosen_name(request_of(dataset, seed, **fidelity), size)

    assert name() == name(seed=1) == name(epochs=7)
    others = [name(size=4), name(data_percent=11), name(hardest_percent_left_out=5)]
    others += [name(subset="CCS"), name(1, subset="CCS"), name(subset="Custom")]
    assert len({name(), *others}) == 7


def test_no_copy_is_made_on_this_machine_nor_where_most_of_each_block_is_wanted(
    tmp_path: Path, store: FileObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = tiny_dataset(tmp_path)
    copy = partial(copy_of_chosen, request_of(dataset), store, lambda: SCORES)
    open_dataset(dataset).examples("train", None, chooses([], np.arange(12)), copy).arrays()
    monkeypatch.setattr(Examples, "is_local", True)
    examples(dataset, store).arrays()
    assert not store.list("")
