"""Changed manifests, put to a real API server and a real operator, and what both say of each."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from assay.api.base import GROUP, VERSION
from assay.api.checks.check import check_study
from assay.api.errors import InvalidInput
from assay.api.policy import AllowedUris, Policy
from assay.api.reading.depth import TOO_DEEP
from assay.api.resources import Hypothesis, ProxyStudy
from assay.controller.reconciling.datasets import Datasets
from assay.kube import HYPOTHESES, STUDIES, Kube
from cluster.watch import Api
from controller.mutations import bases
from controller.mutations.changes import changed
from controller.mutations.expected import problems_of, read
from controller.operators import DATA_SETS
from controller.team import Team

BATCH = 250
THREADS = 8
_PATIENCE_SECONDS = 120.0
_PLURALS = {"Hypothesis": HYPOTHESES.plural, "ProxyStudy": STUDIES.plural}


@dataclass
class Case:
    """A changed manifest. `name` is that of the object, if the server took it; `refused` is what it said if not."""

    number: int
    manifest: Any
    changes: list[str]
    strict: bool
    name: str = ""
    refused: str = ""
    invalid: str = ""

    def __str__(self) -> str:
        return f"#{self.number} ({'; '.join(self.changes)})"[:300]


@dataclass
class Findings:
    """What came of the cases: counts by outcome; `wrong` are violations, `apart` what schema and models disagree on."""

    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    apart: list[str] = field(default_factory=list)
    reconciles: dict[str, float] = field(default_factory=dict)


def cases(count: int, number: int, dataset: str) -> list[Case]:
    """Return `count` different cases, always the same for a `number`. Every fifth is sent like by tools that do not ask
    the server to refuse unknown fields."""
    found: dict[str, tuple[Any, list[str]]] = {}
    everything = (*bases.studies(dataset), *bases.hypotheses(dataset))
    round_ = 0
    while len(found) < count:

        @seed(number + round_)
        @settings(
            max_examples=max(100, 2 * (count - len(found))),
            phases=[Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(changed(everything))
        def collect(one: tuple[Any, list[str]]) -> None:
            if len(found) < count:
                found.setdefault(json.dumps(one[0]), one)

        collect()
        round_ += 1
    return [
        Case(index, manifest, changes, strict=index % 5 != 0)
        for index, (manifest, changes) in enumerate(found.values())
    ]


class Campaign:
    """Studies go to a namespace with sound hypotheses, hypotheses to one with a sound study."""

    def __init__(self, kube: Kube, api: Api, studies: Team, hypotheses: Team) -> None:
        self.findings = Findings()
        self._kube = kube
        self._api = api
        self._teams = {"ProxyStudy": studies, "Hypothesis": hypotheses}
        self._datasets = Datasets(time.time)
        self._policy = Policy(AllowedUris((DATA_SETS,)))
        labels = {"team": "vision"}
        sound = [{**each, "metadata": {**each["metadata"], "labels": labels}} for each in studies.hypotheses("other")]
        studies.apply(*sound)
        hypotheses.apply(*hypotheses.hypotheses("other"), hypotheses.study("sound", suspend=True))
        self._sound = [
            read({**each, "metadata": {**each["metadata"], "namespace": studies.namespace}}) for each in sound
        ]

    def run(self, every: Sequence[Case]) -> Findings:
        """Put all to the server, and wait for what the operator says of those that it takes."""
        for begun in range(0, len(every), BATCH):
            batch = every[begun : begun + BATCH]
            with ThreadPoolExecutor(THREADS) as pool:
                list(pool.map(self._send, batch))
            self._judge_studies([case for case in batch if case.name and _kind(case) == "ProxyStudy"])
            self._judge_hypotheses([case for case in batch if case.name and _kind(case) == "Hypothesis"])
        return self.findings

    # ------------------------------------------------------------------------- the API server

    def _send(self, case: Case) -> None:
        manifest = _named(case)
        try:
            read(manifest, as_written=True)
        except InvalidInput as error:
            case.invalid = str(error)
        kind = _kind(case) if _kind(case) in _PLURALS else "ProxyStudy"
        team = self._teams[kind]
        path = f"/apis/{GROUP}/{VERSION}/namespaces/{team.namespace}/{_PLURALS[kind]}"
        status, said = self._api.send(
            "POST", f"{path}?fieldValidation={'Strict' if case.strict else 'Ignore'}", manifest
        )
        if status == 201:
            case.name = said["metadata"]["name"]
            self._count("taken by the API server")
        elif 400 <= status < 500:
            case.refused = str(said.get("message"))
            self._count(f"refused by the API server: {_kind_of_refusal(status, case.refused)}")
            if not case.invalid and not self._problems(manifest):
                self.findings.apart.append(f"the server alone refuses {case}: {case.refused[:300]}")
        else:
            self.findings.wrong.append(f"{case}: the API server answers {status}: {said}")

    def _problems(self, manifest: Any) -> bool:
        """Return whether the checks beyond the schema find something."""
        resource = read(manifest)
        if isinstance(resource, ProxyStudy):
            hypotheses = [each for each in self._sound if isinstance(each, Hypothesis)]
            return (
                problems_of(_in_namespace(resource, hypotheses), hypotheses, self._datasets, self._policy)[0]
                is not None
            )
        study = read(bases.studies("file:///data/manifest.json")[0])
        assert isinstance(study, ProxyStudy)
        where = f"Hypothesis/{resource.name}"
        return any(problem.where == where for problem in check_study(study, [resource]))

    # ------------------------------------------------------------------------- the operator

    def _judge_studies(self, taken: Sequence[Case]) -> None:
        there = self._once_said(STUDIES, self._teams["ProxyStudy"], "Accepted", taken)
        hypotheses = [each for each in self._sound if isinstance(each, Hypothesis)]
        for case in taken:
            manifest = there[case.name]
            if not (said := _condition(manifest, "Accepted")):
                continue
            try:
                resource = read(manifest)
                assert isinstance(resource, ProxyStudy)
                reason, problems = problems_of(resource, hypotheses, self._datasets, self._policy)
            except InvalidInput as error:
                reason, problems = "Invalid", error.problems
                self._note_apart(case, error)
            self._compare(case, said, reason, [problem.path for problem in problems])
        self._delete(STUDIES.plural, self._teams["ProxyStudy"], taken)

    def _compare(self, case: Case, said: dict[str, Any], reason: str | None, paths: Sequence[str]) -> None:
        if reason is None:
            self._count("accepted by the operator")
            if said["status"] != "True":
                self.findings.wrong.append(f"{case} is valid, but {said}")
            return
        self._count(f"not accepted by the operator: {reason}")
        message = said["message"]
        if (said["status"], said["reason"]) != ("False", reason):
            self.findings.wrong.append(f"{case} should be {reason}, but {said}")
        elif "allowed: " not in message or paths[0] not in message:
            self.findings.wrong.append(f"{case}: no path {paths[0]!r}, or nothing of what is allowed, in {message!r}")

    def _judge_hypotheses(self, taken: Sequence[Case]) -> None:
        team = self._teams["Hypothesis"]
        there = self._once_said(HYPOTHESES, team, "Concluded", taken)
        for case in taken:
            if not (said := _condition(there[case.name], "Concluded")):
                continue
            try:
                resource = read(there[case.name])
            except InvalidInput as error:
                self._note_apart(case, error)
                if said["reason"] != "Invalid" or error.problems[0].path not in said["message"]:
                    self.findings.wrong.append(f"{case} can't be read, but {said}")
                continue
            assert isinstance(resource, Hypothesis)
            if said["reason"] == "Invalid":
                self.findings.wrong.append(f"{case} is valid, but {said}")
            self._count("read by the operator")
        self._judge_their_study(team, taken)

    def _judge_their_study(self, team: Team, taken: Sequence[Case]) -> None:
        """Check what the study that selects them is told, and that it is accepted once they are gone."""
        study = read(team.get("sound"))
        assert isinstance(study, ProxyStudy)
        hypotheses, unreadable = [], False
        for manifest in self._kube.list(HYPOTHESES, team.namespace):
            try:
                hypotheses.append(read(manifest))
            except InvalidInput:
                unreadable = True
        sound = [each for each in hypotheses if isinstance(each, Hypothesis)]
        reason, problems = problems_of(study, sound, self._datasets, self._policy)
        reason = "Invalid" if unreadable else reason
        status = "True" if reason is None else "False"
        try:
            team.wait("Accepted", status=status, reason=reason, study="sound", seconds=_PATIENCE_SECONDS)
        except AssertionError as error:
            self.findings.wrong.append(
                f"the study of {len(taken)} hypotheses should be {reason} ({problems[:1]}): {error}"
            )
        self._delete(HYPOTHESES.plural, team, taken)
        team.wait("Accepted", study="sound", seconds=_PATIENCE_SECONDS)

    def _once_said(self, resource: Any, team: Team, kind: str, taken: Sequence[Case]) -> dict[str, Any]:
        """Return the objects by name, once the operator has said something about the present generation of each, or
        should have."""
        found: dict[str, Any] = {}

        def unsaid() -> list[Case]:
            found.update({each["metadata"]["name"]: each for each in self._kube.list(resource, team.namespace)})
            return [case for case in taken if case.name not in found or not _condition(found[case.name], kind)]

        until = time.monotonic() + _PATIENCE_SECONDS
        while (missing := unsaid()) and time.monotonic() < until:
            time.sleep(0.2)
        self.findings.wrong += [f"nothing is said of {case}: {found.get(case.name)}" for case in missing]
        for case in taken:
            for condition in (found[case.name].get("status") or {}).get("conditions") or ():
                if condition["reason"] == "InternalError":
                    self.findings.wrong.append(f"{case}: {condition}")
        return found

    def _note_apart(self, case: Case, error: InvalidInput) -> None:
        """Note a case that the models refuse and the schema does not. Depth is left out: a schema can't limit it."""
        if any(problem.given != TOO_DEEP for problem in error.problems):
            self.findings.apart.append(f"the models alone refuse {case}: {error}"[:600])

    def _delete(self, plural: str, team: Team, taken: Sequence[Case]) -> None:
        def delete(case: Case) -> None:
            self._api.send("DELETE", f"/apis/{GROUP}/{VERSION}/namespaces/{team.namespace}/{plural}/{case.name}")

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(delete, taken))

    def _count(self, outcome: str) -> None:
        self.findings.outcomes[outcome] += 1


