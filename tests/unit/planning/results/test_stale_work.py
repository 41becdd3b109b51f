"""Results that no longer count, and what is said to have changed."""

from __future__ import annotations

from typing import Any

import pytest

from assay.api.resources import REFERENCE, StaleWork
from assay.planning.plan import plan
from assay.planning.records.earlier import Earlier
from assay.planning.records.records import Records, WorkRecord
from assay.planning.results.code_changes import changes_of_code
from assay.planning.results.stale_work import NO_RECORD_OF_CODE, NOT_LOOKED_UP, stale_work, unexplained_results
from assay.planning.study.programs import Surroundings, study_program
from assay.planning.study.requests import trial_request
from assay.planning.study.study import Study
from assay.reporting.answers import cost_answer, stale_answer
from assay_trainer.contract import CodeIngredients, Dataset, Input, StatedDataset, TrialResult, digest
from builders.manifests import a_hypothesis, some_hypotheses
from builders.screenings import SHORT
from builders.studies import CODE, a_study, records_of_scores, redefined

NEW_CODE = digest(b"edited")
BEFORE = a_study(proxies=[SHORT])
DIGITS = BEFORE.definition.dataset
assert isinstance(DIGITS, Dataset)
TO_VERSION_1 = f"digits ({DIGITS.short_digest}) → version 1"


def made(study: Study) -> Records:
    """What it found, by itself and with its own code and data."""
    records = {}
    for key, record in records_of_scores(study, lambda trial: 0.5).items():
        result = record.result
        assert isinstance(result, TrialResult)
        condition = study.design.conditions[result.hypothesis, result.arm]
        made = result.provenance.model_copy(
            update={
                "code": condition.code,
                "dataset": condition.dataset.identity,
                "held_out": study.definition.dataset.identity,
            }
        )
        records[key] = WorkRecord(result=result.model_copy(update={"provenance": made}))
    return records


def requests_of(study: Study) -> dict[str, Any]:
    return {trial.key: trial_request(study, trial, 1) for trial in study.design.trials}


def stale(now: Study, before: Study = BEFORE, *, written: bool = True) -> StaleWork | None:
    """Return what the study says of the results of its earlier self."""
    records = made(before)
    requests = requests_of(before) if written else {}
    asked = {each.key: requests[each.key] for each in unexplained_results(now, records) if each.key in requests}
    programs = {code: an_ingredient(code) for code in (CODE, NEW_CODE)} if written else {}
    return stale_work(now.knowing(Earlier(programs, asked)), records)


def an_ingredient(code: str, **fields: Any) -> CodeIngredients:
    given = {
        "module": "team",
        "files": {"train.py": code[-8:], "model.py": "1"},
        "trainer": "t",
        "packages": {"torch": "2.13.0", "numpy": "2.0"},
        "python": "3.12.1",
        **fields,
    }
    return CodeIngredients(code=code, **given)


def of(**changes: Any) -> Study:
    return a_study(proxies=[SHORT], **changes)


def test_of_a_study_that_is_as_it_was_nothing_is_stale() -> None:
    assert stale(BEFORE) is None
    assert plan(BEFORE, made(BEFORE), 0.0).status.stale is None


RECIPE = BEFORE.spec.trainer.model_copy(update={"recipe": {"optimizer": "sgd", "learningRate": 0.1, "new": 1}})
INPUT = Surroundings((Input(uri="file:///folder/labels.npz", digest=digest(b"1")),), {"TOKENIZER": "bpe"})
CHANGES = {
    "recipe": (of(trainer=RECIPE), 16, "recipe (learningRate, new)"),
    "epochs of an arm": (of(epochs=11), 8, "reference's (epochs)"),
    "a hypothesis left out": (of(hypotheses=3), 4, "hypotheses that the study no longer selects (h003)"),
    "an arm left out": (a_study(), 8, "arms that the study no longer has (short)"),
    "a hypothesis edited": (
        of(hypotheses=[*some_hypotheses(3), a_hypothesis("h003", recipe={"x": 4})]),
        4,
        "recipe (x)",
    ),
    "code": (
        redefined(BEFORE, code=dict.fromkeys(BEFORE.definition.code, NEW_CODE)),
        16,
        "code of team (1 file: train.py)",
    ),
    "training data": (
        redefined(BEFORE, datasets={"h001": Dataset(manifest="file:///cleaned", digest=digest(b"cleaned"))}),
        4,
        f"the training data: digits ({DIGITS.short_digest}) → cleaned ({digest(b'cleaned')[7:15]})",
    ),
    "the same data, built anew": (
        redefined(BEFORE, datasets={"h001": DIGITS.model_copy(update={"content": digest(b"anew")})}),
        4,
        f"the training data: {DIGITS.short_digest} → {digest(b'anew')[7:15]} of digits",
    ),
    "the held-out data": (
        redefined(BEFORE, dataset=StatedDataset(version="1")),
        16,
        f"the training data: {TO_VERSION_1}; the held-out data: {TO_VERSION_1}",
    ),
    "inputs and variables": (
        redefined(BEFORE, surroundings={study_program(BEFORE.spec): INPUT}),
        16,
        "inputs (labels.npz); environment variables (TOKENIZER)",
    ),
}


