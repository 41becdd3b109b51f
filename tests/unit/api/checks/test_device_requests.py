from __future__ import annotations

from typing import Any

import pytest

from assay.api.checks.cautions import cautions
from assay.api.checks.check import check_study
from assay.api.resources import Packing, PodTemplate, ProxyStudy, TrainerSpec
from assay.api.resources.pod_template import Resources
from builders.manifests import a_hypothesis, a_proxy_study


def a_study(limits: dict[str, Any] | None = None, requests: dict[str, Any] | None = None, **trainer: Any) -> ProxyStudy:
    template = PodTemplate(resources=Resources(limits=limits or {}, requests=requests or {}))
    return a_proxy_study(trainer=TrainerSpec(entrypoint="team.train:run", pod_template=template, **trainer))


def said(study: ProxyStudy) -> list[str]:
    return [str(each) for each in check_study(study, [a_hypothesis("baseline")])]


def test_fewer_devices_in_the_pod_than_the_trial_has_are_refused() -> None:
    (found,) = said(a_study({"nvidia.com/gpu": 2}, devices=4))
    assert found == (
        "ProxyStudy/digits: spec.trainer.podTemplate.resources.limits[nvidia.com/gpu]: given 2; allowed: 4 or more, a "
        "device for each process: spec.trainer.devices is 4"
    )


@pytest.mark.parametrize(
    ("limits", "devices"), [({"amd.com/gpu": "4"}, 4), ({"cpu": 2}, 4), ({"nvidia.com/mig-1g.10gb": 1}, 1)]
)
def test_enough_devices_and_those_that_the_installation_gives_are_allowed(limits: dict[str, Any], devices: int) -> None:
    assert said(a_study(limits, devices=devices)) == []
    assert list(cautions(a_study(limits, devices=devices))) == []


def test_devices_that_would_idle_are_warned_of() -> None:
    study = a_study({"nvidia.com/gpu": 8}, devices=2)
    assert said(study) == []
    (caution,) = cautions(study)
    assert "a pod gets 8 of nvidia.com/gpu, of which a trial uses and is charged for 2" in caution


@pytest.mark.parametrize(
    ("limits", "requests", "trainer", "want"),
    [
        ({"cpu": "500m"}, {}, {"threads": 1}, "threads: 1, on 0.5 cores (podTemplate.resources.limits.cpu)"),
        ({}, {"cpu": 2}, {"threads": 4}, "threads: 4, on 2 cores (podTemplate.resources.requests.cpu)"),
        ({"cpu": 4}, {"cpu": 2}, {"threads": 4}, None),
        ({"cpu": 4}, {}, {"threads": 2, "devices": 4}, "threads: 2 in each of 4 processes, on 4 cores"),
        ({"cpu": 4}, {}, {"threads": 4, "packing": Packing(trials=2, at_once=2)}, "threads: 4 in each of 2 processes"),
        ({"cpu": 1}, {}, {}, None),
        ({}, {}, {"threads": 64}, None),
    ],
)
def test_more_threads_than_cores_are_warned_of(
    limits: dict[str, Any], requests: dict[str, Any], trainer: dict[str, Any], want: str | None
) -> None:
    found = list(cautions(a_study(limits, requests, **trainer)))
    assert [want in each for each in found] == [True] if want else found == []
