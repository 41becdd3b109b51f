from __future__ import annotations

import hashlib
import os
import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from assay_trainer.data import blocks
from assay_trainer.data.blocks import TRIES, Block, BlockReader
from assay_trainer.data.node_cache import NodeCache
from assay_trainer.objects import FileObjects, MemoryObjects, Objects
from assay_trainer.shards import InvalidDataset

CONTENT = {name: random.Random(name).randbytes(10_000) for name in ("a", "b")}


def block(name: str, start: int, length: int) -> Block:
    found = CONTENT[name][start : start + length]
    return Block(name, start, length, f"sha256:{hashlib.sha256(found).hexdigest()}")


BLOCKS = [block("a", 0, 3000), block("a", 3000, 4000), block("b", 0, 100), block("b", 5000, 5000), block("b", 100, 0)]


class Watched(MemoryObjects):
    """Objects in memory that count what is read, and damage what they are told to."""

    def __init__(self, damage: Callable[[int, memoryview], int | None] = lambda _n, _b: None) -> None:
        super().__init__()
        self.reads: list[tuple[str, int, int]] = []
        self._damage = damage
        for name, content in CONTENT.items():
            self.put_if_absent(name, content)

    def read_into(self, name: str, start: int, buffer: memoryview) -> int:
        self.reads.append((name, start, len(buffer)))
        came = super().read_into(name, start, buffer)
        damaged = self._damage(len(self.reads), buffer)
        return came if damaged is None else damaged


def read(reader: BlockReader, blocks: list[Block] = BLOCKS) -> list[bytes]:
    found: dict[int, bytes] = {}
    reader.read(blocks, lambda index, data: found.__setitem__(index, bytes(data)))
    return [found[index] for index in range(len(blocks))]


def into_buffers(reader: BlockReader) -> list[bytearray]:
    buffers = [bytearray(each.length) for each in BLOCKS]
    reader.read(BLOCKS, lambda _index, _data: None, lambda index: memoryview(buffers[index]))
    return buffers


WANT = [CONTENT[each.name][each.start : each.end] for each in BLOCKS]


