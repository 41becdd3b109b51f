"""What the API server refuses of data that a train function reads by itself is what our own checks refuse."""

from __future__ import annotations

from typing import Any

import pytest

from builders.uris import WITH_CREDENTIALS, WITHOUT_CREDENTIALS
from cluster.client import Cluster
from cluster.commands import CommandFailed


def refusal(cluster: Cluster, namespace: str, dataset: dict[str, Any]) -> str:
    """Return why the API server refuses a hypothesis with this data set; nothing if it does not."""
    metadata = {"name": "other", "namespace": namespace}
    spec = {"statement": "Other data help.", "dataset": dataset}
    manifest = {"apiVersion": "assay.dev/v1alpha1", "kind": "Hypothesis", "metadata": metadata, "spec": spec}
    try:
        cluster.apply(manifest, namespace=namespace)
    except CommandFailed as error:
        return str(error)
    return ""


@pytest.mark.usefixtures("custom_resources")
def test_the_api_server_sees_the_same_credentials_in_uris(cluster: Cluster, namespace: str) -> None:
    for uri in WITH_CREDENTIALS:
        assert "no password, token or signature" in refusal(cluster, namespace, {"uri": uri, "version": "1"}), uri
    for uri in WITHOUT_CREDENTIALS:
        assert refusal(cluster, namespace, {"uri": uri, "version": "1"}) == "", uri
    assert "should match" in refusal(cluster, namespace, {"uri": "s3://x/\x1b[2J", "version": "1"})
    assert "should match" in refusal(cluster, namespace, {"version": "1 "})
