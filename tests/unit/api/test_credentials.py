from __future__ import annotations

import pytest

from assay.api.credentials import has_credentials
from builders.uris import WITH_CREDENTIALS, WITHOUT_CREDENTIALS


@pytest.mark.parametrize("uri", WITH_CREDENTIALS)
def test_a_password_a_token_or_a_signature_is_seen(uri: str) -> None:
    assert has_credentials(uri)


@pytest.mark.parametrize("uri", WITHOUT_CREDENTIALS)
def test_what_only_looks_like_them_is_allowed(uri: str) -> None:
    assert not has_credentials(uri)
