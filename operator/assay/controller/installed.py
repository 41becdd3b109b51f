"""python -m assay.controller.installed HOST PORT FOLDER checks an installation. `helm test` runs it.

The operator's metrics have to be at HOST and PORT, and ASSAY_STORE has to keep an object under FOLDER/checks. The
object stays: nothing in a store is ever removed.

Exit codes: 0 it works · 1 it does not · 2 how it was called is wrong
"""

from __future__ import annotations

import os
import sys
import time
import uuid
from http.client import HTTPConnection, HTTPException

from assay.api.errors import InvalidInput
from assay.controller.settings import settings_from
from assay_trainer.objects import StoreError, open_objects

WORKS, FAILED, BAD_INPUT = 0, 1, 2

ATTEMPTS, PAUSE_SECONDS = 30, 2.0
"""How often the metrics are asked for, and how long after each other: the operator may only just be starting."""


def main(arguments: list[str]) -> int:
    """Check the installation, say how far it works, and return the exit code."""
    if len(arguments) != 3 or not arguments[1].isdigit():
        return _end(BAD_INPUT, "usage: python -m assay.controller.installed HOST PORT FOLDER")
    host, port, folder = arguments
    try:
        store = settings_from(os.environ).store
    except InvalidInput as error:
        return _end(BAD_INPUT, str(error))
    try:
        _say(f"The operator answers: {_metrics(host, int(port))} metrics at {host}, port {port}.")
        _say(f"The store works: {_written_and_read(store, folder)}")
    except (OSError, HTTPException, StoreError, ValueError) as error:
        return _end(FAILED, str(error))
    return WORKS


def _metrics(host: str, port: int) -> int:
    """Return how many metrics of Assay there are. Raises OSError, HTTPException, or ValueError if there are none."""
    for attempt in range(ATTEMPTS):
        try:
            text = _get(host, port, "/metrics")
            break
        except OSError as error:
            if attempt == ATTEMPTS - 1:
                raise OSError(f"the operator does not answer at {host}, port {port}: {error}") from error
            time.sleep(PAUSE_SECONDS)
    found = sum(line.startswith("# TYPE assay_") for line in text.splitlines())
    if not found:
        raise ValueError(f"what answers at {host}, port {port} is not the operator: {text[:200]}")
    return found


def _get(host: str, port: int, path: str) -> str:
    connection = HTTPConnection(host, port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode(errors="replace")
    finally:
        connection.close()


def _written_and_read(store: str, folder: str) -> str:
    """Write and read an object, and return its URI. Raises StoreError; ValueError if something else came back."""
    objects = open_objects(f"{store}/{folder}")
    name, data = f"checks/{uuid.uuid4().hex}", b"Written by `helm test`. It may be removed.\n"
    objects.put_if_absent(name, data)
    if objects.get(name) != data:
        raise ValueError(f"{objects.uri}/{name}: what was read is not what was written")
    return f"{objects.uri}/{name}"


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the pod's log is where it is looked for


def _end(code: int, text: str) -> int:
    print(text, file=sys.stderr)  # noqa: T201
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
