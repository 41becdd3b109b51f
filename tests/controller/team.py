"""A team of users: applies manifests, and reads what they bring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from assay.kube import EVENTS, HYPOTHESES, STUDIES, Kube, Manifest
from cluster.client import Cluster
from cluster.processes import wait_until

_API_VERSION = "assay.dev/v1alpha1"


class Team:
    """Applies manifests, and waits for what they bring. `dataset` is the URI of a manifest."""

    def __init__(self, cluster: Cluster, kube: Kube, namespace: str, dataset: str) -> None:
        self.cluster = cluster
        self.kube = kube
        self.namespace = namespace
        self.dataset = dataset

    def kubectl(self, *words: str) -> str:
        return self.cluster.kubectl(*words, f"--namespace={self.namespace}")

    def apply(self, *manifests: Mapping[str, Any]) -> None:
        self.cluster.apply(*manifests, namespace=self.namespace)

    def hypothesis(self, name: str, **spec: Any) -> Manifest:
        """Return a hypothesis; `spec` are fields in camelCase."""
        return _resource("Hypothesis", name, {"statement": f"{name} helps.", "recipe": {"idea": name}, **spec})

    def study(self, name: str = "digits", **spec: Any) -> Manifest:
        """Return a study of all hypotheses, with one proxy and two seeds; `spec` are fields in camelCase."""
        usual = {
            "hypotheses": {"baseline": "baseline"},
            "dataset": {"manifest": self.dataset},
            "trainer": {"entrypoint": "team.train:run"},
            "metric": {"name": "accuracy"},
            "reference": {"epochs": 9},
            "proxies": [{"name": "short", "epochs": 1}],
            "seeds": {"initial": 2, "maximum": 2},
        }
        return _resource("ProxyStudy", name, {**usual, **spec})

    def hypotheses(self, *names: str) -> list[Manifest]:
        """Return the baseline and others."""
        return [self.hypothesis(name) for name in ("baseline", *names)]

    def get(self, name: str = "digits") -> Manifest:
        return self.kube.get(STUDIES, self.namespace, name)

    def get_hypothesis(self, name: str) -> Manifest:
        return self.kube.get(HYPOTHESES, self.namespace, name)

    def condition(self, kind: str, study: str = "digits") -> Mapping[str, Any]:
        """Return a condition of a study; empty if there is none, or only one of an earlier spec."""
        return _condition(self.get(study), kind)

    def conclusion(self, hypothesis: str) -> Mapping[str, Any]:
        """Return the condition Concluded of a hypothesis."""
        return _condition(self.get_hypothesis(hypothesis), "Concluded")

    def wait(
        self,
        kind: str,
        *,
        status: str = "True",
        reason: str | None = None,
        study: str = "digits",
        seconds: float = 60,
    ) -> str:
        """Wait until a study's condition has this status (and reason); its message."""

        def holds() -> bool:
            found = self.condition(kind, study)
            return found.get("status") == status and reason in (None, found.get("reason"))

        said = f"{kind}={status} {reason}"
        self.until(holds, lambda: f"{said}; it is {self.get(study).get('status')}", seconds=seconds)
        return str(self.condition(kind, study)["message"])

    def until(self, holds: Callable[[], bool], what: Callable[[], str], *, seconds: float = 60) -> None:
        """Wait until something holds."""
        try:
            wait_until(holds, "it", within_seconds=seconds)
        except Exception as error:
            raise AssertionError(f"not in {seconds} s: {what()}") from error

    def events(self) -> dict[str, str]:
        """Return the messages of the events on the namespace's studies, by reason."""
        events = self.kube.list(EVENTS, self.namespace)
        return {each["reason"]: each["message"] for each in events if each["involvedObject"]["kind"] == "ProxyStudy"}


def _resource(kind: str, name: str, spec: Mapping[str, Any]) -> Manifest:
    return {"apiVersion": _API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": dict(spec)}


def _condition(manifest: Manifest, kind: str) -> Mapping[str, Any]:
    generation = manifest["metadata"]["generation"]
    for condition in manifest.get("status", {}).get("conditions", []):
        if condition["type"] == kind and condition["observedGeneration"] == generation:
            found: Mapping[str, Any] = condition
            return found
    return {}
