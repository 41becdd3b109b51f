"""What tests of trials in real pods share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import pytest

from assay.kube import Kube
from assay_trainer.contract import Dataset
from builders.datasets import put_dataset, tiny_dataset
from builders.s3_server import ACCESS_KEY, BUCKET, SECRET_KEY, S3Server
from cluster.local import LocalCluster
from images.built import BuiltImages
from runners.pods import SECRET, Team


@pytest.fixture(scope="module")
def s3(pods_s3_server: S3Server) -> Iterator[S3Server]:
    """Yield the S3 server, which this process finds as well."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in pods_s3_server.environment.items():
            patch.setenv(name, value)
        yield pods_s3_server


@pytest.fixture(scope="module")
def dataset_in_s3(s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Write a data set into the bucket."""
    return put_dataset(tiny_dataset(tmp_path_factory.mktemp("tiny")), f"s3://{BUCKET}/{uuid4().hex}")


@pytest.fixture(scope="module")
def team(
    images: BuiltImages, cluster_with_images: LocalCluster, custom_resources: None, s3: S3Server, dataset_in_s3: Dataset
) -> Iterator[Team]:
    cluster, namespace = cluster_with_images, f"jobs-{uuid4().hex[:8]}"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}})
    cluster.kubectl("wait", f"--namespace={namespace}", "--for=create", "serviceaccount/default", "--timeout=30s")
    credentials = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_REGION": "us-east-1"}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET}, "stringData": credentials}
    cluster.apply(secret, namespace=namespace)
    with closing(Kube.from_kubeconfig(cluster.kubeconfig)) as kube:
        yield Team(cluster, kube, namespace, images, s3, dataset_in_s3)
    cluster.kubectl("delete", "namespace", namespace, "--wait=false")
