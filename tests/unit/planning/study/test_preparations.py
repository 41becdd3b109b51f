from __future__ import annotations

from typing import Any

import pytest

from assay.api.resources import ProxyArm, Subset, TrainerEnvironment, TrainerSpec
from assay.planning.study.planned import PlannedPreparation
from assay.planning.study.programs import Surroundings, preparing_programs
from assay.planning.study.requests import preparation_request, trial_request
from assay.planning.study.study import Study
from assay_trainer.contract import Input, digest, request_preparation
from builders.studies import a_study, redefined


def scored(name: str = "scored", **fields: Any) -> ProxyArm:
    usual: dict[str, Any] = {"data_percent": 25, "subset": Subset.CUSTOM, "subset_entrypoint": "team.subsets:score"}
    return ProxyArm(name=name, **{**usual, **fields})


def preparations(*proxies: ProxyArm, **spec: Any) -> tuple[PlannedPreparation, ...]:
    return a_study(proxies=proxies, **spec).design.preparations


def the_key(study: Study) -> str:
    (preparation,) = study.design.preparations
    return preparation.key


def surrounded(study: Study, surroundings: Surroundings) -> Study:
    return redefined(study, surroundings=dict.fromkeys(preparing_programs(study.spec), surroundings))


def test_subsets_that_go_by_the_same_scores_share_their_preparation() -> None:
    hard = ProxyArm(name="hard", data_percent=25, subset=Subset.EL2N)
    cut = ProxyArm(name="cut", data_percent=10, subset=Subset.EL2N, hardest_percent_left_out=20)
    covering = ProxyArm(name="covering", data_percent=25, subset=Subset.CCS)
    (shared,) = preparations(hard, cut, covering)
    assert (shared.method, shared.arm) == ("EL2N", "hard")


@pytest.mark.parametrize("subset", [None, Subset.RANDOM, Subset.RS2])
def test_what_goes_by_no_scores_needs_no_preparation(subset: Subset | None) -> None:
    assert preparations(ProxyArm(name="quarter", data_percent=25, subset=subset)) == ()


def test_a_function_runs_once_for_all_hypotheses_and_seeds_and_says_what_its_trials_wait_for() -> None:
    study = a_study(proxies=[scored()], hypotheses=4, seeds=3, epochs=10)
    request = preparation_request(study, study.design.preparations[0], 1)
    assert (request.method, request.entrypoint, request.repeats) == ("Custom", "team.subsets:score", 1)
    assert (request.fidelity.data_percent, request.fidelity.epochs) == (25, 10)
    assert request.recipe == {"optimizer": "sgd", "learningRate": 0.4}
    assert request.key == request_preparation(request) == the_key(study)
    waiting = [trial_request(study, trial, 1) for trial in study.design.trials if trial.arm == "scored"]
    assert {each.preparation for each in waiting} == {request.key}


def test_arms_that_want_as_many_examples_of_one_function_share_its_preparation() -> None:
    assert len(preparations(scored(), scored("shorter", epochs=2))) == 1
    assert len(preparations(scored(), scored("less", data_percent=10))) == 2
    assert len(preparations(scored(), scored("other", subset_entrypoint="team.subsets:other"))) == 2
    assert len(preparations(scored(), scored("patched", recipe={"learningRate": 0.1}))) == 2


def test_other_code_inputs_and_values_make_another_key() -> None:
    study = a_study(proxies=[scored()])
    other = redefined(
        study, code={**study.definition.code, **dict.fromkeys(preparing_programs(study.spec), digest(b""))}
    )
    labels = Input(uri="file:///data/labels.csv", digest=digest(b"labels"))
    read = surrounded(study, Surroundings((labels,)))
    told = surrounded(study, Surroundings((), {"LEVEL": "2"}))
    assert len({the_key(each) for each in (study, other, read, told)}) == 4
    assert len({each.design.trials[-1].key for each in (study, other, read, told)}) == 4, "its trials' keys follow it"


def test_a_function_sees_the_variables_and_inputs_of_the_study() -> None:
    trainer = TrainerSpec(
        entrypoint="team.train:run",
        inputs=("file:///data/labels.csv",),
        environment=TrainerEnvironment(digested=("LEVEL",), passed=("TRACKER",)),
    )
    study = a_study(proxies=[scored()], trainer=trainer)
    labels = Input(uri="file:///data/labels.csv", digest=digest(b"labels"))
    study = surrounded(study, Surroundings((labels,), {"LEVEL": "2"}))
    request = preparation_request(study, study.design.preparations[0], 1)
    assert (request.inputs, request.environment, request.passed) == ((labels,), {"LEVEL": "2"}, ("TRACKER",))


def test_the_request_of_our_own_scores_is_as_an_earlier_worker_can_read_it() -> None:
    study = a_study(proxies=[ProxyArm(name="hard", data_percent=25, subset=Subset.EL2N)])
    written = preparation_request(study, study.design.preparations[0], 1).model_dump_json()
    for field in ("entrypoint", "inputs", "environment", "passed", "hardest_percent_left_out"):
        assert f'"{field}"' not in written
    assert the_key(study) == "cae1516878fba443be6608c60a4e0c41"
