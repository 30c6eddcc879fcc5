"""A page is one file, the same bytes for the same values, and nothing that comes in can become markup."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from jinja2 import Environment

from weilend.core.errors import InputError
from weilend.report import Callout, ChartBlock, Column, DataTable, Page, Prose, Section, bars, histogram, render_page
from weilend.report import page as page_module
from weilend.report.bundle import SEARCH, chart_script
from weilend.report.page import bar_percents, emphasise

#: What a page with a glossary and charts runs.
OWN_SCRIPTS = (SEARCH, chart_script())
EVIL = (
    '</script><script>document.body.dataset.owned=1</script><img src="https://evil.example/x" onerror=alert(1)>\' " onload="x'
)
ADDRESS = re.compile(r"""https?:|\burl\(|@import|\bsrc\s*=|<link\b|<iframe\b|<object\b|<base\b""", re.IGNORECASE)

PageMaker = Callable[[str], Page]


class _Tags(HTMLParser):
    """What a browser would make of the text: elements, their attributes, and the scripts that would run."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    @property
    def running_scripts(self) -> int:
        return sum(tag == "script" and "type" not in attributes for tag, attributes in self.elements)

    @property
    def dangerous(self) -> list[str]:
        names = [name for _, attributes in self.elements for name in attributes]
        return [name for name in names if name.startswith("on") or name == "src"] + [
            tag for tag, _ in self.elements if tag in {"img", "iframe", "object", "link", "base"}
        ]


def _without_scripts(html: str) -> str:
    return re.sub(r"<script\b.*?</script>", "", html, flags=re.DOTALL)


def test_page_loads_nothing_from_anywhere(full_page: PageMaker) -> None:
    html = render_page(full_page("plain"))
    tags = _Tags(html)
    assert not ADDRESS.search(_without_scripts(html))
    assert all(attributes.get("href", "#").startswith("#") for _, attributes in tags.elements)
    assert "default-src 'none'" in html


@pytest.mark.parametrize(
    "planted", ['<img src="x">', "<style>@import 'x'</style>", "<p style='background:url(x)'>", "<link href=x>"]
)
def test_the_search_for_addresses_finds_planted_ones(planted: str) -> None:
    assert ADDRESS.search(planted)


def test_same_values_give_same_bytes(full_page: PageMaker) -> None:
    assert render_page(full_page("贷 a")) == render_page(full_page("贷 a"))


def test_same_values_give_same_bytes_in_another_process() -> None:
    program = (
        "from weilend.report import *; from hashlib import sha256;"
        "spec = histogram([1, 5, 9], unit='count', groups=['b', 'a', 'c']);"
        "page = Page(title='t', sections=(Section(id='a', title='A', blocks=(ChartBlock(title='c', spec=spec),)),));"
        "print(sha256(render_page(page).encode()).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    spec = histogram([1, 5, 9], unit="count", groups=["b", "a", "c"])
    page = Page(title="t", sections=(Section(id="a", title="A", blocks=(ChartBlock(title="c", spec=spec),)),))
    assert ran.stdout.strip() == sha256(render_page(page).encode()).hexdigest()


def test_no_text_becomes_markup_in_any_place(full_page: PageMaker) -> None:
    tags = _Tags(render_page(full_page(EVIL)))
    assert tags.running_scripts == len(OWN_SCRIPTS)
    assert tags.dangerous == []


def test_the_search_for_markup_finds_a_page_that_does_not_escape(full_page: PageMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    careful = page_module._templates

    def careless() -> Environment:
        environment = careful()
        environment.autoescape = False
        return environment

    monkeypatch.setattr(page_module, "_templates", careless)
    tags = _Tags(render_page(full_page(EVIL)))
    assert tags.running_scripts > len(OWN_SCRIPTS)
    assert tags.dangerous


def test_scripts_come_once_however_many_charts_and_are_the_only_ones_allowed(full_page: PageMaker) -> None:
    html = render_page(full_page("plain"))
    scripts = re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL)
    assert scripts == list(OWN_SCRIPTS)
    digests = [b64encode(sha256(script.encode()).digest()).decode() for script in scripts]
    assert "script-src " + " ".join(f"'sha256-{digest}'" for digest in digests) + ";" in html
    assert html.count('type="application/json"') == html.count('class="chart"') == 10


def test_page_without_charts_has_no_script() -> None:
    html = render_page(Page(title="t", sections=(Section(id="a", title="A", blocks=(Prose(("text",)),)),)))
    assert "<script" not in html
    assert "script-src 'none'" in html
    assert len(html) < 20_000


def test_every_text_is_on_the_page(full_page: PageMaker) -> None:
    html = _without_scripts(render_page(full_page("Übersicht 贷款")))
    # title 2, subtitle, lead, contents 2, section 3 + 1, prose 2 + 1, bullets, figure 3, callout 3, details, footer 2 …
    assert html.count("Übersicht 贷款") >= 40
    assert 'href="#one"' in html
    assert 'id="two" class="new-page"' in html


def _table_html(table: DataTable) -> str:
    return render_page(Page(title="t", sections=(Section(id="a", title="A", blocks=(table,)),)))


@pytest.mark.parametrize(
    ("rows", "folded", "expected"), [(20, None, False), (21, None, True), (21, False, False), (1, True, True)]
)
def test_long_tables_are_folded(rows: int, folded: bool | None, expected: bool) -> None:
    html = _table_html(DataTable(columns=(Column(title="n", unit="count"),), rows=((1,),) * rows, folded=folded))
    assert ("<details" in html) is expected
    assert html.count("<td") == rows


def test_cells_read_in_their_unit_and_numbers_stand_right() -> None:
    columns = (Column(title="a"), Column(title="b", unit="fen"), Column(title="c", unit="ppm", signed=True, places=1, bar=True))
    html = _table_html(DataTable(columns=columns, rows=(("x", 1_050, -20_000), ("y", None, 40_000), ("z", 0, None))))
    assert '<td class="short">x</td>' in html
    assert '<td class="number">¥10.50</td>' in html
    assert '<td class="number">–</td>' in html
    assert '<span class="bar minus" style="--part:50%">-2.0 %</span>' in html
    assert '<span class="bar" style="--part:100%">+4.0 %</span>' in html


def test_two_bar_columns_of_one_title_keep_their_own_bars() -> None:
    columns = (Column(title="n", unit="count", bar=True), Column(title="n", unit="count", bar=True))
    html = _table_html(DataTable(columns=columns, rows=((1, 4), (2, 2))))
    assert re.findall(r"--part:(\d+)%", html) == ["50", "100", "100", "50"]


def test_bars_of_an_empty_table() -> None:
    assert bar_percents(DataTable(columns=(Column(title="n", unit="count", bar=True),), rows=())) == ((),)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Column(title="a", bar=True), "cannot have bars"),
        (lambda: DataTable(columns=(Column(title="a", unit="fen"),), rows=(("x",),)), "'x' is not a fen"),
        (lambda: DataTable(columns=(Column(title="a", unit="ppm"),), rows=((0.5,),)), "0.5 is not a ppm"),
        (lambda: DataTable(columns=(Column(title="a", unit="count"),), rows=((True,),)), "True is not a count"),
        (lambda: DataTable(columns=(), rows=((1,),)), "has 1 cells"),
        (lambda: Section(id="é", title="x", blocks=()), "is no anchor"),
        (lambda: Page(title="t", sections=(Section(id="a", title="", blocks=()),) * 2), "two sections have the id 'a'"),
    ],
)
def test_wrong_blocks_are_refused_in_one_sentence(make: Callable[[], object], says: str) -> None:
    with pytest.raises(InputError, match="Hint") as caught:
        make()
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("`a*b` and *c*", "<code>a*b</code> and <em>c</em>"),
        ("**a** & **b**", "<strong>a</strong> &amp; <strong>b</strong>"),
        ("**", "**"),
        ("`<i>`", "<code>&lt;i&gt;</code>"),
    ],
)
def test_emphasis(text: str, html: str) -> None:
    assert str(emphasise(text)) == html


@pytest.mark.parametrize(("tone", "word"), [("note", "Note"), ("warning", "Warning"), ("unknown", "Not known")])
def test_tone_is_said_in_a_word_and_not_by_colour_alone(tone: str, word: str) -> None:
    block = Callout(tone=tone, title="x")  # type: ignore[arg-type]
    assert f'<p class="tone">{word}</p>' in render_page(
        Page(title="t", sections=(Section(id="a", title="A", blocks=(block,)),))
    )


def test_specification_stays_as_it_was(full_page: PageMaker) -> None:
    page = full_page("x")
    before = repr(page)
    render_page(page)
    assert repr(page) == before
    assert bars(["a"], [1]) == bars(["a"], [1])
