"""What every store must do. A test class inherits it and gives the fixture `objects`, an empty store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from assay_trainer.objects import ObjectNotFound, Objects, ObjectTooLarge, TooManyObjects


class ObjectsConformance:
    def test_what_was_put_is_got_back(self, objects: Objects) -> None:
        data = bytes(range(256)) * 300
        assert objects.put_if_absent("a/b.json", data)
        assert objects.get("a/b.json") == data

    def test_an_empty_object_is_an_object(self, objects: Objects) -> None:
        assert objects.put_if_absent("empty", b"")
        assert objects.get("empty") == b""
        assert not objects.put_if_absent("empty", b"full")

    def test_the_first_put_counts_for_good(self, objects: Objects) -> None:
        assert objects.put_if_absent("results/x", b"first")
        assert not objects.put_if_absent("results/x", b"second")
        assert not objects.put_if_absent("results/x", b"first")
        assert objects.get("results/x") == b"first"

    def test_a_checkpoint_may_be_removed_once_and_again(self, objects: Objects) -> None:
        assert objects.put_if_absent("checkpoints/a/1", b"one")

        objects.remove("checkpoints/a/1")
        objects.remove("checkpoints/a/1")

        assert objects.list("checkpoints/") == []
        assert objects.put_if_absent("checkpoints/a/1", b"two")

    @pytest.mark.parametrize("name", ["results/a.json", "checkpoints", "attempts/checkpoints/1"])
    def test_nothing_else_is_removed(self, objects: Objects, name: str) -> None:
        objects.put_if_absent(name, b"one")

        with pytest.raises(ValueError, match="only what is below checkpoints/ may be removed"):
            objects.remove(name)

        assert objects.get(name) == b"one"

    def test_of_many_who_put_at_once_one_wins(self, objects: Objects) -> None:
        texts = [str(number).encode() * 1000 for number in range(8)]
        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(lambda text: objects.put_if_absent("race", text), texts))
        assert won.count(True) == 1
        assert objects.get("race") == texts[won.index(True)]

    @pytest.mark.parametrize(
        ("start", "length", "want"), [(0, 3, b"012"), (3, 4, b"3456"), (8, 9, b"89"), (10, 1, b""), (0, 0, b"")]
    )
    def test_a_range_is_read(self, objects: Objects, start: int, length: int, want: bytes) -> None:
        objects.put_if_absent("digits", b"0123456789")
        buffer = bytearray(length)
        assert objects.read_into("digits", start, memoryview(buffer)) == len(want)
        assert buffer == want.ljust(length, b"\0")

    def test_a_name_without_an_object_is_said_with_its_uri(self, objects: Objects) -> None:
        with pytest.raises(ObjectNotFound, match="results/nothing"):
            objects.get("results/nothing")
        with pytest.raises(ObjectNotFound, match="results/nothing"):
            objects.read_into("results/nothing", 0, memoryview(bytearray(1)))

    def test_a_stamp_tells_objects_apart_and_stays_the_same(self, objects: Objects) -> None:
        objects.put_if_absent("one", b"1")
        objects.put_if_absent("other", b"2")
        assert objects.stamp("one") == objects.stamp("one") != objects.stamp("other")
        with pytest.raises(ObjectNotFound, match="results/nothing"):
            objects.stamp("results/nothing")

    def test_a_list_is_sorted_and_of_one_folder(self, objects: Objects) -> None:
        for name in ("b/2", "b/10/x", "a", "bb/1", "b/1"):
            objects.put_if_absent(name, b"")
        assert list(objects.list("b/")) == ["b/1", "b/10/x", "b/2"]
        assert list(objects.list("")) == ["a", "b/1", "b/10/x", "b/2", "bb/1"]
        assert list(objects.list("nothing/")) == []

    def test_what_is_larger_than_allowed_is_refused_with_its_size(self, objects: Objects) -> None:
        objects.put_if_absent("results/x", b"0123456789")
        assert objects.get("results/x", limit=10) == b"0123456789"
        with pytest.raises(ObjectTooLarge, match="results/x: 10 bytes; allowed: 9") as refused:
            objects.get("results/x", limit=9)
        assert (refused.value.size, refused.value.limit, refused.value.may_pass) == (10, 9, False)
        buffer = bytearray(3)
        assert objects.read_into("results/x", 0, memoryview(buffer)) == 3
        assert buffer == b"012"

    @pytest.mark.parametrize(
        ("beginnings", "want"),
        [
            (["1."], ["b/1.json"]),
            (["1", "3"], ["b/1.json", "b/10/x", "b/3/y/z"]),
            (["10/", "10/x", "2.json"], ["b/10/x", "b/2.json"]),
            (["0", "2.json.x", "9"], []),
            ([""], ["b/1.json", "b/10/x", "b/2.json", "b/3/y/z"]),
            ([], []),
        ],
    )
    def test_a_list_may_be_of_what_is_wanted(self, objects: Objects, beginnings: list[str], want: list[str]) -> None:
        for name in ("a", "b/2.json", "b/10/x", "b/1.json", "b/3/y/z", "c"):
            objects.put_if_absent(name, b"")
        assert list(objects.list("b/", beginnings)) == want

    def test_a_few_names_are_found_among_many(self, objects: Objects) -> None:
        names = [f"b/{number:03d}.json" for number in range(60)]
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(lambda name: objects.put_if_absent(name, b""), names))
        wanted = ["003.", "0", "020.", "059.", "060."]
        assert list(objects.list("b/", wanted[2:])) == [names[20], names[59]]
        assert list(objects.list("b/", wanted, limit=60)) == names
        with pytest.raises(TooManyObjects, match="b/: more than 59 objects"):
            objects.list("b/", wanted, limit=59)
        with pytest.raises(TooManyObjects):
            objects.list("", limit=1)

    @pytest.mark.parametrize("name", ["", "/a", "a/", "a//b", "../a", "a/../b", ".a", "a/.b", "a b", "a\nb", "ä"])
    def test_what_is_no_name_is_refused(self, objects: Objects, name: str) -> None:
        with pytest.raises(ValueError, match="object name"):
            objects.put_if_absent(name, b"")
        with pytest.raises(ValueError, match="object name"):
            objects.get(name)

    @pytest.mark.parametrize("prefix", ["a", "/", "../", "a//"])
    def test_what_is_no_folder_is_not_listed(self, objects: Objects, prefix: str) -> None:
        with pytest.raises(ValueError, match=r"prefix|object name"):
            objects.list(prefix)
