"""Where a URI has credentials in it: what a study names is in its status and in the store, for others to read."""

from __future__ import annotations

import re

URI_WITH_CREDENTIALS = (
    "(?i)^[^/]*//[^/]*:[^/]*@"  # user:password@host; container@account is how Azure names a place
    "|^([a-z]+[+])?https?://[^/]*@"  # of HTTP a name alone is mostly a token
    "|[?&;#]([^=&]*[-_.])?"
    "(token|sig|signature|credentials?|password|passwd|passphrase|pwd|secret|(api|access|account)[-_]?key)(id)?="
)
"""A regular expression that finds them, for Python as for CEL (RE2): a password or token before the host, or a
parameter of a signed link."""

WITHOUT_CREDENTIALS = (
    "one without: it would be in the store for all to read; trainer.environment.passed names variables for it"
)
"""What is allowed instead, in words."""

_PATTERN = re.compile(URI_WITH_CREDENTIALS)


def has_credentials(uri: str) -> bool:
    """Return whether a URI has a password, a token or a signature in it, as far as its form can tell."""
    return _PATTERN.search(uri) is not None
