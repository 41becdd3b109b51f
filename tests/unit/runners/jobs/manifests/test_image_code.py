"""The digest of an image's code."""

from __future__ import annotations

import pytest

from assay.planning.study.programs import Program
from assay.runners.jobs.manifests.programs import image_code
from assay.runners.protocol import UnusableProgram

DIGEST = "sha256:" + "a" * 64
BY_DIGEST = f"registry.example/team/trainer@{DIGEST}"
ENTRYPOINT = "team.train:run"


@pytest.mark.parametrize(
    "image", [BY_DIGEST, f"registry.example/trainer:v1@{DIGEST}", f"mirror.example/trainer@{DIGEST}"]
)
def test_an_image_by_digest_is_that_code_wherever_it_is_pulled_from(image: str) -> None:
    assert image_code(Program(ENTRYPOINT, image), None) == DIGEST
    assert image_code(Program(ENTRYPOINT, image, "revision"), "registry.example/ours:v1") == DIGEST


def test_a_tag_is_code_together_with_its_revision() -> None:
    image = "registry.example/trainer:v1"
    codes = [image_code(Program(ENTRYPOINT, image, revision), None) for revision in ("abc", "abd", "abc")]
    assert codes[0] == codes[2] != codes[1]
    assert codes[0].startswith("sha256:")


def test_the_installations_own_image_counts_by_its_name() -> None:
    code = image_code(Program(ENTRYPOINT), "registry.example/ours:1.0")
    assert code == image_code(Program(ENTRYPOINT, None, "ignored"), "registry.example/ours:1.0")
    assert code != image_code(Program(ENTRYPOINT), "registry.example/ours:1.1")
    assert image_code(Program(ENTRYPOINT), BY_DIGEST) == DIGEST


@pytest.mark.parametrize("image", ["registry.example/trainer:v1", "trainer@sha256:0123", None])
def test_an_image_that_may_come_to_mean_other_code_is_refused(image: str | None) -> None:
    with pytest.raises(UnusableProgram) as refusal:
        image_code(Program(ENTRYPOINT, image), None)
    assert refusal.value.field == "image"
    assert refusal.value.given == (image or "")
    assert "by digest" in refusal.value.allowed
