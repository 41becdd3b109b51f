"""Manifests on pages can be copied."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from assay.api.base import GROUP
from assay.api.reading.load import load_manifests
from pages.markdown import Page, pages

_DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize("each", pages(), ids=str)
def test_blocks_of_yaml_are_yaml_and_whole_manifests_are_valid(each: Page, tmp_path: Path) -> None:
    for number, block in enumerate(block for block in each.blocks if block.language == "yaml"):
        text = "\n".join(block.lines).replace("sha256:…", _DIGEST)
        parsed = yaml.safe_load(text)
        if isinstance(parsed, dict) and str(parsed.get("apiVersion")).startswith(GROUP):
            file = tmp_path / f"{number}.yaml"
            file.write_text(text)
            read = load_manifests(file)
            assert [*read.studies, *read.hypotheses]
