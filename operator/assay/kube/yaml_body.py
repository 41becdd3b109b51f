"""Bodies that the API server reads as YAML, which most JSON is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

# What YAML does not take as it is, takes for the end of a line, or may take for a mark of the byte order.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_HALVES = re.compile("[\ud800-\udfff]")
"""Of a character beyond the first 65 536, where the other half is missing."""


def yaml_body(value: Mapping[str, Any]) -> bytes:
    """A JSON text of the value that is YAML of the same value.

    What is applied server-side is read as YAML, and that has no pairs of escapes, as which JSON usually writes the
    characters beyond the first 65 536: an emoji in a message, and the whole status would be refused. A half of such a
    character, which is none, becomes the replacement character.
    """
    text = _HALVES.sub("\ufffd", json.dumps(value, ensure_ascii=False))
    return _ESCAPED.sub(lambda found: f"\\u{ord(found.group()):04x}", text).encode()
