from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest

from assay_trainer.objects import (
    FileObjects,
    MemoryObjects,
    Objects,
    ObjectTooLarge,
    StoreError,
    UnfitObject,
    open_objects,
    split_object_uri,
)
from assay_trainer.objects.limits import OBJECT_BYTES
from builders.objects_conformance import ObjectsConformance


class TestMemoryObjects(ObjectsConformance):
    @pytest.fixture
    def objects(self) -> Objects:
        return MemoryObjects()


class TestFileObjects(ObjectsConformance):
    @pytest.fixture
    def objects(self, tmp_path: Path) -> Objects:
        return FileObjects(tmp_path / "a store")

    def test_its_uri_opens_it_again(self, objects: Objects) -> None:
        objects.put_if_absent("a", b"1")
        assert open_objects(objects.uri).get("a") == b"1"

    def test_a_write_that_fails_leaves_nothing_behind(
        self, objects: Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(_descriptor: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            with pytest.raises(StoreError, match="results/x: No space left on device"):
                objects.put_if_absent("results/x", b"data")
        assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []
        assert objects.put_if_absent("results/x", b"data")

    def test_an_unfinished_write_is_not_listed(self, objects: Objects, tmp_path: Path) -> None:
        objects.put_if_absent("results/x", b"data")
        (tmp_path / "a store" / "results" / ".unfinished-abc").write_bytes(b"da")
        assert list(objects.list("results/")) == ["results/x"]

    @pytest.mark.parametrize("kind", ["a pipe", "a device", "a folder"])
    def test_what_is_no_file_is_not_read(self, objects: Objects, tmp_path: Path, kind: str) -> None:
        objects.put_if_absent("first", b"")
        path = tmp_path / "a store" / "x"
        if kind == "a pipe":
            os.mkfifo(path)
        elif kind == "a device":
            path.symlink_to("/dev/zero")
        else:
            path.mkdir()
        with pytest.raises(UnfitObject, match="x: it is not a regular file"):
            objects.get("x")
        with pytest.raises(UnfitObject, match="x: it is not a regular file"):
            objects.read_into("x", 0, memoryview(bytearray(9)))

    def test_a_file_of_many_gigabytes_is_refused_by_its_size(self, objects: Objects, tmp_path: Path) -> None:
        objects.put_if_absent("first", b"")
        with (tmp_path / "a store" / "x").open("wb") as file:
            file.truncate(1 << 40)
        with pytest.raises(ObjectTooLarge, match=f"x: {1 << 40} bytes; allowed: {OBJECT_BYTES}"):
            objects.get("x")

    def test_a_folder_that_is_a_file_is_a_store_error(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(StoreError, match=r"File exists|Not a directory"):
            FileObjects(tmp_path / "file").put_if_absent("a", b"")


@pytest.mark.parametrize("uri", ["", "results", "/abs", "ftp://host/x", "file://host/x", "file:x"])
def test_what_is_no_store_is_refused_with_what_is_allowed(uri: str) -> None:
    with pytest.raises(ValueError, match="file:///absolute/folder"):
        open_objects(uri)


def test_the_uri_of_an_object_is_split() -> None:
    assert split_object_uri("file:///data/digits/manifest.json") == ("file:///data/digits", "manifest.json")
    with pytest.raises(ValueError, match="not the URI of an object"):
        split_object_uri("manifest.json")


def test_a_folder_that_another_writer_drops_just_now_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, begin, dropped = FileObjects(tmp_path), tempfile.mkstemp, list[str]()

    def drop_first(*, prefix: str, dir: Path) -> tuple[int, str]:  # noqa: A002
        if len(dropped) < 3:
            dir.rmdir()
            dropped.append(str(dir))
        return begin(prefix=prefix, dir=dir)

    monkeypatch.setattr(tempfile, "mkstemp", drop_first)

    assert store.put_if_absent("checkpoints/one/000001.state", b"state")

    assert len(dropped) == 3
    assert store.get("checkpoints/one/000001.state") == b"state"
