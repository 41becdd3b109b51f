"""Reads a part of an object straight into a buffer, past boto3, whose responses are copied twice on their way.

boto3 still signs each request. A proxy, an error, or an answer that is not plainly the part that was asked for is left
to boto3's own way, which knows what to make of it.
"""

from __future__ import annotations

import os
import ssl
import threading
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

from botocore.exceptions import HTTPClientError, IncompleteReadError
from botocore.httpsession import get_cert_path

from assay_trainer.objects.s3_body import Patience
from assay_trainer.objects.s3_client import S3Settings

URL_SECONDS = 900
"""How long a signed URL is good for."""

MOST_IDLE = 64
"""The most connections that are kept for the next request."""

_Server = tuple[str, str]


class _Connections:
    """Connections without a request under way, by server, of this process alone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[_Server, list[HTTPConnection]] = {}

    def take(self, server: _Server) -> HTTPConnection | None:
        with self._lock:
            idle = self._idle.get(server)
            return idle.pop() if idle else None

    def give_back(self, server: _Server, connection: HTTPConnection) -> None:
        with self._lock:
            idle = self._idle.setdefault(server, [])
            if len(idle) < MOST_IDLE:
                idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        with self._lock:
            connections = [each for idle in self._idle.values() for each in idle]
            self._idle.clear()
        for each in connections:
            each.close()


_connections = [_Connections()]
# Two processes must not share connections; those of the parent are closed by being forgotten.
os.register_at_fork(after_in_child=lambda: _connections.__setitem__(0, _Connections()))


def close_connections() -> None:
    """Close the connections of this process that no request uses; the next ones are opened anew."""
    _connections[0].close()


def read_signed(
    s3: Any, settings: S3Settings, bucket: str, key: str, start: int, buffer: memoryview, uri: str
) -> int | None:
    """Fill `buffer` with the object's bytes from `start` on; return how many came, fewer at its end.

    Returns None if boto3 should try instead. Raises botocore's exceptions for a body that breaks off or stalls, TooSlow
    for one that drips.
    """
    url = urlsplit(s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": key}, ExpiresIn=URL_SECONDS))
    if _has_proxy(url):
        return None
    server = (url.scheme, url.netloc)
    try:
        connection, response = _ask(url, settings, {"Range": f"bytes={start}-{start + len(buffer) - 1}"})
    except (OSError, HTTPException):
        return None
    whole = False
    try:
        length = _length(response, start, len(buffer))
        if length is None:
            return None
        _fill(response, buffer[:length], uri)
        whole = True
        return length
    except (OSError, HTTPException) as error:  # a time-out among them
        raise HTTPClientError(error=error) from error
    finally:
        reusable = whole and not response.will_close
        response.close()
        if reusable:
            _connections[0].give_back(server, connection)
        else:
            connection.close()


def _ask(url: SplitResult, settings: S3Settings, headers: dict[str, str]) -> tuple[HTTPConnection, HTTPResponse]:
    target = f"{url.path}?{url.query}"
    while (connection := _connections[0].take((url.scheme, url.netloc))) is not None:
        try:
            connection.request("GET", target, headers=headers)
            return connection, connection.getresponse()
        except (OSError, HTTPException):  # the server has closed it in the meantime
            connection.close()
    connection = _connection(url, settings)
    try:
        connection.connect()
        if connection.sock is not None:
            connection.sock.settimeout(settings.read_seconds)
        connection.request("GET", target, headers=headers)
        return connection, connection.getresponse()
    except BaseException:
        connection.close()
        raise


def _connection(url: SplitResult, settings: S3Settings) -> HTTPConnection:
    if url.scheme == "https":
        bundle = os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE") or get_cert_path(True)
        context = ssl.create_default_context(cafile=bundle)
        return HTTPSConnection(url.netloc, timeout=settings.connect_seconds, context=context)
    return HTTPConnection(url.netloc, timeout=settings.connect_seconds)


def _has_proxy(url: SplitResult) -> bool:
    return url.scheme in getproxies() and not proxy_bypass(url.hostname or "")


def _length(response: HTTPResponse, start: int, wanted: int) -> int | None:
    """Return the length of the body; None unless it is the part that was asked for."""
    if response.status != 206 or response.chunked or response.length is None:
        return None
    said = response.headers.get("Content-Range", "")
    if not said.startswith(f"bytes {start}-") or not 0 < response.length <= wanted:
        return None
    return response.length


def _fill(response: HTTPResponse, buffer: memoryview, uri: str) -> None:
    patience = Patience(uri, len(buffer))
    came = 0
    while came < len(buffer):
        patience.check(came)
        # One call to the system, straight into the buffer, but for what came together with the headers.
        read: int = response.fp.readinto1(buffer[came:])
        if not read:
            raise IncompleteReadError(actual_bytes=came, expected_bytes=len(buffer))
        came += read
