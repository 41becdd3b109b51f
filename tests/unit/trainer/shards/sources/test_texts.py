from __future__ import annotations

import pytest

from assay_trainer.shards.sources.texts import Texts

GIVEN = ["", "a.png", "größer/ 日本.jpg", "\udcff.png", "last"]


def test_texts_come_back_as_they_were() -> None:
    texts = Texts()
    for each in GIVEN:
        texts.append(each)
    assert list(texts) == GIVEN
    assert (texts[-1], texts[1:3], len(texts)) == ("last", GIVEN[1:3], 5)
    with pytest.raises(IndexError, match="text 5 of 5"):
        texts[5]
