"""README.md and docs/: every relative link, image and anchor leads somewhere, and files named in the text exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))] if DOCS.is_dir() else []
HISTORY = ("changelog.md", "architecture.md")  # they also name files that are gone
pytestmark = pytest.mark.skipif(not PAGES, reason="the tests run outside the source tree")
FENCE = re.compile(r"^```.*?^```", re.M | re.S)
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMED = re.compile(r"`((?:docs|kernels|minimalbp|scripts|tests)/[\w./-]+)`")


def prose(page):
    """The text of a page without its blocks of code."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page):
    """The anchors of a page's headings, as Git hosts make them."""
    found = set()
    for heading in re.findall(r"^#+ (.*)$", prose(page), re.M):
        slug = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        copies = (f"{slug}-{i}" for i in range(1, 100))
        found.add(slug if slug not in found else next(copy for copy in copies if copy not in found))
    return found


def broken(page):
    """The links of a page that lead nowhere."""
    for link in LINK.findall(prose(page)):
        target, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        path = page.parent / target if target else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            yield link


def name(page):
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page):
    assert list(broken(page)) == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in HISTORY], ids=name)
def test_files_named_in_the_text_exist(page):
    assert [path for path in NAMED.findall(prose(page)) if not (ROOT / path).exists()] == []


def test_a_link_to_nowhere_is_found(tmp_path):
    page, other = tmp_path / "page.md", tmp_path / "other.md"
    other.write_text("# What is it, and why\n\n## Twice\n\n## Twice\n", encoding="utf-8")
    good = "(other.md) (other.md#what-is-it-and-why) (other.md#twice-1) (#here) (https://example.org/none)"
    bad = "(none.md) (other.md#what) (#there) (none.png)"
    links = " ".join(f"[a]{link}" for link in (good + " " + bad).split())
    page.write_text(f"# Here\n\n{links}\n\n```text\n# There\n[a](no-link.md)\n```\n", encoding="utf-8")
    assert list(broken(page)) == ["none.md", "other.md#what", "#there", "none.png"]
