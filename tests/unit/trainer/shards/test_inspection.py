"""A data set is read as a whole, and what differs from its manifest is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from assay.cli.shards_table import dataset_summary, dataset_table
from assay_trainer import contract
from assay_trainer.shards import InvalidDataset, inspect_dataset, verify_dataset, writing
from builders.datasets import put_dataset, tiny_dataset
from builders.datasets_of_version_1 import as_version_1


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(writing, "BLOCK_BYTES", 3 * 64)
    monkeypatch.setattr(writing, "FILE_BYTES", 1500)
    tiny_dataset(tmp_path)
    return tmp_path / "shards"


def test_a_whole_data_set_is_found_to_be_whole_and_each_byte_is_counted(folder: Path) -> None:
    opened = inspect_dataset(folder.as_uri())
    files = opened.files
    assert {(each.split, each.group) for each in files} == {
        (split, group) for split in ("train", "held_out") for group in ("image-8", "image-4", "fields")
    }
    assert max(each.files for each in files) > 1
    read: list[int] = []
    verify_dataset(opened, read.append)
    assert sum(read) == sum(each.bytes for each in files)
    assert inspect_dataset(opened.uri, opened.digest).manifest == opened.manifest


def test_a_data_set_in_s3_is_read_where_it_is(folder: Path, s3_uri: str) -> None:
    here = inspect_dataset(folder.as_uri())
    there = put_dataset(contract.Dataset(manifest=here.uri, digest=here.digest), s3_uri)
    found = inspect_dataset(there.manifest, here.digest)
    assert found.files == here.files
    verify_dataset(found)


def flipped(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def test_the_first_damaged_block_is_named(folder: Path) -> None:
    opened = inspect_dataset(folder.as_uri())
    first, second = sorted((folder / "train" / "image-8").glob("0*"))[:2]
    for path in (second, first):
        flipped(path, path.stat().st_size // 2)
    with pytest.raises(InvalidDataset, match=f"shard train/image-8/{first.name}: damaged, at .* of bytes "):
        verify_dataset(opened)
    first.unlink()
    with pytest.raises(InvalidDataset, match=f"shard train/image-8/{first.name}: missing"):
        verify_dataset(opened)
    (index,) = (folder / "train" / "image-8").glob("blocks-*")
    flipped(index, 200)
    with pytest.raises(InvalidDataset, match=f"shard train/image-8/{index.name}: damaged"):
        inspect_dataset(folder.as_uri())


def claimed(folder: Path, change: Callable[[dict], None]) -> None:  # type: ignore[type-arg]
    found = json.loads((folder / "manifest.json").read_bytes())
    change(found)
    (folder / "manifest.json").write_bytes(contract.canonical_json(found))


@pytest.mark.parametrize("place", [-30, 20])
def test_a_file_whose_blocks_are_whole_but_that_other_tools_could_not_read_is_named(folder: Path, place: int) -> None:
    opened = inspect_dataset(folder.as_uri())
    path = sorted((folder / "train" / "image-8").glob("0*"))[0]
    flipped(path, place)
    with pytest.raises(InvalidDataset, match=f"shard train/image-8/{path.name}: damaged, .* its blocks are whole"):
        verify_dataset(opened)
    flipped(path, place)
    verify_dataset(opened)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InvalidDataset, match="its blocks are whole"):
        verify_dataset(opened)


def test_a_manifest_that_claims_what_is_not_so_is_found_out(folder: Path) -> None:
    whole = (folder / "manifest.json").read_bytes()
    claims: list[tuple[Callable[[dict], None], str]] = [  # type: ignore[type-arg]
        (lambda found: found.update(content="sha256:" + "0" * 64), "its content has the digest sha256:0000"),
        (lambda found: found["train"]["class_counts"].update(label=[1, 2, 45]), "field label: it says"),
        (lambda found: found["train"].update(channel_sums=[5]), "its sums of channels are not those"),
        (lambda found: found["fields"]["label"].update(names=["0", "1"]), "field label: classes 0 to 2; it has 2"),
        (lambda found: found["train"]["files"].pop("image-4"), "the train split has no files of image-4"),
    ]
    for change, want in claims:
        (folder / "manifest.json").write_bytes(whole)
        claimed(folder, change)
        with pytest.raises(InvalidDataset, match=want):
            verify_dataset(inspect_dataset(str(folder.as_uri())))


def test_data_sets_of_earlier_releases_are_looked_into_too(folder: Path, tmp_path: Path) -> None:
    new = inspect_dataset(folder.as_uri())
    as_version_1(contract.Dataset(manifest=new.uri, digest=new.digest), tmp_path / "old")
    opened = inspect_dataset((tmp_path / "old").as_uri())
    verify_dataset(opened)
    assert dataset_summary(opened)["version"] != 2
    victim = next((tmp_path / "old").rglob("labels*"))
    flipped(victim, 3)
    with pytest.raises(InvalidDataset, match="damaged"):
        verify_dataset(opened)


def test_what_is_no_data_set_is_said(folder: Path) -> None:
    with pytest.raises(InvalidDataset, match=r"nowhere/manifest.json: no such manifest"):
        inspect_dataset(folder.with_name("nowhere").as_uri())
    with pytest.raises(InvalidDataset, match="expected sha256:1"):
        inspect_dataset(folder.as_uri(), "sha256:" + "1" * 64)


def test_a_description_names_fields_splits_and_files(folder: Path) -> None:
    opened = inspect_dataset(folder.as_uri())
    text = dataset_table(opened)
    assert "image  image  grey, uint8, sizes 8, 4\n" in text
    assert "label  class  3: 0, 1, 2\n" in text
    assert "train     48        image-8" in text
    described = dataset_summary(opened)
    assert described["classCounts"] == {"train": {"label": [16] * 3}, "held_out": {"label": [4] * 3}}
    assert json.loads(json.dumps(described)) == described
