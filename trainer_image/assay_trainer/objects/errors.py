"""What can go wrong with a store."""


class StoreError(Exception):
    """The store can't be read or written: no such bucket, no permission, disk full, not reachable.

    `may_pass`: the same call may succeed later, though nobody does anything about it.
    """

    may_pass = False


class ObjectNotFound(StoreError):
    """There is no object of that name."""

    def __init__(self, uri: str) -> None:
        super().__init__(f"{uri}: no such object")
        self.uri = uri