@pytest.mark.parametrize(("now", "results", "want"), CHANGES.values(), ids=CHANGES)
def test_what_changed_is_named_with_how_many_results_no_longer_count(now: Study, results: int, want: str) -> None:
    found = stale(now)
    assert found is not None
    assert (found.results, found.message) == (results, want)
    assert float(found.accelerator_seconds) == 10 * results


def stated(version: str, uri: str | None = "s3://tables/houses.csv") -> Study:
    return redefined(BEFORE, dataset=StatedDataset(uri=uri, version=version))


def test_of_data_that_the_function_reads_by_itself_it_is_said_which_version_they_were() -> None:
    found = stale(stated("3"), stated("2"))
    assert found is not None
    want = "version 2 → 3 of houses.csv"
    assert found.message == f"the training data: {want}; the held-out data: {want}"
    for now, want in (
        (stated("3", "s3://tables/homes.csv"), "version 2 of houses.csv → version 3 of homes.csv"),
        (stated("3", None), "version 2 of houses.csv → version 3"),
    ):
        found = stale(now, stated("2"))
        assert found is not None
        assert found.message.startswith(f"the training data: {want}; ")
    moved = stale(stated("2", "gs://elsewhere/houses.csv"), stated("2"))
    assert moved is None


def test_one_request_tells_which_data_all_results_were_made_of() -> None:
    assert len(unexplained_results(stated("3"), made(stated("2")))) == 1
    unknown = stale(stated("3"), stated("2"), written=False)
    assert unknown is not None
    assert unknown.message == "the training data; the held-out data"


def test_of_what_was_not_written_down_no_more_is_said_than_the_results_tell() -> None:
    edited = stale(redefined(BEFORE, code=dict.fromkeys(BEFORE.definition.code, NEW_CODE)), written=False)
    assert edited is not None
    assert edited.message == NO_RECORD_OF_CODE
    other = stale(of(trainer=RECIPE), written=False)
    assert other is not None
    assert other.message == NOT_LOOKED_UP


def test_the_text_is_bounded_however_much_has_changed() -> None:
    many = some_hypotheses(300)
    before = a_study(hypotheses=many)
    found = stale(a_study(hypotheses=[many[0], a_hypothesis("x" * 63)]), before)
    assert found is not None
    assert len(found.message) < 120
    assert found.message.endswith("(h001, h002, h003, and 296 more)")


def test_the_status_and_the_cost_say_it() -> None:
    now = of(trainer=RECIPE)
    records = {**made(BEFORE), **made(now)}
    status = plan(now.knowing(Earlier({}, requests_of(BEFORE))), records, 0.0).status
    want = "16 results of this study no longer count: recipe (learningRate, new)."
    assert stale_answer(status) == want
    assert "Spent before on trials that no longer count, since what they ran has changed: 160." in cost_answer(status)
    assert {arm.name for arm in status.arms} == {REFERENCE, SHORT.name}


def test_results_of_other_studies_cost_this_one_nothing() -> None:
    other = {
        key: WorkRecord(result=each.result.model_copy(update={"study": "other"}))
        for key, each in made(BEFORE).items()
        if each.result is not None
    }
    found = stale_work(of(trainer=RECIPE), other)
    assert found is not None
    assert found.accelerator_seconds == "0"
    assert "on results that this study uses too" in cost_answer(plan(BEFORE, other, 0.0).status)


# ----------------------------------------------------------------------------- code

PACKAGES = {
    "another version": ({"torch": "2.13.1", "numpy": "2.0"}, "packages: torch 2.13.0 → 2.13.1"),
    "added": ({"torch": "2.13.0", "numpy": "2.0", "ruff": "1", "Black": "2"}, "packages: 2 added (Black, ruff)"),
    "removed": ({"torch": "2.13.0"}, "packages: 1 removed (numpy)"),
    "many": (
        {"torch": "2.13.0", "numpy": "2.0", **{f"p{number}": "1" for number in range(300)}},
        "packages: 300 added (p0, p1, p10, p100 and 296 more)",
    ),
}


@pytest.mark.parametrize(("packages", "want"), PACKAGES.values(), ids=PACKAGES)
def test_packages_are_named(packages: dict[str, str], want: str) -> None:
    assert list(changes_of_code(an_ingredient(CODE), an_ingredient(CODE, packages=packages))) == [want]


def test_everything_else_that_is_in_a_digest_of_code_is_named() -> None:
    before = an_ingredient(CODE)
    after = an_ingredient(CODE, files={f"{name}.py": "2" for name in "abcde"}, trainer="u", python="3.13.0")
    assert list(changes_of_code(before, after)) == [
        "code of team (7 files: a.py, b.py, c.py and 4 more)",
        "assay_trainer, which is Assay's own",
        "Python 3.12.1 → 3.13.0",
    ]
    assert list(changes_of_code(before, an_ingredient(CODE, module="other"))) == ["code of other instead of team"]
    assert list(changes_of_code(before, an_ingredient(CODE, files=None))) == ["code of team"]


def test_images_are_told_apart_by_the_beginning_of_their_digest() -> None:
    image = "registry.example/team/trainer@sha256:"
    before, after = (CodeIngredients(code=CODE, image=image + digit * 64) for digit in "ab")
    assert list(changes_of_code(before, after)) == [f"image: trainer@{'a' * 12} → trainer@{'b' * 12}"]
