from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assay_trainer import contract
from assay_trainer.contract import DataField, InvalidManifest, read_manifest
from assay_trainer.data import open_dataset
from assay_trainer.shards import InvalidDataset
from builders.datasets import tiny_dataset
from builders.datasets_of_version_1 import tiny_dataset_1


def edited(folder: Path, dataset: contract.Dataset, edit: Callable[[dict[str, Any]], None]) -> contract.Dataset:
    """The same data set with another manifest, and a reference whose digest fits it."""
    manifest = json.loads((folder / "shards" / "manifest.json").read_bytes())
    edit(manifest)
    data = json.dumps(manifest).encode()
    (folder / "shards" / "edited.json").write_bytes(data)
    return contract.Dataset(manifest=f"{(folder / 'shards').as_uri()}/edited.json", digest=contract.digest(data))


def test_a_manifest_is_refused_if_its_digest_is_not_the_references(tmp_path: Path) -> None:
    dataset = tiny_dataset_1(tmp_path)
    other = contract.digest(b"another")
    with pytest.raises(InvalidDataset, match=rf"manifest.json: digest {dataset.digest}; expected {other}"):
        open_dataset(dataset.model_copy(update={"digest": other}))


def test_a_manifest_that_is_not_there_or_not_understood_is_named(tmp_path: Path) -> None:
    dataset = tiny_dataset_1(tmp_path)
    with pytest.raises(InvalidDataset, match=r"nothing.json: no such manifest"):
        open_dataset(dataset.model_copy(update={"manifest": f"{tmp_path.as_uri()}/nothing.json"}))
    for uri in ("manifest.json", "ftp://host/manifest.json"):
        with pytest.raises(InvalidDataset, match=r"manifest.json"):
            open_dataset(dataset.model_copy(update={"manifest": uri}))
    with pytest.raises(InvalidDataset, match=r"edited.json: not a manifest of version 1 or 2: channels"):
        open_dataset(edited(tmp_path, dataset, lambda manifest: manifest.update(channels=2)))


def test_a_shard_that_is_missing_truncated_or_changed_is_named(tmp_path: Path) -> None:
    opened = open_dataset(tiny_dataset_1(tmp_path))
    (shard,) = (tmp_path / "shards" / "train" / "8").iterdir()
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-1])
    with pytest.raises(InvalidDataset, match=rf"{shard.name}: 3071 bytes; expected 3072"):
        opened.train(8)
    shard.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    with pytest.raises(InvalidDataset, match=rf"{shard.name}: damaged, at .*: digest sha256:\w+; expected sha256:\w+"):
        opened.train(8)
    shard.unlink()
    with pytest.raises(InvalidDataset, match=rf"{shard.name}: missing; expected 3072 bytes"):
        opened.train(8)
    assert len(opened.train(4)[0]) == len(opened.train(4)[1]) == 48


def test_an_image_size_that_the_shards_lack_is_refused_with_those_they_have(tmp_path: Path) -> None:
    opened = open_dataset(tiny_dataset_1(tmp_path))
    with pytest.raises(InvalidDataset, match=r"no train images of size 14; the shards have sizes 4, 8"):
        opened.train(14)
    assert opened.held_out(None)[0].shape == (12, 8, 8, 1)


def test_a_manifest_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    dataset = tiny_dataset_1(tmp_path)

    def refused(want: str, edit: Callable[[dict[str, Any]], None]) -> None:
        with pytest.raises(InvalidDataset, match=want):
            open_dataset(edited(tmp_path, dataset, edit)).train(8)

    refused("48 images of size 8 and 48 labels; expected 49 of each", lambda m: m["train"].update(examples=49))
    refused("expected 64 bytes each, and 47 examples in all", lambda m: m["train"].update(examples=47))
    refused("labels from 0 to 2; expected 0 to 1", lambda m: m.update(classes=["a", "b"]))
    refused("object name '../secret'", lambda m: m["train"]["labels"].update(path="../secret"))
    refused("images of no size at all", lambda m: m["train"].update(images={}))


def test_a_missing_size_of_one_split_is_named_as_its_own(tmp_path: Path) -> None:
    dataset = tiny_dataset_1(tmp_path)
    opened = open_dataset(edited(tmp_path, dataset, lambda m: m["held_out"]["images"].pop("8")))
    with pytest.raises(InvalidDataset, match=r"no held-out images of size 8; the shards have sizes 4"):
        opened.held_out(8)


def test_reading_leaves_pandas_alone_which_takes_seconds_to_import(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path)
    program = (
        "import sys; from assay_trainer import contract; from assay_trainer.data import open_dataset\n"
        "opened = open_dataset(contract.Dataset.model_validate_json(sys.argv[1]))\n"
        "opened.train(); opened.examples('held_out').arrays()\n"
        "sys.exit('pandas' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program, dataset.model_dump_json()], check=True, timeout=60)


@pytest.mark.parametrize(
    ("data", "want"),
    [
        (b'{"version": 3, "anything": 1}', "version: given 3, of a later release; allowed: 1 to 2"),
        (b'{"version": 2}', "name: Field required"),
        (b'{"version": "new"}', "version: "),
        (b"[]", "the whole file: "),
        (b"\xff", "the whole file: Invalid JSON"),
        (json.dumps({f"k{number}": 0 for number in range(2000)}).encode(), "fields are wrong"),
    ],
)
def test_what_is_no_manifest_is_named_in_one_line(data: bytes, want: str) -> None:
    with pytest.raises(InvalidManifest, match=re.escape(want)) as raised:
        read_manifest(data)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "field", [{"kind": "number", "type": "uint8", "shape": [10**6] * 3}, {"kind": "image", "sizes": [10**6]}]
)
def test_a_field_of_more_numbers_than_arrow_holds_is_refused(field: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="numbers in one example; allowed: 2147483647"):
        DataField.model_validate(field)
