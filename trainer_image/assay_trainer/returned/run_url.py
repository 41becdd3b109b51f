"""The URL at which the team's own tracker shows a run."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from assay_trainer.described import described

MOST_CHARACTERS = 2000
_ALLOWED = f"a text that begins with http:// or https://, of at most {MOST_CHARACTERS:,} characters"


def checked_run_url(given: Any) -> tuple[str | None, list[str]]:
    """Return the URL, or None with a note on what was given instead. If None was given, there is no note."""
    if given is None:
        return None, []
    if isinstance(given, str):
        text = str.__str__(given)
        if len(text) > MOST_CHARACTERS:
            return None, [f"run_url left out: given {len(text):,} characters; allowed: {_ALLOWED}"]
        if _is_web_address(text):
            return text, []
    return None, [f"run_url left out: given {described(given)}; allowed: {_ALLOWED}"]


def _is_web_address(text: str) -> bool:
    if not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False
