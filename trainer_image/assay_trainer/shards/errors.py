"""The errors of data that is to be built into shards, or read from them."""


class InvalidSource(Exception):
    """The images that were given can't be built into shards. The message says what was given and what is allowed."""


class InvalidDataset(Exception):
    """A data set is not what its reference or its manifest says.

    The message names the URI, what was found, and what was expected.
    """