@pytest.fixture(params=["memory", "files"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    if request.param == "memory":
        return Watched()
    files = FileObjects(tmp_path / "objects")
    for name, content in CONTENT.items():
        files.put_if_absent(name, content)
    return files


@pytest.mark.parametrize("cached", [False, True])
def test_blocks_are_read_whatever_holds_them(objects: Objects, cached: bool, tmp_path: Path) -> None:
    cache = NodeCache(tmp_path / "cache") if cached else None
    for _ in range(2):
        reader = BlockReader(objects, cache)
        assert read(reader) == WANT
        assert [reader.block(each) for each in BLOCKS] == WANT
        assert into_buffers(reader) == WANT


def test_neighbours_are_read_together_and_from_the_cache_not_at_all(tmp_path: Path) -> None:
    objects = Watched()
    assert read(BlockReader(objects, NodeCache(tmp_path))) == WANT
    assert sorted(objects.reads) == [("a", 0, 7000), ("b", 0, 100), ("b", 5000, 5000)]
    objects.reads.clear()
    assert read(BlockReader(objects, NodeCache(tmp_path))) == WANT
    assert not objects.reads


def test_a_part_of_the_neighbours_may_be_cached(tmp_path: Path) -> None:
    blocks = [block("a", start, 1000) for start in range(0, 10_000, 1000)]
    objects = Watched()
    read(BlockReader(objects, NodeCache(tmp_path)), [blocks[3], blocks[4], blocks[7]])
    objects.reads.clear()
    assert b"".join(read(BlockReader(objects, NodeCache(tmp_path)), blocks)) == CONTENT["a"]
    assert sorted(objects.reads) == [("a", 0, 3000), ("a", 5000, 2000), ("a", 8000, 2000)]


def flip(buffer: memoryview) -> None:
    buffer[len(buffer) // 2] ^= 1


def test_wrong_bytes_are_read_again_and_never_kept(tmp_path: Path) -> None:
    objects = Watched(lambda number, buffer: flip(buffer) if number <= 2 else None)
    cache = NodeCache(tmp_path)
    assert read(BlockReader(objects, cache), BLOCKS[:1]) == WANT[:1]
    assert len(objects.reads) == 3
    assert read(BlockReader(Watched(), cache), BLOCKS[:1]) == WANT[:1]


def test_bytes_that_stay_wrong_are_a_damaged_shard(tmp_path: Path) -> None:
    objects = Watched(lambda _number, buffer: flip(buffer))
    reader = BlockReader(objects, NodeCache(tmp_path))
    used: list[int] = []
    with pytest.raises(InvalidDataset, match=r"shard a: damaged, at memory://replay: digest .* of bytes 0 to 2999"):
        reader.read(BLOCKS[:1], lambda index, _data: used.append(index))
    assert not used
    assert len(objects.reads) == TRIES
    with pytest.raises(InvalidDataset, match=r"shard a: damaged"):
        reader.block(BLOCKS[0])
    assert not NodeCache(tmp_path).find(BLOCKS[0].digest, BLOCKS[0].length)


def test_what_is_missing_or_cut_is_said(objects: Objects) -> None:
    reader = BlockReader(objects, None)
    with pytest.raises(InvalidDataset, match=r"shard c: missing; expected 10 bytes, at "):
        read(reader, [Block("c", 0, 10, "sha256:0")])
    with pytest.raises(InvalidDataset, match=r"shard a: 10000 bytes; expected 10001, at "):
        read(reader, [Block("a", 0, 10_001, "sha256:0")])


def test_an_error_of_the_user_of_a_block_ends_the_reading(objects: Objects) -> None:
    def fail(_index: int, _data: memoryview) -> None:
        raise KeyError("the user's")

    with pytest.raises(KeyError, match="the user's"):
        BlockReader(objects, None).read(BLOCKS, fail)
    assert not [each for each in threading.enumerate() if each.name.startswith("ThreadPool")]


def test_a_file_that_was_checked_is_not_hashed_again_until_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, cache = FileObjects(tmp_path / "objects"), tmp_path / "cache"
    files.put_if_absent("a", CONTENT["a"])
    path = tmp_path / "objects" / "a"
    monkeypatch.setattr("assay_trainer.data.blocks._SETTLED_NS", 0)
    assert read(BlockReader(files, NodeCache(cache)), BLOCKS[:2]) == WANT[:2]
    hashed: list[int] = []
    sha256 = hashlib.sha256

    def watched(data: bytes) -> object:
        hashed.append(len(data))
        return sha256(data)

    monkeypatch.setattr(hashlib, "sha256", watched)
    assert read(BlockReader(files, NodeCache(cache)), BLOCKS[:2]) == WANT[:2]
    assert not {3000, 4000} & set(hashed)
    damaged = bytearray(CONTENT["a"])
    damaged[5000] ^= 1
    path.write_bytes(damaged)
    os.utime(path, ns=(0, 0))
    with pytest.raises(InvalidDataset, match=r"shard a: damaged"):
        read(BlockReader(files, NodeCache(cache)), BLOCKS[:2])


def test_a_file_that_is_edited_in_place_while_it_is_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "_seen", {})
    files = FileObjects(tmp_path)
    for name, content in CONTENT.items():
        files.put_if_absent(name, content)
    BlockReader(files, None).block(BLOCKS[0])
    blocks.check_files_unedited()
    (tmp_path / "b").write_bytes(b"never read")
    blocks.check_files_unedited()
    (tmp_path / "a").chmod(0o600)
    blocks.check_files_unedited()
    with (tmp_path / "a").open("r+b") as file:
        file.write(b"other bytes")
    with pytest.raises(InvalidDataset, match=r"a: edited while it was read"):
        blocks.check_files_unedited()
    (tmp_path / "a").unlink()
    blocks.check_files_unedited()


def test_a_file_that_was_edited_before_a_trial_is_none_that_was_edited_during_it(tmp_path: Path) -> None:
    files = FileObjects(tmp_path)
    files.put_if_absent("a", CONTENT["a"])
    BlockReader(files, None).block(BLOCKS[0])
    (tmp_path / "a").write_bytes(CONTENT["a"] + b"more")
    blocks.watch_files()
    BlockReader(files, None).block(BLOCKS[0])
    blocks.check_files_unedited()
