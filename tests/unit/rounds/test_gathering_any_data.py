"""Studies on data that nobody but the train function reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay.api.policy import AllowedUris, Policy, not_allowed
from assay.api.resources import DatasetReference, Hypothesis, ProxyArm, ProxyStudy
from assay.planning.study.requests import trial_request
from assay.planning.study.study import Study
from assay.rounds.gather import gather_study, missing_inputs
from assay_trainer.contract import Dataset, StatedDataset, TrialRequest, digest, request_condition, trial_key
from builders.any_data import stated
from builders.manifests import a_dataset_manifest, a_hypothesis, a_proxy_study


class ARunner:
    """Knows code, and has one slot."""

    def slots(self) -> int:
        return 1

    def idle_slots_are_free(self) -> bool:
        return True

    def code_digest(self, program: Any) -> str:
        return digest(b"code")


def never(*_: Any) -> Any:
    raise AssertionError("nothing is opened of what the train function reads by itself")


def gathered(
    dataset: DatasetReference, *others: Hypothesis, read: Any = never, proxies: tuple[ProxyArm, ...] = ()
) -> Study:
    runner: Any = ARunner()
    return gather_study(a_study(dataset, proxies), [a_hypothesis("baseline"), *others], runner, read)


def a_study(dataset: DatasetReference, proxies: tuple[ProxyArm, ...] = ()) -> ProxyStudy:
    return a_proxy_study(dataset=dataset, proxies=proxies)


def keys(study: Study) -> set[str]:
    return {each.key for each in study.design.trials}


def test_a_request_says_what_the_study_states_and_its_key_comes_from_its_contents() -> None:
    study = gathered(stated("3"), proxies=(ProxyArm(name="quarter", data_percent=25),))
    for trial in study.design.trials:
        request = trial_request(study, trial, 1)
        assert request.dataset == request.held_out == StatedDataset(uri="s3://data/table.csv", version="3")
        again = TrialRequest.model_validate_json(request.model_dump_json())
        assert again == request
        assert trial_key(request_condition(again), again.seed) == request.key
    assert study.definition.held_out_examples is None
    assert study.design.preparations == ()


@pytest.mark.parametrize(
    ("uri", "version", "same"),
    [
        ("s3://data/table.csv", "1", True),
        ("s3://elsewhere/in/a/folder/table.csv/", "1", True),
        ("file:///home/me/table.csv", "1", True),
        ("https://example.com/table.csv?download=1", "1", True),
        ("s3://data/table.csv", "2", False),
        ("s3://data/cleaned.csv", "1", False),
        (None, "1", False),
    ],
)
def test_data_that_move_keep_their_results_and_another_version_or_name_is_other_data(
    uri: str | None, version: str, same: bool
) -> None:
    assert (keys(gathered(stated("1"))) == keys(gathered(stated(version, uri)))) is same


def test_a_hypothesis_trains_on_data_of_its_own_and_is_scored_by_those_of_the_study() -> None:
    study = gathered(stated("1"), a_hypothesis("cleaned", dataset=stated("2")))
    (request, *_) = [trial_request(study, each, 1) for each in study.design.trials if each.hypothesis == "cleaned"]
    assert isinstance(request.dataset, StatedDataset)
    assert isinstance(request.held_out, StatedDataset)
    assert (request.dataset.version, request.held_out.version) == ("2", "1")


def test_a_study_on_shards_may_have_a_hypothesis_that_reads_its_training_data_by_itself() -> None:
    def read(reference: DatasetReference, place: str) -> Any:
        assert place == "ProxyStudy/digits"
        return Dataset(manifest=str(reference.manifest), digest=digest(b"shards")), a_dataset_manifest(28)

    shards = DatasetReference(manifest="s3://data/shards/manifest.json")
    study = gathered(shards, a_hypothesis("more-data", dataset=stated()), read=read)
    request = trial_request(study, next(t for t in study.design.trials if t.hypothesis == "more-data"), 1)
    assert isinstance(request.dataset, StatedDataset)
    assert isinstance(request.held_out, Dataset)


def test_where_only_the_pod_reads_the_operator_allows_any_place() -> None:
    study = a_study(stated(uri="file:///mnt/elsewhere/table.csv"))
    assert not_allowed(study, [a_hypothesis("baseline")], Policy(AllowedUris.of("s3://bucket/assay"))) == ()


def test_a_file_of_this_machine_that_is_not_there_is_said(tmp_path: Path) -> None:
    gone = tmp_path / "table.csv"
    (problem,) = missing_inputs(a_study(stated(uri=gone.as_uri())))
    assert str(problem).startswith(f"ProxyStudy/digits: spec.dataset.uri: given {gone}, where there is nothing")
    gone.touch()
    assert not [*missing_inputs(a_study(stated(uri=gone.as_uri()))), *missing_inputs(a_study(stated()))]
