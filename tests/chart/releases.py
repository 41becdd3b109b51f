"""The chart as Helm renders it, and as Helm installs it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from assay.kube import Manifest
from cluster.client import Cluster
from cluster.tools import helm

CHART = Path(__file__).parents[2] / "charts" / "assay"

NEEDED: Mapping[str, Any] = {
    "image": {"repository": "registry.example/assay-operator"},
    "store": {"uri": "s3://results/assay"},
}
"""The values that have no default."""


class Refused(Exception):
    """Helm's reason for doing nothing."""


def rendered(values: Mapping[str, Any] | None = None, *options: str, chart: Path = CHART) -> list[Manifest]:
    """Render release `demo` in `assay-system` by `helm template`, with these values and those that are needed.

    Raises Refused.
    """
    command: list[str | Path] = [helm(), "template", "demo", chart, "--namespace=assay-system", "--values=-", *options]
    done = subprocess.run(command, input=json.dumps({**NEEDED, **(values or {})}), capture_output=True, text=True)
    if done.returncode != 0:
        raise Refused(done.stderr)
    return [manifest for manifest in yaml.safe_load_all(done.stdout) if manifest]


def one(manifests: list[Manifest], kind: str) -> Manifest:
    """The only object of a kind."""
    (found,) = [manifest for manifest in manifests if manifest["kind"] == kind]
    return found


def environment_of(deployment: Manifest) -> dict[str, str]:
    """The variables that the operator's container is given."""
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return {each["name"]: each["value"] for each in container["env"]}


@dataclass(frozen=True)
class Release:
    """A release of the chart on a cluster, whose namespace is there."""

    cluster: Cluster
    namespace: str
    name: str = "assay"

    def install(self, values: Mapping[str, Any], *options: str) -> None:
        """Raises CommandFailed."""
        self._helm("install", values, *options)

    def upgrade(self, values: Mapping[str, Any], *options: str) -> None:
        """Raises CommandFailed."""
        self._helm("upgrade", values, *options)

    def uninstall(self) -> None:
        """Uninstall the release with the objects that belong to it, but for those that are kept."""
        self.cluster.helm("uninstall", self.name, f"--namespace={self.namespace}", "--wait")

    def get(self, kind: str, name: str) -> Manifest:
        """An object of the release's namespace, as the API server has it."""
        text = self.cluster.kubectl("get", kind, name, f"--namespace={self.namespace}", "--output=json")
        found: Manifest = json.loads(text)
        return found

    def settings(self, folder: Path) -> dict[str, str]:
        """The operator's variables; the files that they name are written into the folder."""
        variables = environment_of(self.get("deployment", self.name))
        if "ASSAY_POD_TEMPLATE" in variables:
            folder.mkdir(exist_ok=True)
            template = folder / Path(variables["ASSAY_POD_TEMPLATE"]).name
            template.write_text(self.get("configmap", f"{self.name}-pod-template")["data"][template.name])
            variables["ASSAY_POD_TEMPLATE"] = str(template)
        return variables

    def write_kubeconfig(self, path: Path) -> None:
        """A kubeconfig with the rights of the operator's service account, and no others."""
        token = self.cluster.kubectl("create", "token", self.name, f"--namespace={self.namespace}").strip()
        text = self.cluster.kubectl("config", "view", "--raw", "--minify", "--flatten", "--output=json")
        config = json.loads(text)
        config["users"] = [{"name": each["name"], "user": {"token": token}} for each in config["users"]]
        path.touch(mode=0o600)
        path.write_text(json.dumps(config))

    def _helm(self, command: str, values: Mapping[str, Any], *options: str) -> None:
        words: list[str | Path] = [command, self.name, CHART, f"--namespace={self.namespace}", "--values=-", *options]
        self.cluster.helm(*words, stdin=json.dumps({**NEEDED, **values}))
