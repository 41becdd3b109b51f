"""Objects in a bucket of S3, or of a server that speaks its protocol; docs/s3.md says what such a server must do."""

from __future__ import annotations

import logging
import re
import string
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

from assay_trainer.objects.errors import TooManyObjects
from assay_trainer.objects.limits import EVERYTHING, LISTED_NAMES, OBJECT_BYTES, Beginnings
from assay_trainer.objects.names import checked_name, checked_prefix, checked_removable, is_name
from assay_trainer.objects.s3_body import body_of
from assay_trainer.objects.s3_client import S3Settings, s3_client
from assay_trainer.objects.s3_errors import store_error
from assay_trainer.objects.s3_ranges import read_signed
from assay_trainer.objects.s3_retries import S3Failure, code_of, http_status_of, retried

PROBE = ".conditional-writes"
"""The object that shows whether the server honours conditions. Its name begins with a dot, so it is no object's
name."""

LOOK_FIRST_BYTES = 1 << 20
"""Larger objects are sent only after a look whether the name is free, since a server refuses only after receiving the
whole object."""

_CHARACTERS = f"-.{string.digits}{string.ascii_uppercase}_{string.ascii_lowercase}"
"""The characters of names, in their sorting order; "~" sorts after all of them."""

_WRITER = "assay-writer"
_TAKEN = 412
_URI = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<prefix>.+?))?/?")
_honours_conditions: dict[tuple[str, str], bool] = {}  # by endpoint and bucket; forked children know it, too
_log = logging.getLogger(__name__)

T = TypeVar("T")


