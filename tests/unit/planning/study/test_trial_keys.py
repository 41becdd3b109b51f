"""Trial keys: what counts, and that they stay what they were where a study uses nothing new."""

from __future__ import annotations

from typing import Any

import pytest

from assay.api.resources import Hypothesis, TrainerEnvironment, TrainerOverride, TrainerSpec
from assay.planning.study.programs import Surroundings, program_of, study_program, variables_of
from assay.planning.study.requests import trial_request
from assay.planning.study.study import Study
from assay.planning.trust.certificates_in_force import rests_on
from assay_trainer.contract import Input, TrialRequest, WorkRequest, digest, request_condition, short_digest, trial_key
from builders.manifests import a_hypothesis
from builders.screenings import SHORT
from builders.studies import a_study, redefined

LABELS, TABLE = Input(uri="file:///labels", digest=digest(b"1")), Input(uri="file:///table", digest=digest(b"2"))


def surrounded(study: Study, surroundings: Surroundings) -> Study:
    return redefined(study, surroundings={study_program(study.spec): surroundings})


def first_key(study: Study) -> str:
    return study.design.trials[0].key


def test_keys_and_digests_of_earlier_releases_stay_as_they_were() -> None:
    study = a_study()
    assert [first_key(study), study.design.trials[-1].key] == [
        "3b7e209943fecf44b8a99f9691f1fe0c",
        "44c2398f8da64ab0a31d76261c812523",
    ]
    study = a_study(proxies=[SHORT])
    assert rests_on(study, SHORT.name) == "abb802fac7a8ce907543b4b6eecd2b1a"
    request = trial_request(study, study.design.trials[0], 1)
    # An earlier worker refuses fields that it does not know.
    assert short_digest(request.model_dump_json().encode()) == "ac145d91ca21adc8b81e10659185cde3"


def test_an_empty_list_is_as_good_as_none() -> None:
    trainer = TrainerSpec(
        entrypoint="team.train:run",
        recipe={"optimizer": "sgd", "learningRate": 0.4},
        inputs=(),
        environment=TrainerEnvironment(digested=(), passed=("TRACKER",)),
    )
    assert first_key(a_study(trainer=trainer)) == first_key(a_study())


SURROUNDINGS = {
    "an input": Surroundings((LABELS,)),
    "another input": Surroundings((TABLE,)),
    "both": Surroundings((LABELS, TABLE)),
    "both the other way round": Surroundings((TABLE, LABELS)),
    "a variable": Surroundings((), {"TOKENIZER": "bpe"}),
    "another value": Surroundings((), {"TOKENIZER": "unigram"}),
    "an empty value": Surroundings((), {"TOKENIZER": ""}),
    "not set": Surroundings((), {"TOKENIZER": None}),
    "another variable": Surroundings((), {"VOCABULARY": "bpe"}),
    "all": Surroundings((LABELS,), {"TOKENIZER": "bpe"}),
}


def test_each_input_and_each_value_makes_another_key() -> None:
    study = a_study()
    keys = {name: first_key(surrounded(study, each)) for name, each in SURROUNDINGS.items()}
    assert len({first_key(study), *keys.values()}) == len(SURROUNDINGS) + 1


def test_where_an_input_lies_does_not_count() -> None:
    study, moved = a_study(), LABELS.model_copy(update={"uri": "s3://bucket/labels"})
    assert first_key(surrounded(study, Surroundings((LABELS,)))) == first_key(surrounded(study, Surroundings((moved,))))


@pytest.mark.parametrize("surroundings", SURROUNDINGS.values(), ids=SURROUNDINGS)
def test_a_worker_finds_the_key_that_the_planner_has_given(surroundings: Surroundings) -> None:
    study = surrounded(a_study(), surroundings)
    request = trial_request(study, study.design.trials[0], 1)
    read = WorkRequest.model_validate_json(WorkRequest(store="file:///s", items=(request,)).model_dump_json()).items[0]
    assert isinstance(read, TrialRequest)
    assert trial_key(request_condition(read), read.seed) == read.key == first_key(study)


def own(**trainer: Any) -> Hypothesis:
    return a_hypothesis("own", trainer=TrainerOverride(**trainer))


def test_what_a_hypothesis_leaves_out_is_the_studys() -> None:
    environment = TrainerEnvironment(digested=("B", "A"), passed=("C",))
    trainer = TrainerSpec(
        entrypoint="team:run", image="i:1", revision="r", inputs=("s3://b/a",), environment=environment
    )
    spec = a_study(trainer=trainer).spec
    program = study_program(spec)
    assert program == ("team:run", "i:1", "r", ("s3://b/a",), ("A", "B"), ("C",), 1)
    assert program_of(spec, a_hypothesis("plain")) == program
    assert program_of(spec, own(entrypoint="team:other")) == program._replace(entrypoint="team:other")
    assert program_of(spec, own(inputs=())) == program._replace(inputs=())
    passed = own(environment=TrainerEnvironment(passed=("D",)))
    assert program_of(spec, passed) == program._replace(digested=(), passed=("D",))
    assert variables_of(spec, [passed]) == {"A", "B", "C", "D"}


def test_several_devices_make_other_keys_that_a_worker_finds_and_threads_and_determinism_do_not() -> None:
    entrypoint = "team:run"
    one, two = (a_study(trainer=TrainerSpec(entrypoint=entrypoint, devices=devices)) for devices in (1, 2))
    assert first_key(one) != first_key(two)
    request = trial_request(two, two.design.trials[0], 1)
    assert (request.devices, trial_key(request_condition(request), request.seed)) == (2, request.key)
    otherwise = a_study(trainer=TrainerSpec(entrypoint=entrypoint, threads=4, deterministic=True))
    assert first_key(otherwise) == first_key(one)
    request = trial_request(otherwise, otherwise.design.trials[0], 1)
    assert (request.threads, request.deterministic) == (4, True)


def test_a_request_that_uses_nothing_new_can_be_read_by_earlier_workers() -> None:
    study = a_study()
    text = WorkRequest(store="file:///s", items=(trial_request(study, study.design.trials[0], 1),)).model_dump_json()
    assert not [name for name in ("at_once", "threads", "deterministic") if f'"{name}"' in text]
