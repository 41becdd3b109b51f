"""JSON that is YAML, too."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from assay.kube.yaml_body import yaml_body


@given(st.dictionaries(st.text(max_size=8), st.text() | st.integers() | st.none(), max_size=4))
def test_it_is_the_same_read_as_json_and_as_yaml(value: dict[str, object]) -> None:
    body = yaml_body(value)
    assert json.loads(body) == value
    assert yaml.safe_load(body.decode()) == value


@pytest.mark.parametrize("text", ["loss 📈", "\x85\u2028", "a\x00b", "\ufeff", "\uffff", "\x7f", '"\\\n'])
def test_no_character_is_lost(text: str) -> None:
    assert yaml.safe_load(yaml_body({"message": text}).decode()) == {"message": text}


def test_half_a_character_is_replaced() -> None:
    assert json.loads(yaml_body({"message": "a\ud83d"})) == {"message": "a\ufffd"}