class S3Objects:
    """Objects under a prefix of a bucket; see the `Objects` protocol. Nothing is sent before the first call.

    `put_if_absent` is a conditional write (`If-None-Match: *`), so of many writers one wins. Each write has an id of
    its own in the object's metadata: when the response to a write was lost, the id tells whether it was that write
    which took the name. Whether a server honours the condition is tested once per process and bucket, by writing
    `PROBE` twice (AWS is known to honour it). Where it does not, a look and then a plain write must do: two writers
    that both looked before either wrote then both get True, and the later one's object stays.
    """

    def __init__(self, bucket: str, prefix: str = "", settings: S3Settings | None = None) -> None:
        """Make the objects below `prefix`, which is empty or an object name. Raises ValueError if it is
        neither, or for wrong settings."""
        self._bucket = bucket
        self._folder = f"{checked_name(prefix)}/" if prefix else ""
        self._settings = settings or S3Settings.from_environment()

    @property
    def uri(self) -> str:
        return f"s3://{self._bucket}/{self._folder}".rstrip("/")

    def get(self, name: str, limit: int = OBJECT_BYTES) -> bytes:
        key, uri = self._key(name), f"{self.uri}/{name}"
        return self._call(name, lambda s3: body_of(s3.get_object(Bucket=self._bucket, Key=key), uri, limit))

    def read_into(self, name: str, start: int, buffer: memoryview) -> int:
        if not len(buffer):
            return 0
        key, uri = self._key(name), f"{self.uri}/{name}"

        def read(s3: Any) -> int:
            came = read_signed(s3, self._settings, self._bucket, key, start, buffer, uri)
            if came is not None:
                return came
            try:
                part = s3.get_object(Bucket=self._bucket, Key=key, Range=f"bytes={start}-{start + len(buffer) - 1}")
            except S3Failure as error:
                if code_of(error) == "InvalidRange":  # it begins at the object's end, or after it
                    return 0
                raise
            data = body_of(part, uri, len(buffer))
            buffer[: len(data)] = data
            return len(data)

        return self._call(name, read)

    def stamp(self, name: str) -> Sequence[str | int]:
        key = self._key(name)
        found = self._call(name, lambda s3: s3.head_object(Bucket=self._bucket, Key=key))
        return (str(found["ETag"]), int(found["ContentLength"]))

    def put_if_absent(self, name: str, data: bytes) -> bool:
        key, writer = self._key(name), uuid.uuid4().hex
        tried = False

        def put(s3: Any) -> bool:
            nonlocal tried
            again, tried = tried, True
            conditional = self._conditional(s3)
            if not conditional or len(data) >= LOOK_FIRST_BYTES:
                found = self._writer(s3, key)
                if found is not None:
                    return found == writer
            condition = {"IfNoneMatch": "*"} if conditional else {}
            try:
                s3.put_object(Bucket=self._bucket, Key=key, Body=data, Metadata={_WRITER: writer}, **condition)
            except S3Failure as error:
                if http_status_of(error) != _TAKEN:
                    raise
                return again and self._writer(s3, key) == writer
            return True

        return self._call(name, put)

    def remove(self, name: str) -> None:
        key = self._key(checked_removable(name))
        self._call(name, lambda s3: s3.delete_object(Bucket=self._bucket, Key=key))

    def list(self, prefix: str, beginnings: Collection[str] = EVERYTHING, limit: int = LISTED_NAMES) -> Sequence[str]:
        wanted = Beginnings([checked_prefix(prefix) + each for each in beginnings])
        names: list[str] = []
        found = 0
        where = _before(wanted.first())
        while where is not None:
            page = self._page(prefix, where)
            keys = [each["Key"].removeprefix(self._folder) for each in page.get("Contents", ())]
            begun = list(wanted.of(keys))
            found += len(begun)  # also of what is no name: a page costs as much
            if found > limit:
                raise TooManyObjects(f"{self.uri}/{prefix}", limit)
            names += filter(is_name, begun)
            if not page.get("IsTruncated"):
                break
            if keys and not wanted.begin(keys[-1]):
                where = _before(wanted.next_after(keys[-1]))  # over all that lies between
            else:
                where = {"ContinuationToken": page["NextContinuationToken"]}
        return sorted(names)

    def _page(self, prefix: str, where: Mapping[str, str]) -> Any:
        options = {"Prefix": self._folder + prefix, "MaxKeys": self._settings.page_size, **where}
        if "StartAfter" in where:
            options["StartAfter"] = self._folder + where["StartAfter"]
        return self._call(prefix, lambda s3: s3.list_objects_v2(Bucket=self._bucket, **options))

    def _key(self, name: str) -> str:
        return self._folder + checked_name(name)

    def _call(self, name: str, call: Callable[[Any], T]) -> T:
        """Return what `call` makes of this process's client. Its errors become StoreErrors."""
        s3: Any = None
        try:
            s3 = s3_client(self._settings)
            return retried(lambda: call(s3), self._settings.retry_seconds, server=s3.meta.endpoint_url)
        except (*S3Failure, OSError, ValueError) as error:  # a token file that is not there, an endpoint that is no URL
            raise store_error(error, f"{self.uri}/{name}", s3 and s3.meta.endpoint_url) from error

    def _writer(self, s3: Any, key: str) -> str | None:
        """Return the id of the write that made an object, perhaps empty; None if there is no object."""
        try:
            return str(s3.head_object(Bucket=self._bucket, Key=key)["Metadata"].get(_WRITER, ""))
        except S3Failure as error:
            if http_status_of(error) == 404:
                return None
            raise

    def _conditional(self, s3: Any) -> bool:
        """Return whether the server honours the condition of a write."""
        endpoint = s3.meta.endpoint_url
        if (urlsplit(endpoint).hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn")):
            return True
        known = _honours_conditions.get((endpoint, self._bucket))
        if known is None:
            known = any(self._refuses_taken_name(s3) for _ in range(2))  # the first one may be what takes the name
            _honours_conditions[endpoint, self._bucket] = known
            if not known:
                _log.warning(
                    "%s: %s does not honour If-None-Match, so that two who write the same object at the same moment "
                    "are not told apart: do not run one study twice at once",
                    self.uri,
                    endpoint,
                )
        return known

    def _refuses_taken_name(self, s3: Any) -> bool:
        text = b"With this object Assay finds out whether the server honours If-None-Match. It may be removed.\n"
        try:
            s3.put_object(Bucket=self._bucket, Key=self._folder + PROBE, Body=text, IfNoneMatch="*")
        except S3Failure as error:
            if http_status_of(error) == _TAKEN:
                return True
            if http_status_of(error) != 501:  # "A header you provided implies functionality that is not implemented"
                raise
        return False


def open_s3(uri: str) -> S3Objects:
    """Return the objects under `s3://bucket/prefix`. Raises ValueError that says what is allowed."""
    parts = _URI.fullmatch(uri)
    if parts and (parts["prefix"] is None or is_name(parts["prefix"])):
        return S3Objects(parts["bucket"], parts["prefix"] or "")
    raise ValueError(
        f"{uri!r} is not the URI of a store; allowed: s3://bucket or s3://bucket/prefix, the bucket of 3 to 63 "
        "characters a-z, 0-9, '.', '-', the prefix of parts of letters, digits, '.', '_', '-', none beginning with '.'"
    )


def _before(beginning: str | None) -> Mapping[str, str] | None:
    """Return where a list should continue so that names with this beginning come next; None if there are none left. A
    server that keeps folders sorts by their names, so the slash at the end must not count."""
    if beginning is None:
        return None
    name = beginning.rstrip("/")
    if not name:
        return {}
    earlier = _CHARACTERS[: _CHARACTERS.find(name[-1])][-1:]
    return {"StartAfter": f"{name[:-1]}{earlier}~" if earlier else name[:-1]}
