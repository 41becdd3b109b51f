"""Reads the body of a response: no more than is allowed, and not for ever."""

from __future__ import annotations

import time
from contextlib import closing
from io import BytesIO
from typing import Any

from assay_trainer.objects.errors import ObjectTooLarge, StoreError

PIECE_BYTES = 1 << 20

PATIENCE_SECONDS = 30.0
SLOWEST_BYTES_PER_SECOND = 64 * 1024.0
"""The slowest rate at which a body may arrive: one that drips would hold its reader for ever."""


class TooSlow(StoreError):
    """The body arrives too slowly to wait for; a later try may be faster."""

    may_pass = True


def body_of(response: Any, uri: str, limit: int) -> bytes:
    """Return the body of a response that holds an object. Raises ObjectTooLarge before reading it, TooSlow, and what
    boto3 raises."""
    # Closed early, it takes its connection with it: what was not read does not have to be thrown away.
    with closing(response["Body"]) as body:
        size = int(response.get("ContentLength") or 0)
        if size > limit:
            raise ObjectTooLarge(uri, size, limit)
        # botocore's checks of the body's length and checksum stay, in between.
        body._raw_stream = _Timed(body._raw_stream, uri, size)
        found = BytesIO()
        while piece := body.read(PIECE_BYTES):
            found.write(piece)
            if found.tell() > limit:
                raise ObjectTooLarge(uri, found.tell(), limit)
        return found.getvalue()


class Patience:
    """Gives up on a body that arrives too slowly."""

    def __init__(self, uri: str, size: int) -> None:
        self._uri, self._size = uri, size
        self._started = time.monotonic()

    def check(self, came: int) -> None:
        """Raise TooSlow if `came` bytes are too few by now."""
        took = time.monotonic() - self._started
        if took > PATIENCE_SECONDS + came / SLOWEST_BYTES_PER_SECOND:
            raise TooSlow(f"{self._uri}: {came} of {self._size} bytes came in {took:.0f} s, which is too slow")


class _Timed:
    """A response of urllib3 that returns what has arrived, and gives up if that is too little."""

    def __init__(self, response: Any, uri: str, size: int) -> None:
        self._response = response
        self._came = 0
        self._patience = Patience(uri, size)

    def read(self, most: int) -> bytes:
        self._patience.check(self._came)
        piece: bytes = self._response.read1(most)
        self._came += len(piece)
        return piece

    def close(self) -> None:
        self._response.close()
