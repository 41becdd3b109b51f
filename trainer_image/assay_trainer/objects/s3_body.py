"""Reading the body of a response: no more of it than is allowed, and not for ever."""

from __future__ import annotations

import time
from contextlib import closing
from io import BytesIO
from typing import Any

from assay_trainer.objects.errors import ObjectTooLarge, StoreError

PIECE_BYTES = 1 << 20

PATIENCE_SECONDS = 30.0
SLOWEST_BYTES_PER_SECOND = 64 * 1024.0
"""A body may take so long, and longer the more of it has come: one that drips would hold its reader for ever."""


class TooSlow(StoreError):
    """A body that is not worth waiting for; perhaps it comes faster later."""

    may_pass = True


def body_of(response: Any, uri: str, limit: int) -> bytes:
    """The body of an answer with an object. Raises ObjectTooLarge before it is read, TooSlow, and what boto3 does."""
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


class _Timed:
    """A response of urllib3 that gives what has arrived, and gives up where that is too little."""

    def __init__(self, response: Any, uri: str, size: int) -> None:
        self._response = response
        self._uri = uri
        self._size = size
        self._came = 0
        self._started = time.monotonic()

    def read(self, most: int) -> bytes:
        took = time.monotonic() - self._started
        if took > PATIENCE_SECONDS + self._came / SLOWEST_BYTES_PER_SECOND:
            raise TooSlow(f"{self._uri}: {self._came} of {self._size} bytes came in {took:.0f} s, which is too slow")
        piece: bytes = self._response.read1(most)
        self._came += len(piece)
        return piece

    def close(self) -> None:
        self._response.close()