def _kind(case: Case) -> str:
    kind = case.manifest.get("kind") if isinstance(case.manifest, dict) else None
    return kind if isinstance(kind, str) else ""


def _named(case: Case) -> Any:
    """Give the manifest a name of its own, unless its name is what was changed."""
    metadata = case.manifest.get("metadata")
    if isinstance(metadata, dict) and metadata.get("name") in ("digits", "fashion", "baseline", "label-smoothing"):
        return {**case.manifest, "metadata": {**metadata, "name": f"case-{case.number}"}}
    return case.manifest


def _in_namespace(study: ProxyStudy, hypotheses: Sequence[Hypothesis]) -> ProxyStudy:
    metadata = study.metadata.model_copy(update={"namespace": hypotheses[0].metadata.namespace})
    return study.model_copy(update={"metadata": metadata})


def _condition(manifest: Any, kind: str) -> dict[str, Any]:
    for condition in (manifest.get("status") or {}).get("conditions") or ():
        if condition["type"] == kind and condition["observedGeneration"] == manifest["metadata"]["generation"]:
            found: dict[str, Any] = condition
            return found
    return {}


def _kind_of_refusal(status: int, message: str) -> str:
    if "unknown field" in message or "duplicate field" in message:
        return "unknown or repeated fields"
    if status == 422:
        return "schema and rules"
    return f"HTTP status {status}"
