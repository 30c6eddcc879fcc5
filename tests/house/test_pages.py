"""A newcomer finds every page from the README, and no link leads nowhere. Each check catches a planted fault."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest
from tests.house.test_shape import ROOMS, ROOT, tracked_files

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
CODE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def joined(page: str, link: str) -> str:
    """Return where a link of a page leads, from the project's root."""
    parts: list[str] = []
    for part in (PurePosixPath(page).parent / link).parts:
        if part != "..":
            parts.append(part)
        elif parts:
            parts.pop()
    return "/".join(parts)


def anchors_of(text: str) -> set[str]:
    """Return what a page's headings are called in a link, as GitHub calls them."""
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in HEADING.findall(CODE.sub("", text))}


def links_of(page: str, text: str) -> list[tuple[str, str]]:
    """Return (page or file, anchor) of each link into the project."""
    found = (link for link in LINK.findall(CODE.sub("", text)) if "://" not in link)
    return [(joined(page, path) if path else page, anchor) for path, _, anchor in (link.partition("#") for link in found)]


def broken_links(pages: Mapping[str, str], files: set[str]) -> list[str]:
    """Return links that lead to no file, no folder, or no heading."""
    return [
        f"{page}: {target}#{anchor}"
        for page, text in pages.items()
        for target, anchor in links_of(page, text)
        if target not in files or (anchor and anchor not in anchors_of(pages.get(target, "")))
    ]


def unreachable(pages: Mapping[str, str]) -> list[str]:
    """Return the pages to which no chain of links leads from the README."""
    seen, new = {"README.md"}, {"README.md"}
    while new:
        new = {target for page in new for target, _ in links_of(page, pages[page]) if target in pages} - seen
        seen |= new
    return sorted(pages.keys() - seen)


@pytest.fixture(scope="module")
def files() -> set[str]:
    names = {path.relative_to(ROOT).as_posix() for path in tracked_files()}
    return names | {parent.as_posix() for name in names for parent in Path(name).parents}


@pytest.fixture(scope="module")
def pages(files: set[str]) -> dict[str, str]:
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in files if name.endswith(".md")}


def test_every_link_leads_somewhere(pages, files):
    assert not broken_links(pages, files)


def test_every_page_is_found_from_the_readme(pages):
    assert not unreachable(pages)


def test_every_room_stands_in_the_readme(pages):
    shown = {target for target, _ in links_of("README.md", pages["README.md"])}
    assert not [room for room in ROOMS if f"src/weilend/{room}" not in shown]


def test_planted_faults_are_found(pages, files):
    lost = {
        **pages,
        "docs/lost.md": "# Lost\nsee [here](tour.md#no-such-heading) and [there](../src/nowhere.py), not `x`",
    }
    assert unreachable(lost) == ["docs/lost.md"]
    assert broken_links(lost, files)[:2] == ["docs/lost.md: docs/tour.md#no-such-heading", "docs/lost.md: src/nowhere.py#"]
