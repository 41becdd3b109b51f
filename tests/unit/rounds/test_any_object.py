"""Whatever is in the store, a round ends: with the answer that it would have had, or the name of an object.

Objects of every kind are changed as accidents and people do: cut, spoilt, swapped, nested, blown up, renamed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.api.bounds import STATUS_BYTES, json_bytes
from assay.api.resources import GeneraliseTo, ProxyStudyStatus, Verdicts
from assay.controller.publishing.events import event_manifest, trial_failed
from assay.controller.publishing.reports import with_report
from assay.planning.plan import plan
from assay.planning.records.earlier import NOTHING_EARLIER
from assay.planning.records.trust_records import Revocation
from assay.planning.results.progress import progress_of
from assay.planning.status.hypothesis_status import verdicts_of
from assay.planning.study.history import History
from assay.planning.study.requests import trial_request
from assay.planning.trust.yardstick import yardstick_of
from assay.reporting.metrics import arm_profiles
from assay.rounds.history import with_edits, write_seen
from assay.rounds.looks import looks_of
from assay.rounds.reconcile import Round, records_of
from assay.rounds.reported_examples import reported_examples
from assay.store import Ledger, StoreLimits
from assay_trainer.contract import CurvePoint, Failure, FailureReason, WorkRequest, examples_name, result_name
from assay_trainer.objects import MemoryObjects, UnfitObject
from assay_trainer.returned.examples import ExampleValues
from builders import looks, manifests
from builders.effort import tries
from builders.studies import a_preparation_result, a_profile, a_result, a_study

NOW = 1_000_100.0
LIMITS = StoreLimits(result=16 << 10, record=16 << 10, names=200)
STUDY = a_study(
    hypotheses=4,
    proxies=(
        manifests.a_proxy(),
        manifests.a_proxy("scored", data_percent=25, subset="EL2N"),
    ),
    verdicts=Verdicts(generalise_to=GeneraliseTo.FRESH_EXAMPLES),
)
STUDY_MANIFEST = {"metadata": {"name": STUDY.name, "namespace": "team", "uid": "1"}}


class Store(dict[str, bytes]):
    """Objects by name; shown by those that are not as they should be."""

    def __repr__(self) -> str:
        return str({name: data[:2_000] for name, data in self.items() if STORE.get(name) != data})


def a_store() -> dict[str, bytes]:
    """All objects of a study: all results but two, a failed attempt of one of these, and what goes with them."""
    objects = MemoryObjects()
    ledger = Ledger(objects)
    trials = STUDY.design.trials
    for number, trial in enumerate(trials[:-2]):
        curve = (CurvePoint(epoch=1, seconds=1.0, metrics={"accuracy": 0.5, "loss": 1.0}),)
        result = a_result(STUDY, trial, 0.8 + number / 1000, profile=a_profile(), curve=curve)
        given = ExampleValues()
        given.take(
            correct=None, loss=[result.score - 0.5, result.score + 0.5 - number / 100, 0.01 * number + result.score]
        )
        ((said, values),), _ = given.kept()
        objects.put_if_absent(examples_name(trial.key, said), values)
        metrics = {"accuracy": result.score, "loss": 1.0 - result.score}
        result = result.model_copy(update={"metrics": metrics, "per_example": (said,)})
        objects.put_if_absent(result_name(trial.key), result.model_dump_json().encode())
    for preparation in STUDY.design.preparations:
        prepared = a_preparation_result(STUDY, preparation)
        objects.put_if_absent(f"preparations/{prepared.key}.json", prepared.model_dump_json().encode())
    for trial in trials[-2:]:
        request = WorkRequest(store=ledger.uri, items=(trial_request(STUDY, trial, 1),))
        ledger.put_requests(STUDY.name, [request], started_at=1_000_000.0)
    reason = FailureReason.TRAIN_FUNCTION_RAISED
    ledger.put_failure(Failure(key=trials[-1].key, attempt=1, reason=reason, message="it raised"))
    ledger.forgive(trials[-2].key, 1)
    edited = a_study(hypotheses=4, seeds=3, smallest_effect="0.1")
    for each in (edited, STUDY):
        log = ledger.edit_log(STUDY.name)
        each = replace(each, history=History(edits=log))
        write_seen(with_edits(each, records_of(STUDY, ledger, ()), 1.0), ledger, len(log))
    revocation = Revocation(rests_on="a" * 32, made_at=1.0, arm="short", stratum="new", audited=5, message="so")
    ledger.put_trust_record(STUDY.name, revocation)
    ledger.put_look_record(looks.a_look(STUDY, "short"))
    ledger.put_look_record(looks.seen(STUDY, "short"))
    return dict(objects._objects)


STORE = a_store()
EXAMPLES = tries(60, quick=25)


def answer_of(store: Mapping[str, bytes]) -> ProxyStudyStatus:
    """Return what a round says of the study, once all of it is worked out. Raises UnfitObject."""
    objects = MemoryObjects()
    objects._objects.update(store)
    ledger = Ledger(objects, LIMITS, at_a_time=1)
    begun = min(ledger.started(STUDY.name).values(), default=None)
    history = History(
        begun,
        ledger.criteria(STUDY.name),
        ledger.trust_records(STUDY.name),
        edits=ledger.edit_log(STUDY.name),
        looks=looks_of(STUDY, ledger),
    )
    study = replace(STUDY, history=history)
    records = records_of(study, ledger, ())
    study = study.knowing(NOTHING_EARLIER, reported_examples(study, ledger, records))
    study = with_edits(study, records, NOW)
    decided = plan(study, records, NOW)
    status = with_report(study, Round(decided, records), ledger, None)
    verdicts_of(study, decided.ranking)
    arm_profiles(study, records)
    failures = progress_of(study, records).failures
    for work in study.design.work:
        if work.key in failures:
            event = event_manifest(STUDY_MANIFEST, trial_failed(work, failures[work.key]), NOW)
            assert len(json.dumps(event)) < 16_000
    assert json_bytes(status) <= STATUS_BYTES
    return status


WANT = answer_of(STORE)


def check(store: Mapping[str, bytes]) -> None:
    try:
        answer_of(store)
    except UnfitObject as error:
        said = str(error)
        assert any(name in said for name in store) or "limits." in said
        assert len(said) < 600


_numbers = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from([0, -1, 10**20, -(10**300), 1e15, 1e200, -1e308, 1.7e308, 5e-324, float("nan"), float("inf")]),
)
_texts = st.one_of(st.text(max_size=20), st.sampled_from(["x" * 9_000, "\0", "reference", "\U0001d54f" * 2_000]))
_values = st.recursive(
    st.one_of(st.none(), st.booleans(), _numbers, _texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_texts, inner, max_size=4)),
    max_leaves=8,
)
_bytes = st.one_of(
    st.binary(max_size=200),
    _values.map(lambda value: json.dumps(value).encode()),
    st.integers(1, 20_000).map(lambda depth: b"[" * depth),
    st.integers(1, 7_000).map(lambda depth: b'{"a":' * (depth // 2) + b"1" + b"}" * (depth // 2)),
    st.integers(1, 2_000).map(lambda keys: b'{"kind":"Trial",' + b",".join(b'"%d":0' % n for n in range(keys)) + b"}"),
    st.just(b" " * (20 << 10)),
)


@st.composite
def spoilt(draw: st.DrawFn) -> Store:
    """The store with one object spoilt."""
    name = draw(st.sampled_from(sorted(STORE)))
    data = STORE[name]
    match draw(st.sampled_from(["cut", "flip", "replace", "swap", "twice"])):
        case "cut":
            data = data[: draw(st.integers(0, len(data)))]
        case "flip":
            at = draw(st.integers(0, len(data) - 1))
            data = data[:at] + draw(st.binary(max_size=3)) + data[at + 1 :]
        case "replace":
            data = draw(_bytes)
        case "swap":
            data = STORE[draw(st.sampled_from(sorted(STORE)))]
        case "twice":
            data = data + data
    return Store({**STORE, name: data})


_NOT_EDITED = ("requests/", "examples/")


@st.composite
def edited(draw: st.DrawFn) -> Store:
    """The store with one field of one object edited, or gone, or a new one."""
    name = draw(st.sampled_from([name for name in sorted(STORE) if not name.startswith(_NOT_EDITED)]))
    value = json.loads(STORE[name])
    place = value
    while True:
        key = draw(st.sampled_from(sorted(place))) if isinstance(place, dict) and place else None
        inner = place[key] if key is not None else None
        if not isinstance(inner, dict) or not draw(st.booleans()):
            break
        place = inner
    match draw(st.sampled_from(["edit", "edit", "edit", "remove", "add"])):
        case "remove" if key is not None:
            del place[key]
        case "add":
            place[draw(_texts)] = draw(_values)
        case _ if key is not None:
            place[key] = draw(_values)
    return Store({**STORE, name: json.dumps(value).encode()})


_keys = st.sampled_from([STUDY.design.trials[0].key, STUDY.design.trials[-1].key, "f" * 32, "F" * 32, "x"])
_lasts = st.one_of(
    st.sampled_from(
        [
            "000001.json",
            "000003.json",
            "999999.json",
            "0001.json",
            "0002.forgiven.json",
            "9999.json",
            "1.json",
            "0.json",
            "-1.json",
            "1e3.json",
        ]
    ),
    st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,20}", fullmatch=True),
    st.integers(0, 10**30).map(lambda number: f"{number}.json"),
)
LOOKS = f"looks/{yardstick_of(STUDY)}"
_folders = st.sampled_from(
    [
        "results",
        "preparations",
        "attempts",
        "examples",
        LOOKS,
        *(f"studies/{STUDY.name}/{each}" for each in ("started", "criteria", "edits")),
    ]
)
_names = st.one_of(
    st.tuples(_folders, _lasts).map("/".join),
    st.tuples(_folders, _keys, _lasts).map("/".join),
    st.tuples(_folders, _keys).map(lambda parts: f"{'/'.join(parts)}.json"),
)


@st.composite
def added(draw: st.DrawFn) -> Store:
    """The store with objects that are not asked for, or are in the place of others."""
    copies = st.sampled_from(sorted(STORE)).map(STORE.__getitem__)
    return Store({**STORE, **draw(st.dictionaries(_names, st.one_of(_bytes, copies), min_size=1, max_size=4))})


@pytest.mark.parametrize("stores", [spoilt, edited, added], ids=lambda stores: stores.__name__)
def test_whatever_is_in_the_store_a_round_ends(stores: Callable[[], st.SearchStrategy[Store]]) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(stores())
    def ends(store: Store) -> None:
        check(store)

    ends()


def test_objects_that_have_no_name_of_ours_change_nothing() -> None:
    first, last = STUDY.design.trials[0].key, STUDY.design.trials[-1].key
    names = (
        "attempts/x/1.json",
        f"attempts/{first}/one.json",
        f"attempts/{first}/{'9' * 5_000}.json",
        f"results/{'f' * 32}.json",
        f"results/{last}.txt",
        f"studies/{STUDY.name}/started/x.json",
        "studies/another/started/x.json",
        "x",
    )
    more = dict.fromkeys(names, b"nonsense")
    assert answer_of({**STORE, **more}) == WANT
