"""The images, as pods have them."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cluster.client import Cluster
from images.built import ROOT, BuiltImages, version

RUN_BY_ANY_POD = """
import importlib.metadata, json, os
from pathlib import Path

def writes(folder):
    try:
        Path(folder, "written").touch()
    except OSError:
        return False
    return True

print(json.dumps({
    "user": [os.getuid(), os.getgid()],
    "writes": [folder for folder in ("/", "/app", "/opt/assay", "/tmp") if writes(folder)],
    "environment": dict(os.environ),
    "packages": {each.name: each.version for each in importlib.metadata.distributions()},
    "configuration": [name for name in ("/etc/pip.conf", "/etc/uv/uv.toml")
                      if Path(name).exists() and Path(name).stat().st_size],
}))
"""

RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def a_pod(image: str, code: str) -> dict[str, Any]:
    """A pod that runs this Python code once, as restricted as any, with a /tmp to write to."""
    container = {
        "name": "main",
        "image": image,
        "command": ["python", "-c", code],
        "securityContext": RESTRICTED,
        "volumeMounts": [{"name": "scratch", "mountPath": "/tmp"}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "probe"},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "containers": [container],
            "volumes": [{"name": "scratch", "emptyDir": {}}],
        },
    }


def run_in_pod(cluster: Cluster, namespace: str, image: str, code: str = RUN_BY_ANY_POD) -> dict[str, Any]:
    """Run code in a pod and return what it printed, which is JSON."""
    cluster.apply(a_pod(image, code), namespace=namespace)
    said: dict[str, Any] = json.loads(last_words(cluster, namespace))
    return said


def last_words(cluster: Cluster, namespace: str) -> str:
    """Wait for the pod to end and return what it printed."""
    ended = ["--for=jsonpath={.status.containerStatuses[0].state.terminated.exitCode}", "--timeout=120s"]
    cluster.kubectl("wait", "pod/probe", f"--namespace={namespace}", *ended)
    return cluster.kubectl("logs", "probe", f"--namespace={namespace}")


@cache
def locked() -> set[tuple[str, str]]:
    """(name, version) of the packages in the lock; some have several, for several versions of Python."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    found = (re.match(r"([a-z0-9._-]+)==([^ ;\\]+)", line) for line in lines)
    return {(match.group(1), match.group(2)) for match in found if match}


def normalized(packages: dict[str, str]) -> dict[str, str]:
    return {re.sub("[-_.]+", "-", name).lower(): number for name, number in packages.items()}


@pytest.mark.parametrize("which", ["operator", "trainer", "bare_trainer"])
def test_an_image_is_restricted_locked_and_says_what_it_was_built_from(
    images: BuiltImages, cluster_with_images: Cluster, namespace: str, which: str
) -> None:
    cluster_with_images.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")

    found = run_in_pod(cluster_with_images, namespace, getattr(images, which))

    assert found["user"] == [65532, 65532]
    assert found["writes"] == ["/tmp"]
    assert found["configuration"] == []
    assert found["environment"]["ASSAY_VERSION"] == version()
    assert found["environment"]["ASSAY_REVISION"] == images.revision
    packages = normalized(found["packages"])
    assert packages.items() <= locked()
    want_torch = which == "trainer"
    assert ("torch" in packages) == want_torch
    assert ("kopf" in packages) == (which == "operator")
    assert not packages.keys() & {"pip", "pytest", "mypy"}


def test_an_image_by_its_digest_is_the_one_by_its_name(
    images: BuiltImages, cluster_with_images: Cluster, namespace: str
) -> None:
    found = run_in_pod(cluster_with_images, namespace, images.by_digest[images.bare_trainer])

    assert found["environment"]["ASSAY_REVISION"] == images.revision


def test_the_operators_image_adds_at_most_450_megabytes_to_its_base(images: BuiltImages) -> None:
    base, *added = layer_bytes(images.store, images.by_digest[images.operator])

    assert base > 50e6
    assert sum(added) <= 450e6


def test_images_share_the_layers_that_are_alike(images: BuiltImages) -> None:
    blobs = [layers(images.store, images.by_digest[name]) for name in (images.bare_trainer, images.team)]

    assert blobs[1][: len(blobs[0])] == blobs[0]


def test_the_operator_says_at_its_start_which_revision_it_is(
    images: BuiltImages, cluster_with_images: Cluster, namespace: str
) -> None:
    cluster = cluster_with_images
    pod = a_pod(images.operator, "")
    (container,) = pod["spec"]["containers"]
    del container["command"]
    container["env"] = [{"name": "ASSAY_STORE", "value": "file:///tmp/store"}]
    cluster.apply(pod, namespace=namespace)

    said = last_words(cluster, namespace)

    assert f"Assay {version()}, revision {images.revision}" in said
    assert "No cluster" in said  # a pod without a token


def layers(store: Path, image: str) -> list[str]:
    """The digests of an image's layers, the lowest first."""
    return [layer["digest"] for layer in _manifest(store, image)["layers"]]


def layer_bytes(store: Path, image: str) -> list[int]:
    """The sizes of an image's layers, which are not compressed, the lowest first."""
    return [layer["size"] for layer in _manifest(store, image)["layers"]]


def _manifest(store: Path, image: str) -> dict[str, Any]:
    algorithm, digest = image.partition("@")[2].split(":")
    blob = store / "io.containerd.content.v1.content" / "blobs" / algorithm / digest
    manifest: dict[str, Any] = json.loads(blob.read_text())
    return manifest
