"""Changes that happen while no watch is open are found later, on a real API server."""

from __future__ import annotations

from assay.controller.world import World
from assay.kube import Kube
from controller.team import Team


def test_what_was_deleted_unseen_is_found_missing(custom_resources: None, kube: Kube, team: Team) -> None:
    team.apply(*team.hypotheses("other"), team.study("kept"), team.study("dropped"))
    world = World()
    world.load(kube, [team.namespace])
    assert {each["metadata"]["name"] for each in world.studies_of(team.namespace)} == {"kept", "dropped"}
    team.kubectl("delete", "pstudy/dropped", "hyp/other")
    team.apply(team.hypothesis("new"))
    for name in ("kept", "dropped"):
        world.refresh(kube, team.namespace, name)
    assert [each["metadata"]["name"] for each in world.studies_of(team.namespace)] == ["kept"]
    assert {each["metadata"]["name"] for each in world.hypotheses_of(team.namespace)} == {"baseline", "new"}
