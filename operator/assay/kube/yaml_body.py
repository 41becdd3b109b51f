"""Bodies that the API server reads as YAML, which most JSON is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

# Characters that YAML does not allow, reads as the end of a line, or may read as a byte order mark.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_HALVES = re.compile("[\ud800-\udfff]")
"""Halves of a character beyond the first 65 536 whose other half is missing."""


def yaml_body(value: Mapping[str, Any]) -> bytes:
    """Return a JSON text of the value that is YAML of the same value.

    The server reads what is applied as YAML. JSON usually writes a character beyond the first 65 536 as a pair of
    escapes, which YAML does not have: with an emoji in a message, the whole status would be refused. Half of such a
    pair is no character, and becomes the replacement character.
    """
    text = _HALVES.sub("\ufffd", json.dumps(value, ensure_ascii=False))
    return _ESCAPED.sub(lambda found: f"\\u{ord(found.group()):04x}", text).encode()
