from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest

from assay_trainer.data.node_cache import NodeCache

DATA = [bytes([number]) * 1000 for number in range(20)]


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def keep(cache: NodeCache, data: bytes) -> None:
    cache.keep(digest(data), memoryview(data))


def kept(cache: NodeCache, data: bytes) -> bool:
    found = cache.find(digest(data), len(data))
    assert found is None or found == data
    return found is not None


def age(cache: NodeCache, data: bytes, seconds: int) -> None:
    (path,) = cache.folder.rglob(f"{hashlib.sha256(data).hexdigest()}.*")
    os.utime(path, (1_000_000_000 - seconds,) * 2)


def test_what_was_kept_is_found_by_other_processes_and_can_not_be_written(tmp_path: Path) -> None:
    keep(NodeCache(tmp_path / "a/b"), DATA[0])
    other = NodeCache(tmp_path / "a/b")
    assert kept(other, DATA[0])
    assert not kept(other, DATA[1])
    assert other.find(digest(DATA[0]), 999) is None
    found = other.find(digest(DATA[0]), 1000)
    assert found is not None
    assert found.readonly


def test_a_block_of_an_earlier_boot_is_checked_once_more(tmp_path: Path) -> None:
    before = NodeCache(tmp_path, boot="before")
    for data in DATA[:2]:
        keep(before, data)
    (path,) = tmp_path.rglob(f"{hashlib.sha256(DATA[1]).hexdigest()}.*")
    path.write_bytes(bytes(1000))  # as a crash of the machine may leave it
    after = NodeCache(tmp_path, boot="after")
    assert kept(after, DATA[0])
    assert not kept(after, DATA[1])
    assert not path.exists()
    (path,) = tmp_path.rglob(f"{hashlib.sha256(DATA[0]).hexdigest()}.*")
    assert path.suffix == ".after"


def test_a_block_of_another_user_is_checked_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = NodeCache(tmp_path)
    for data in DATA[:2]:
        keep(cache, data)
    (path,) = tmp_path.rglob(f"{hashlib.sha256(DATA[1]).hexdigest()}.*")
    path.write_bytes(bytes(1000))
    stat = os.fstat

    def of_another(descriptor: int) -> os.stat_result:
        fields = list(stat(descriptor))
        fields[4] = os.geteuid() + 1
        return os.stat_result(fields)

    monkeypatch.setattr(os, "fstat", of_another)
    assert kept(cache, DATA[0])
    assert not kept(cache, DATA[1])


def test_a_block_that_was_cut_is_replaced(tmp_path: Path) -> None:
    cache = NodeCache(tmp_path)
    keep(cache, DATA[0])
    (path,) = tmp_path.rglob(f"{hashlib.sha256(DATA[0]).hexdigest()}.*")
    os.truncate(path, 10)
    assert not kept(cache, DATA[0])
    keep(cache, DATA[0])
    assert kept(cache, DATA[0])


def test_what_another_process_is_writing_counts_as_much_as_it_will_have(tmp_path: Path) -> None:
    descriptor = NodeCache(tmp_path, 1_500)._begin(tmp_path / "blocks" / "00" / ".partial-1", 1000)
    assert descriptor is not None
    (tmp_path / "used").unlink()  # so that all is counted anew
    try:
        keep(NodeCache(tmp_path, 1_500), DATA[0])
        assert not kept(NodeCache(tmp_path), DATA[0])
    finally:
        os.close(descriptor)


def test_what_was_used_least_recently_makes_room(tmp_path: Path) -> None:
    cache = NodeCache(tmp_path, limit_bytes=10_000)
    for number, data in enumerate(DATA[:10]):
        keep(cache, data)
        age(cache, data, 100 - number)
    assert kept(cache, DATA[0])  # it is used now
    keep(cache, DATA[10])
    assert [kept(cache, data) for data in DATA[:11]] == [True, False, *[True] * 9]


def test_what_was_used_just_now_does_not_make_room(tmp_path: Path) -> None:
    cache = NodeCache(tmp_path, limit_bytes=5_000)
    for data in DATA:
        keep(cache, data)
    assert [kept(cache, data) for data in DATA] == [True] * 5 + [False] * 15


