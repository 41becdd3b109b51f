"""What others put where the ledger looks: too large, not what it should be, too many, under names that are not ours."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from assay.planning.records.trust_records import Revocation
from assay.planning.study.requests import trial_request
from assay.store import Ledger, MemoryBudget, StoreLimits, TurnOver
from assay.store.memory_budget import BYTES_PER_BYTE, BYTES_PER_OBJECT
from assay_trainer.contract import Failure, FailureReason, TrialResult, WorkRequest, attempt_name, result_name
from assay_trainer.objects import MemoryObjects, UnfitObject
from assay_trainer.objects.limits import OBJECT_BYTES
from builders.studies import a_result, a_study

STUDY = a_study()
TRIAL, OTHER = STUDY.design.trials[:2]
KEY = TRIAL.key
RESULT = a_result(STUDY, TRIAL, 0.9)


@pytest.fixture
def objects() -> MemoryObjects:
    return MemoryObjects()


def edited(**fields: Any) -> bytes:
    return json.dumps({**RESULT.model_dump(mode="json"), **fields}).encode()


def a_failure(attempt: int = 1) -> Failure:
    return Failure(key=KEY, attempt=attempt, reason=FailureReason.WORKER_DIED, message="signal 9")


@pytest.mark.parametrize(
    ("data", "want"),
    [
        (b"{" + b" " * (1 << 20), "1048577 bytes; allowed: 1048576 (limits.result)"),
        (b'{"metrics":' + b"[" * 100_000, "recursion limit exceeded"),
        (b'{"a":' * 1_000 + b"1" + b"}" * 1_000, "recursion limit exceeded"),
        (b'{"kind":"Trial",' + b",".join(b'"%d":0' % n for n in range(80_000)) + b"}", "80010 fields are wrong"),
        (b"", "EOF while parsing"),
        (RESULT.model_dump_json().encode()[:-9], "EOF while parsing"),
        ("\ufeff{}".encode("utf-16"), "Invalid JSON"),
        (b"\xff\xfe", "Invalid JSON"),
        (b"[]", "Input should be an object"),
        (edited(version=2), "version"),
        (edited(score="NaN"), "score"),
        (edited(seed=1.5), "seed"),
        (edited(key=OTHER.key), f"key: given {OTHER.key}; allowed: {KEY}, as its name says"),
        (edited(seed=10**300), "seed: allowed are numbers up to 1e+15"),
        (edited(cost={**RESULT.cost.model_dump(), "accelerator_seconds": 1e300}), "cost.accelerator_seconds: allowed"),
        (edited(cost={**RESULT.cost.model_dump(), "wall_seconds": float("inf")}), "cost.wall_seconds: allowed"),
        (edited(provenance={**RESULT.provenance.model_dump(), "started_at": float("nan")}), "provenance.started_at"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value,
)
def test_an_object_that_is_no_result_is_named_with_what_to_do(objects: MemoryObjects, data: bytes, want: str) -> None:
    objects.put_if_absent(result_name(KEY), data)
    readers: list[Callable[[Ledger], object]] = [lambda one: one.results({KEY}), lambda one: one.find_result(KEY)]
    for read in readers:
        with pytest.raises(UnfitObject) as unfit:
            read(Ledger(objects, StoreLimits()))
        said = str(unfit.value)
        assert said.startswith(f"{objects.uri}/{result_name(KEY)}: ")
        assert want in said
        assert said.endswith(": remove it, and the study goes on")
        assert len(said) < 400


@pytest.mark.parametrize(
    ("name", "read"),
    [
        (attempt_name(KEY, 1), lambda ledger: ledger.failures({KEY})),
        (f"studies/digits/started/{KEY}/0001.json", lambda ledger: ledger.started("digits")),
        ("studies/digits/certificates/x.json", lambda ledger: ledger.trust_records("digits")),
    ],
    ids=["failure", "started", "certificate"],
)
@pytest.mark.parametrize("data", [b"{", b"[" * 10_000, b"null", b" " * 300_000, b'{"version":1,"started_at":Infinity}'])
def test_so_is_what_is_no_record(
    objects: MemoryObjects, name: str, read: Callable[[Ledger], object], data: bytes
) -> None:
    objects.put_if_absent(name, data)
    with pytest.raises(UnfitObject, match=f"{name}: "):
        read(Ledger(objects, StoreLimits()))


def test_a_record_under_the_name_of_another_is_none(objects: MemoryObjects) -> None:
    objects.put_if_absent(attempt_name(KEY, 2), a_failure(1).model_dump_json().encode())
    with pytest.raises(UnfitObject, match=f"given {KEY}, 1; allowed: {KEY}, 2"):
        Ledger(objects).failures({KEY})
    revocation = Revocation(rests_on="a" * 32, made_at=1.0, arm="short", stratum="new", audited=5, message="so")
    objects.put_if_absent("studies/digits/certificates/x.json", revocation.model_dump_json().encode())
    with pytest.raises(UnfitObject, match="its name should be"):
        Ledger(objects).trust_records("digits")


def test_a_preparation_is_no_result_of_a_trial(objects: MemoryObjects) -> None:
    objects.put_if_absent(f"preparations/{KEY}.json", RESULT.model_dump_json().encode())
    with pytest.raises(UnfitObject, match="given Trial; it is not one that belongs into preparations/"):
        Ledger(objects).results({KEY})


def test_names_that_are_not_ours_are_passed_over(objects: MemoryObjects) -> None:
    ledger, item = Ledger(objects), trial_request(STUDY, TRIAL, 1)
    ledger.put_requests("digits", [WorkRequest(store=ledger.uri, items=(item,))], started_at=7.0)
    ledger.put_failure(a_failure())
    want = (ledger.started("digits"), ledger.failures({KEY}), ledger.forgiven({KEY}), ledger.results({KEY}))
    for name in ("x", "1", "-1", "0", "0000", "00001", "1.5", "9" * 5_000, "0001.forgiven.forgiven", "x.forgiven"):
        for folder in (f"attempts/{KEY}", f"studies/digits/started/{KEY}", "attempts/x", "studies/digits/started"):
            objects.put_if_absent(f"{folder}/{name}.json", b"nonsense")
    for name in (f"attempts/{KEY}", f"attempts/{KEY}/0001", f"attempts/{KEY}/a/0001.json", f"results/{KEY}.json.bak"):
        objects.put_if_absent(name, b"nonsense")
    objects.put_if_absent(f"results/{KEY}/0001.json", b"nonsense")
    new = Ledger(objects)
    assert (new.started("digits"), new.failures({KEY}), new.forgiven({KEY}), new.results({KEY})) == want


def test_of_folders_that_others_fill_only_the_studys_own_keys_are_looked_at(objects: MemoryObjects) -> None:
    for number in range(300):
        objects.put_if_absent(f"results/{number:032x}.json", b"nonsense")
        objects.put_if_absent(f"attempts/{number:032x}/0001.json", b"nonsense")
    objects.put_if_absent(result_name(KEY), RESULT.model_dump_json().encode())
    ledger = Ledger(objects, StoreLimits(names=1))
    assert ledger.results({KEY}) == {KEY: RESULT}
    assert (ledger.failures({KEY}), ledger.forgiven({KEY})) == ({}, {})


def test_too_many_names_are_said_with_the_setting(objects: MemoryObjects) -> None:
    for number in range(11):
        objects.put_if_absent(f"attempts/{KEY}/{number:04d}.json", b"nonsense")
        objects.put_if_absent(f"studies/digits/criteria/{number}.json", b"nonsense")
    said = r"more than 10 objects \(limits.names\): remove those"
    with pytest.raises(UnfitObject, match="attempts/: " + said):
        Ledger(objects, StoreLimits(names=10)).failures({KEY})
    with pytest.raises(UnfitObject, match="studies/digits/criteria/: " + said):
        Ledger(objects, StoreLimits(names=10)).criteria("digits")


class Results(MemoryObjects):
    """A store with the results of all trials of a study, each of which takes a second to read."""

    def __init__(self, name: str = "digits") -> None:
        super().__init__(f"memory://{name}")
        self.study = a_study(name=name)
        self.keys = {trial.key for trial in self.study.design.trials}
        self.read = 0
        for trial in self.study.design.trials:
            data = a_result(self.study, trial, 0.9).model_dump_json().encode()
            self.size = BYTES_PER_OBJECT + BYTES_PER_BYTE * len(data)
            self.put_if_absent(result_name(trial.key), data)

    def get(self, name: str, limit: int = OBJECT_BYTES) -> bytes:
        self.read += 1
        return super().get(name, limit)


def test_a_turn_ends_in_time_and_the_next_one_goes_on_from_there() -> None:
    objects = Results()
    ledger = Ledger(objects, at_a_time=1, clock=lambda: float(objects.read))
    turns = 0
    while True:
        turns += 1
        try:
            with ledger.turn(3.0):
                assert len(ledger.results(objects.keys)) == len(objects.keys)
            break
        except TurnOver:
            assert objects.read == 3 * turns
    assert (turns, objects.read) == (3, len(objects.keys))


def test_a_turn_however_short_reads_something() -> None:
    objects = Results()
    ledger = Ledger(objects, at_a_time=1, clock=lambda: float(objects.read))
    for _ in range(len(objects.keys) - 1):
        with pytest.raises(TurnOver), ledger.turn(0.0):
            ledger.results(objects.keys)
    with ledger.turn(0.0):
        assert len(ledger.results(objects.keys)) == objects.read == len(objects.keys)


def test_what_is_wrong_is_said_though_the_turn_is_over() -> None:
    objects = Results()
    objects._objects[result_name(max(objects.keys))] = b"nonsense"
    ledger = Ledger(objects, at_a_time=1, clock=lambda: float(objects.read))
    with pytest.raises(UnfitObject), ledger.turn(1.0):
        ledger.results(sorted(objects.keys, reverse=True))


def test_results_that_are_too_much_together_are_said_with_the_setting() -> None:
    objects = Results()
    ledger = Ledger(objects, StoreLimits(study=2 * objects.size + 100))
    with pytest.raises(UnfitObject, match=r"memory://digits: what was read takes more than .*\(limits.study\)"):
        ledger.results(objects.keys)


def test_for_those_at_work_others_forget_what_they_can_read_again() -> None:
    stores = [Results(name) for name in ("a", "b")]
    memory = MemoryBudget(len(stores[0].keys) * stores[0].size + 1_000)
    idle, working = (Ledger(store, memory=memory) for store in stores)
    with idle.turn(60.0):
        before = idle.results(stores[0].keys)
    with working.turn(60.0):
        working.results(stores[1].keys)
    with idle.turn(60.0):
        assert idle.results(stores[0].keys) == before
    assert (stores[0].read, stores[1].read) == (2 * len(stores[0].keys), len(stores[1].keys))
    with idle.turn(60.0):
        idle.results(stores[0].keys)
    assert stores[0].read == 2 * len(stores[0].keys)
    idle.close()


def test_a_result_is_as_large_in_memory_as_is_reckoned() -> None:
    text = RESULT.model_dump_json()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = [TrialResult.model_validate_json(text) for _ in range(100)]
    took = (tracemalloc.get_traced_memory()[0] - before) / len(kept)
    tracemalloc.stop()
    assert 0.3 < took / (BYTES_PER_OBJECT + BYTES_PER_BYTE * len(text)) < 1.0


def test_on_one_machine_the_memory_is_the_users_own() -> None:
    objects = Results()
    padded = edited(metrics={str(number): 0.5 for number in range(100_000)})
    objects.put_if_absent(result_name("f" * 32), padded.replace(KEY.encode(), b"f" * 32))
    assert len(padded) > StoreLimits().result
    assert Ledger(objects).find_result("f" * 32) is not None
    assert len(Ledger(objects).results(objects.keys)) == len(objects.keys)


def test_of_those_at_work_whoever_has_more_than_an_equal_part_waits_for_the_others() -> None:
    large, small = Results("large"), Results("small")
    few = sorted(small.keys)[:3]
    memory = MemoryBudget((len(large.keys) + 1) * large.size)
    greedy, modest = Ledger(large, memory=memory), Ledger(small, memory=memory)
    with greedy.turn(60.0), modest.turn(60.0):
        greedy.results(sorted(large.keys)[:-1])
        assert len(modest.results(few)) == len(few)
        with pytest.raises(TurnOver, match="other studies need the operator's memory"):
            greedy.results(large.keys)
    with greedy.turn(60.0):
        assert len(greedy.results(large.keys)) == len(large.keys)
