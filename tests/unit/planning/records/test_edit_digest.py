from __future__ import annotations

from assay.planning.records.edit_digest import edit_digest
from builders.studies import a_study


def test_the_digest_of_earlier_releases_stays_as_it_was() -> None:
    assert edit_digest(a_study().spec) == "b46eb28d216680c11454ffafc3e18239"
