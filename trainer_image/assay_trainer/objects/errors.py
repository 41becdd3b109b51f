"""The errors of a store."""


class StoreError(Exception):
    """The store can't be read or written: no such bucket, no permission, disk full, not reachable. `may_pass` says
    whether the same call may succeed later by itself."""

    may_pass = False


class ObjectNotFound(StoreError):
    """There is no object of that name."""

    def __init__(self, uri: str) -> None:
        super().__init__(f"{uri}: no such object")
        self.uri = uri


class UnfitObject(StoreError):
    """The object is not what it should be, and somebody has to mend or remove it. The store itself works."""


class ObjectTooLarge(UnfitObject):
    """An object has more bytes than its reader allows; none of them were kept."""

    def __init__(self, uri: str, size: int, limit: int) -> None:
        super().__init__(f"{uri}: {size} bytes; allowed: {limit}")
        self.uri = uri
        self.size = size
        self.limit = limit


class TooManyObjects(UnfitObject):
    """More names begin with a prefix than the caller of the list allows."""

    def __init__(self, uri: str, limit: int) -> None:
        super().__init__(f"{uri}: more than {limit} objects")
        self.uri = uri
        self.limit = limit
