"""The valid manifests that are changed."""

from __future__ import annotations

import copy
from typing import Any

import yaml

from builders.manifests import EVERY_FIELD_YAML, HYPOTHESIS_YAML, STUDY_YAML

DIGEST = "@sha256:" + "0123456789abcdef" * 4


def studies(dataset: str) -> tuple[Any, ...]:
    """Return studies on a data set with images of 8 and 4 pixels, one with every field that this version supports."""
    small, large = _document(STUDY_YAML, 0), _document(EVERY_FIELD_YAML, 1)
    del large["spec"]["screening"]
    large["spec"]["trainer"]["podTemplate"].pop("env", None)
    large["spec"]["hypotheses"] = {"baseline": "baseline", "selector": {"matchLabels": {"team": "vision"}}}
    for study in (small, large):
        study["spec"]["dataset"]["manifest"] = dataset
        study["spec"]["reference"]["imageSize"] = 8
        for proxy in study["spec"]["proxies"]:
            if "imageSize" in proxy:
                proxy["imageSize"] = 4
        study["spec"]["suspend"] = True
    running = copy.deepcopy(small)
    del running["spec"]["suspend"]
    return small, large, running


def hypotheses(dataset: str) -> tuple[Any, ...]:
    """Return a small hypothesis, and one with every field."""
    small, large = _document(HYPOTHESIS_YAML, 0), _document(EVERY_FIELD_YAML, 0)
    large["spec"]["dataset"]["manifest"] = dataset
    large["spec"]["trainer"]["image"] = f"registry.example/trainer{DIGEST}"
    return small, large


def _document(text: str, index: int) -> Any:
    return list(yaml.safe_load_all(text))[index]
