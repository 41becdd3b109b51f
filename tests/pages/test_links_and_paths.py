"""A page that points nowhere is worse than none."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest

from pages.markdown import ROOT, Page, page, pages

ABOUT_THE_CODE = (
    "CONTRIBUTING.md",
    "docs/architecture.md",
    *sorted(str(file.relative_to(ROOT)) for file in (ROOT / "docs" / "decisions").glob("*.md")),
)
"""Pages that name files of the repository between backticks."""

PLACES = (ROOT, ROOT / "operator" / "assay", ROOT / "trainer_image" / "assay_trainer", ROOT / "trainer_image")
"""Where a name on such a page may begin."""

_PATH = re.compile(r"[\w.-]+(/[\w.*-]+)*(/|\.(py|toml|md|yaml|yml|json|txt|lock|jinja|js|css))")
_OBJECT = re.compile(r"\b(KEY|ID|STUDY|NAME)\b|^(checks/|manifest\.json)$")
"""Names of objects in a store, and of what a reader makes."""


@pytest.mark.parametrize("each", pages(), ids=str)
def test_every_link_within_the_repository_leads_somewhere(each: Page) -> None:
    assert [link for link in each.links() if not re.match(r"[a-z]+:", link) and not leads_somewhere(each, link)] == []


def leads_somewhere(each: Page, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (each.path.parent / unquote(name)).resolve() if name else each.path
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not anchor or anchor in page(target).anchors()


def files_named(name: str) -> set[str]:
    spans = {span for span in page(ROOT / name).code_spans() if _PATH.fullmatch(span)}
    return {span for span in spans if not _OBJECT.search(span)}


@pytest.mark.parametrize("name", ABOUT_THE_CODE)
def test_every_file_that_a_page_about_the_code_names_is_there(name: str) -> None:
    named = files_named(name)
    missing = sorted(span for span in named if not any(list(place.glob(span.rstrip("/"))) for place in PLACES))
    assert missing == []
