"""boto3's clients: settings that boto3 does not have itself, and one client per process."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3.session
import botocore.session
from botocore.config import Config

ADDRESSING_STYLES = ("path", "virtual", "auto")
CONNECTIONS = 64
"""The most requests that a process makes at a time; further ones wait."""

_shared_models: list[Any] = []
_one_at_a_time = [threading.Lock()]
# A thread of the parent may hold it when a child is forked.
os.register_at_fork(after_in_child=lambda: _one_at_a_time.__setitem__(0, threading.Lock()))


@dataclass(frozen=True)
class S3Settings:
    """The settings that boto3 does not read from the environment itself.

    `addressing_style` None means boto3's own: path if an endpoint is set, else auto. A call that fails for a reason
    that may pass is tried again for `retry_seconds`, and at least once.
    """

    addressing_style: str | None = None
    retry_seconds: float = 20.0
    connect_seconds: float = 5.0
    read_seconds: float = 60.0
    page_size: int = 1000

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> S3Settings:
        """Read ASSAY_S3_ADDRESSING_STYLE and ASSAY_S3_RETRY_SECONDS. Raises ValueError that says what is allowed."""
        style = environment.get("ASSAY_S3_ADDRESSING_STYLE") or None
        if style not in (None, *ADDRESSING_STYLES):
            raise ValueError(f"ASSAY_S3_ADDRESSING_STYLE: given {style!r}; allowed: {', '.join(ADDRESSING_STYLES)}")
        given = environment.get("ASSAY_S3_RETRY_SECONDS") or str(cls.retry_seconds)
        try:
            seconds = float(given)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds <= 3600:
            raise ValueError(f"ASSAY_S3_RETRY_SECONDS: given {given!r}; allowed: 0 to 3600")
        return cls(addressing_style=style, retry_seconds=seconds)


def s3_client(settings: S3Settings) -> Any:
    """Return this process's client for these settings and boto3's present ones. Several threads may use it.

    A forked child gets a client of its own, since two processes must not share connections. Raises what boto3 raises.
    """
    own_settings = frozenset(each for each in os.environ.items() if each[0].startswith("AWS_"))
    with _one_at_a_time[0]:  # many threads may want the first one, and making it takes a tenth of a second of each
        return _client(os.getpid(), settings, own_settings)


@cache
def _client(_pid: int, settings: S3Settings, _own_settings: frozenset[tuple[str, str]]) -> Any:
    core = botocore.session.Session()
    if _shared_models:  # read-only, and most of what a client costs: a forked trial need not parse them again
        core.register_component("data_loader", _shared_models[0])
    else:
        _shared_models.append(core.get_component("data_loader"))
    config = Config(
        connect_timeout=settings.connect_seconds,
        read_timeout=settings.read_seconds,
        max_pool_connections=CONNECTIONS,
        signature_version="s3v4",  # boto3's own choice, except for URLs, which it still signs in the old way
        retries={"mode": "standard", "total_max_attempts": 1},  # see s3_retries
        s3={} if settings.addressing_style is None else {"addressing_style": settings.addressing_style},
    )
    region = os.environ.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_REGION")  # boto3 reads the first alone
    return boto3.session.Session(botocore_session=core, region_name=region).client("s3", config=config)
