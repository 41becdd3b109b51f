"""The studies that chaos befalls, and what came of them in a form that two runs can be compared by."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from assay.kube import Manifest
from assay_trainer.objects import Objects
from controller.team import Team

STUDIES = ("plain", "sharing", "packed")
NAMES = ("a", "b", "c", "d", "e")


def apply_studies(team: Team, seeds: int) -> None:
    """Apply three studies: two share hypotheses and the trials of two arms; the Jobs of one run three trials each.

    The two that share trials go by metrics of their own. With the same one they would share their looks at trust as
    well, and which of them looks first is left to chance.
    """
    team.apply(*(_labelled(hypothesis, index) for index, hypothesis in enumerate(team.hypotheses(*NAMES))))
    short, shorter = {"name": "short", "epochs": 3}, {"name": "shorter", "epochs": 1}
    team.apply(
        _study(team, "plain", [short, shorter], seeds=seeds, parallelism=6),
        _study(
            team,
            "sharing",
            [short],
            seeds=seeds + 1,
            parallelism=4,
            selector={"matchLabels": {"half": "even"}},
            metric="precision",
        ),
        _study(team, "packed", [shorter], seeds=seeds, parallelism=6, packing=3, recipe={"own": "packed"}),
    )


def _labelled(hypothesis: Manifest, index: int) -> Manifest:
    labels = {"half": "odd" if index % 2 else "even"}
    return {**hypothesis, "metadata": {**hypothesis["metadata"], "labels": labels}}


def _study(
    team: Team,
    name: str,
    proxies: Sequence[Mapping[str, Any]],
    *,
    seeds: int,
    parallelism: int,
    packing: int = 1,
    selector: Mapping[str, Any] | None = None,
    recipe: Mapping[str, Any] | None = None,
    metric: str = "accuracy",
) -> Manifest:
    hypotheses = {"baseline": "baseline", **({"selector": selector} if selector else {})}
    # As many retries as there can be: what befalls a trial here is no fault of its own.
    trainer = {"entrypoint": "team.train:run", "retries": 10, "packing": {"trials": packing}, "recipe": recipe or {}}
    return team.study(
        name,
        hypotheses=hypotheses,
        proxies=list(proxies),
        seeds={"initial": seeds, "maximum": seeds},
        trainer=trainer,
        # Which trials fail follows from their keys: the baseline's may be among them, and then there were no verdicts.
        metric={"name": metric, "onFailure": "Ignore"},
        budget={"parallelism": parallelism},
        retention={"finishedJobsSeconds": 20},
    )


def have_ended(team: Team) -> bool:
    """Return whether all studies have succeeded and all hypotheses have their verdicts."""
    return all(team.condition("Succeeded", name).get("status") == "True" for name in STUDIES) and all(
        team.conclusion(name).get("status") == "True" for name in ("baseline", *NAMES)
    )


def outcome(team: Team, results: Objects) -> dict[str, Any]:
    """Return what two runs of the same studies must have in common: values to compare, by name.

    That is all of the statuses but times, addresses of documents, what disturbed attempts have cost, and which of two
    studies that share a trial has run it, and so when each has paid off.
    """
    found: dict[str, Any] = {}
    for name in results.list("results/"):
        result = json.loads(results.get(name))
        found[f"result {name}"] = (result["score"], result["hypothesis"], result["arm"], result["seed"])
    for name in STUDIES:
        status = team.get(name)["status"]
        for condition in status["conditions"]:
            found[f"{name}: condition {condition['type']}"] = _of_condition(condition)
        for field in ("trials", "ranking", "levers", "recommendedProxy"):
            found[f"{name}: {field}"] = status.get(field)
        found[f"{name}: arms"] = [
            {part: value for part, value in arm.items() if not part.startswith("breakEven")} for arm in status["arms"]
        ]
        used = ("reference", "proxies", "preparations", "reused")
        seconds = [float(status["cost"].get(f"{part}AcceleratorSeconds", 0)) for part in used]
        found[f"{name}: cost"] = round(sum(seconds), 3)
    for name in ("baseline", *NAMES):
        status = team.get_hypothesis(name)["status"]
        found[f"{name}: verdicts"] = sorted(status["studies"], key=lambda entry: str(entry["name"]))
        found[f"{name}: conditions"] = [_of_condition(condition) for condition in status["conditions"]]
    return found


def _of_condition(condition: Mapping[str, Any]) -> tuple[str, str, str]:
    return condition["status"], condition["reason"], condition["message"]


def differences(calm: Mapping[str, Any], disturbed: Mapping[str, Any]) -> list[str]:
    """Return what differs, as lines."""
    return [
        f"{name}: undisturbed {calm.get(name)}, disturbed {disturbed.get(name)}"
        for name in sorted({*calm, *disturbed})
        if calm.get(name) != disturbed.get(name)
    ]
