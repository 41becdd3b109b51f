"""Tries again what failed for a reason that may pass.

botocore's own retries would not do. They draw from the global random generator, which is the trial's and seeded: a
retry would change its result, and trials of the same seed would all come back at the same moment. They end after a
second, and they don't cover the reading of a body.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    SSLError,
)
from botocore.parsers import ResponseParserError

from assay_trainer.contract import doubling_pause

S3Failure = (BotoCoreError, ClientError, ResponseParserError)
"""Everything that a call to boto3 may raise."""

FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS = 0.1, 2.0

_NETWORK = (ConnectionError, HTTPClientError, IncompleteReadError, FlexibleChecksumError, ResponseParserError)
_STATUSES = frozenset({408, 409, 429, 500, 502, 503, 504})  # 409: others write to the same key just now
_CODES = frozenset({"RequestTimeout", "SlowDown", "Throttling", "ThrottlingException"})
_jitter = random.SystemRandom()  # without a state, which forked processes would share

_away: set[str] = set()
"""The servers that failed for as long as they were waited for, and have not answered since."""

T = TypeVar("T")


def http_status_of(error: Exception) -> int | None:
    """Return the HTTP status of the response that was an error; None if there was none."""
    if not isinstance(error, ClientError):
        return None
    status: int | None = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status


def code_of(error: Exception) -> str:
    """Return S3's error code, such as NoSuchKey; the status for a response without a body; empty if there was no
    response."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def may_pass(error: Exception) -> bool:
    """Return whether the same call may succeed a little later."""
    if isinstance(error, ClientError):
        return http_status_of(error) in _STATUSES or code_of(error) in _CODES
    if isinstance(error, SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return False
    return isinstance(error, _NETWORK)


def retried(call: Callable[[], T], seconds: float, server: str) -> T:
    """Return what `call` to a server returns, calling it again while it fails for a reason that may pass.

    It is called again at least once, and then until `seconds` have passed, after delays that double up to a limit, each
    drawn between 0 and that ("full jitter"). Once a server has failed for that long, other calls of this process don't
    wait for it again: until it has answered one of them, each is made only once.
    """
    if server in _away:
        return _answered(call, server)
    end = time.monotonic() + seconds
    failures = 0
    while True:
        try:
            return _answered(call, server)
        except S3Failure as error:
            failures += 1
            delay = _jitter.uniform(0, doubling_pause(failures, FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS))
            if not may_pass(error):
                raise
            if failures > 1 and time.monotonic() + delay > end:
                _away.add(server)
                raise
        time.sleep(delay)


def _answered(call: Callable[[], T], server: str) -> T:
    """Return what the call returns, and note that the server is back: any answer shows that, unless its error may
    pass."""
    try:
        found = call()
    except S3Failure as error:
        if not may_pass(error):
            _away.discard(server)
        raise
    _away.discard(server)
    return found