def test_two_caches_in_one_folder_share_its_limit(tmp_path: Path) -> None:
    caches = [NodeCache(tmp_path, limit_bytes=8_000) for _ in range(2)]

    def fill(cache: NodeCache, own: list[bytes]) -> None:
        for data in own:
            keep(cache, data)

    threads = [threading.Thread(target=fill, args=(cache, DATA[place::2])) for place, cache in enumerate(caches)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "used"]
    assert 6_000 <= sum(path.stat().st_size for path in files) <= 8_000
    assert not [path for path in files if path.name.startswith(".")]


def test_what_a_killed_process_left_is_removed_and_no_block(tmp_path: Path) -> None:
    cache = NodeCache(tmp_path, limit_bytes=3_000)
    keep(cache, DATA[0])
    folder = next(path for path in tmp_path.rglob("*") if path.is_file() and path.name != "used").parent
    left = folder / ".partial-0123"
    left.write_bytes(bytes(500))
    os.utime(left, (1_000_000_000,) * 2)
    for data in DATA[1:4]:
        keep(cache, data)
    assert not left.exists()


@pytest.mark.parametrize("obstacle", ["a file", "read-only", "full"])
def test_where_nothing_can_be_kept_nothing_is_raised(
    tmp_path: Path, obstacle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "cache"
    if obstacle == "a file":
        folder.write_text("")
    elif obstacle == "read-only":

        def refuse(*_: object, **__: object) -> None:
            raise OSError(30, "Read-only file system")

        monkeypatch.setattr(Path, "mkdir", refuse)
    else:
        write = os.open

        def fail(path: str, flags: int, *rest: int) -> int:
            if ".partial-" in str(path):
                raise OSError(28, "No space left on device")
            return write(path, flags, *rest)

        monkeypatch.setattr(os, "open", fail)
    cache = NodeCache(folder)
    keep(cache, DATA[0])
    assert not kept(cache, DATA[0])


def test_checks_of_a_file_are_remembered_for_its_version(tmp_path: Path) -> None:
    NodeCache(tmp_path).note_checked("file, version 1", b"12345678" * 4)
    NodeCache(tmp_path).note_checked("file, version 1", b"abcdefgh" * 4)
    assert NodeCache(tmp_path).checked("file, version 1", 32) == {b"12345678" * 4, b"abcdefgh" * 4}
    assert not NodeCache(tmp_path).checked("file, version 2", 32)


def test_the_environment_says_where_it_is_and_how_large() -> None:
    found = NodeCache.from_environment({"ASSAY_CACHE": "/cache", "ASSAY_CACHE_BYTES": "1000"})
    assert found is not None
    assert (found.folder, found.limit_bytes) == (Path("/cache"), 1000)
    found = NodeCache.from_environment({"HOME": "/home/me"})
    assert found is not None
    assert found.folder == Path("/home/me/.cache/assay")
    for environment in ({"ASSAY_CACHE": "", "HOME": "/home/me"}, {"HOME": "/", "ASSAY_CACHE_BYTES": "0"}, {}):
        assert NodeCache.from_environment(environment) is None
    with pytest.raises(ValueError, match="ASSAY_CACHE_BYTES: given '1 GB'; allowed: a whole number of bytes"):
        NodeCache.from_environment({"ASSAY_CACHE_BYTES": "1 GB"})


def test_a_link_in_it_is_not_followed(tmp_path: Path) -> None:
    cache = NodeCache(tmp_path / "cache")
    keep(cache, DATA[0])
    (path,) = (tmp_path / "cache" / "blocks").rglob("*.*")
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert not kept(cache, DATA[0])


def test_a_block_that_was_cut_short_is_no_block(tmp_path: Path) -> None:
    cache = NodeCache(tmp_path)
    keep(cache, DATA[0])
    (path,) = (tmp_path / "blocks").rglob("*.*")
    os.truncate(path, 999)
    assert not kept(cache, DATA[0])
    NodeCache(tmp_path, limit_bytes=0).keep(digest(DATA[1]), memoryview(DATA[1]))
    assert not kept(cache, DATA[1])
