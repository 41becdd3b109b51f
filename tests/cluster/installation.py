"""Assay installed on a cluster of our own: the chart, with the images of this checkout, and a bucket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builders.s3_server import ACCESS_KEY, BUCKET, DATASETS, RESULTS, SECRET_KEY, S3Server, team_credentials
from cluster.local import LocalCluster
from images.built import BuiltImages

CHART = Path(__file__).parents[2] / "charts" / "assay"
NAMESPACE = "assay-system"
SECRET = "assay-s3"
REGION = "us-east-1"

_RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


@dataclass(frozen=True)
class Installation:
    """A cluster with a node and images, and an S3 server that listens on all of the machine's addresses."""

    cluster: LocalCluster
    images: BuiltImages
    s3: S3Server

    @property
    def endpoint(self) -> str:
        """The address of the S3 server, for pods and for this machine."""
        return f"http://{self.cluster.host_address}:{self.s3.port}"

    @property
    def store(self) -> str:
        """URI of the store, with a prefix below it for each namespace."""
        return f"s3://{BUCKET}/{RESULTS}"

    @property
    def datasets(self) -> str:
        """URI below which all may read."""
        return f"s3://{BUCKET}/{DATASETS}"

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process of this machine needs to use cluster and store with an administrator's rights."""
        return {
            "KUBECONFIG": str(self.cluster.kubeconfig),
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": REGION,
        }

    def install(self, values: Mapping[str, Any] | None = None) -> None:
        """Install the chart, in a namespace that enforces the `restricted` standard, and wait until it is up.

        `values` are further ones. Raises CommandFailed.
        """
        self._make_namespace(NAMESPACE, {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY})
        repository, _, tag = self.images.operator.partition(":")
        ours = {
            "image": {"repository": repository, "tag": tag},
            "trainer": {"image": self.images.trainer},
            "store": {"uri": self.store, "endpoint": self.endpoint, "region": REGION, "secret": SECRET},
        }
        self.cluster.helm(
            *("install", "assay", CHART, f"--namespace={NAMESPACE}", "--wait", "--timeout=3m", "--values=-"),
            stdin=json.dumps({**ours, **(values or {})}),
        )

    def make_team(self, namespace: str) -> None:
        """A namespace for studies, `restricted` too, with the Secret of trials: it reaches its own results alone."""
        self._make_namespace(namespace, team_credentials(namespace))

    def _make_namespace(self, name: str, credentials: Mapping[str, str]) -> None:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": _RESTRICTED}}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET}, "stringData": dict(credentials)}
        self.cluster.apply(namespace)
        self.cluster.apply(secret, namespace=name)
        # The controller manager makes this account; Pods are refused until then.
        self.cluster.kubectl("wait", f"--namespace={name}", "--for=create", "serviceaccount/default", "--timeout=30s")
