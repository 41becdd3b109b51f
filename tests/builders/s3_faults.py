"""A proxy before a real S3 server that goes wrong as it is told: what networks and lesser servers do."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from builders.s3_server import S3Server

Fault = Callable[["_Handler", bytes], None]
"""Handles a request, whose body is given, in place of the proxy."""


def answers(status: int, code: str) -> Fault:
    """Return a fault that answers with an error; the server never hears of the request."""

    def fault(handler: _Handler, _body: bytes) -> None:
        text = f"<Error><Code>{code}</Code><Message>{code}, says the proxy</Message></Error>".encode()
        handler.respond(status, {"Content-Type": "application/xml"}, text)

    return fault


def loses_response(handler: _Handler, body: bytes) -> None:
    """Let the server do what is asked, but drop its response."""
    handler.forward(body)
    handler.close_connection = True


def breaks_off(handler: _Handler, body: bytes) -> None:
    """Send half of the response's body, then close the connection."""
    response, data = handler.forward(body)
    handler.respond(response.status, dict(response.getheaders()), data, send=len(data) // 2)
    handler.close_connection = True


def flips_a_bit(handler: _Handler, body: bytes) -> None:
    """Send a response of the right length whose body has one wrong bit, in the middle."""
    response, data = handler.forward(body)
    damaged = bytearray(data)
    damaged[len(data) // 2] ^= 1
    handler.respond(response.status, dict(response.getheaders()), bytes(damaged))


def stalls(handler: _Handler, body: bytes) -> None:
    """Send half of the response's body, and then nothing until the client has gone."""
    response, data = handler.forward(body)
    handler.respond(response.status, dict(response.getheaders()), data, send=len(data) // 2)
    handler.connection.settimeout(20)
    handler.connection.recv(1)
    handler.close_connection = True


def answers_with_all(handler: _Handler, _body: bytes) -> None:
    """Send the whole object, whatever part of it was asked for."""
    bucket, _, key = unquote(urlsplit(handler.path).path).removeprefix("/").partition("/")
    handler.respond(200, {}, handler.proxy.client.get_object(Bucket=bucket, Key=key)["Body"].read())


def drips(handler: _Handler, body: bytes) -> None:
    """Send the response's body byte by byte, for as long as anybody reads it."""
    response, data = handler.forward(body)
    handler.respond(response.status, dict(response.getheaders()), data, send=0)
    handler.close_connection = True
    for at in range(len(data)):
        handler.wfile.write(data[at : at + 1])
        time.sleep(0.02)


def ignores_condition(handler: _Handler, body: bytes) -> None:
    """Write like a server that does not know conditional writes."""
    bucket, _, key = unquote(urlsplit(handler.path).path).removeprefix("/").partition("/")
    prefix = "x-amz-meta-"
    metadata = {
        name.lower().removeprefix(prefix): value
        for name, value in handler.headers.items()
        if name.lower().startswith(prefix)
    }
    handler.proxy.client.put_object(Bucket=bucket, Key=key, Body=body, Metadata=metadata)
    handler.respond(200, {}, b"")


class FaultyS3:
    """As a context manager it serves until the block ends.

    `faults` happen to the next requests, one each, the first first; None lets a request through. `always`, if set,
    happens to every write with a condition, `below[prefix]` to every read of what is below this prefix of the bucket's.
    `requests` are all that came: method and path; `connections` counts those that were opened.
    """

    def __init__(self, server: S3Server) -> None:
        self.faults: list[Fault | None] = []
        self.always: Fault | None = None
        self.below: dict[str, Fault] = {}
        self.requests: list[tuple[str, str]] = []
        self.connections = 0
        self.client: Any = server.client()
        self.behind = urlsplit(server.endpoint).netloc
        self._http = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": self}))
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> FaultyS3:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a killed client and a killed server behind the proxy: they are no error of the proxy."""
        if not isinstance(sys.exception(), ConnectionError | HTTPException):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    proxy: FaultyS3
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        self.proxy.connections += 1
        super().setup()

    def handle_request(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.proxy.requests.append((self.command, urlsplit(self.path).path))
        fault = self.proxy.faults.pop(0) if self.proxy.faults else None
        if fault is None and "If-None-Match" in self.headers:
            fault = self.proxy.always
        if fault is None and self.command == "GET":
            path = unquote(urlsplit(self.path).path)
            fault = next((each for prefix, each in self.proxy.below.items() if path.startswith(prefix)), None)
        if fault is not None:
            fault(self, body)
            return
        response, data = self.forward(body)
        self.respond(response.status, dict(response.getheaders()), data)

    do_GET = do_HEAD = do_PUT = handle_request  # noqa: N815 - names of http.server

    def forward(self, body: bytes) -> tuple[HTTPResponse, bytes]:
        """Return the answer of the server behind. The Host header stays the proxy's, since it is signed."""
        connection = HTTPConnection(self.proxy.behind, timeout=30)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def respond(self, status: int, headers: dict[str, str], data: bytes, send: int | None = None) -> None:
        self.send_response_only(status)
        own = {"content-length", "transfer-encoding", "connection"}
        for name, value in headers.items():
            if name.lower() not in own:
                self.send_header(name, value)
        length = headers.get("Content-Length", str(len(data))) if self.command == "HEAD" else str(len(data))
        self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(data if send is None else data[:send])
