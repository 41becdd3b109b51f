"""Text files in UTF-8, whatever they were written in."""

from __future__ import annotations

import codecs

from assay.api.errors import InvalidInput, Problem

_CHUNK = 1 << 24
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def in_utf8(data: bytes, place: str) -> tuple[bytes, tuple[str, ...]]:
    """Return the text in UTF-8 with line feeds at the ends of lines, and what is to be said. Raises InvalidInput."""
    data, said = _decoded(data, place)
    if b"\0" in data:
        allowed = "text: a table in CSV or JSON, or one of the other kinds under its own name"
        raise InvalidInput([Problem(place, "", "bytes that are no text", allowed)])
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")  # as old spreadsheets end their lines
    return data, said


def _decoded(data: bytes, place: str) -> tuple[bytes, tuple[str, ...]]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            data = data[len(mark) :]
            return (data if encoding == "utf-8" else _recoded(data, encoding, place)), ()
    if b"\0" in data[:2] and len(data) > 1:
        return _recoded(data, "utf-16-be" if data[0] == 0 else "utf-16-le", place), ()
    if _is_utf8(data):
        return data, ()
    return _recoded(data, "cp1252", place), (
        "Its text is not in UTF-8; it is read as Windows-1252, as Excel writes it.",
    )


def _recoded(data: bytes, encoding: str, place: str) -> bytes:
    try:
        return data.decode(encoding, "replace" if encoding == "cp1252" else "strict").encode()
    except UnicodeDecodeError as error:
        given = f"text that is not in {encoding.upper()}, as it begins: at byte {error.start}"
        raise InvalidInput([Problem(place, "", given, "text in UTF-8")]) from error


def _is_utf8(data: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), _CHUNK):
            decoder.decode(data[start : start + _CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
