"""The offline page of a report: no request, no script, readable on screen and on paper, the same bytes twice."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from PIL import Image, ImageChops, ImageStat

import pbanalysis as pb
from pbanalysis.reports.documents import html
from pbanalysis.reports.documents.glyphs import shared

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
THEMES = {"study_quality": "学习质量", "member_development": "发展党员", "rectification": "整改成效"}


@pytest.fixture(scope="module")
def notebooks(
    root: Path, demo_store: Path, demo_results: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """Executed notebooks of one township."""
    out = tmp_path_factory.mktemp("executed")
    code = pb.open_county(demo_store).townships["township_id"].iloc[1]
    parameters = {"store": str(demo_store), "township_id": code, "results": str(demo_results)}
    return {
        name: papermill.execute_notebook(
            str(root / "notebooks" / f"{name}.ipynb"),
            str(out / f"{name}.ipynb"),
            parameters,
            progress_bar=False,
            cwd=str(out),
        )
        for name in THEMES
    }


@pytest.fixture(scope="module")
def pages(notebooks: dict[str, Any]) -> dict[str, bytes]:
    """Their pages."""
    return {
        name: html.render_html(node, title=f"松溪镇{THEMES[name]}（2023年度）")
        for name, node in notebooks.items()
    }


class _Outline(HTMLParser):
    """Headings, ids, links, images and scripts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.levels: list[int] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = dict(attrs)
        self.tags.append((tag, about))
        if re.fullmatch(r"h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if about.get("id"):
            self.ids.append(str(about["id"]))
        self.links += [str(about[name]) for name in ("href", "xlink:href", "src") if about.get(name)]


def test_pages_are_self_contained(pages: dict[str, bytes]) -> None:
    """No script, no address, no inline handler; a policy that forbids them; Chinese by declaration."""
    for page in pages.values():
        text = page.decode("utf-8")
        outline = _Outline(text)
        assert '<html lang="zh-CN">' in text
        assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in text
        assert not any(
            tag == "script" or any(name.startswith("on") for name in about) for tag, about in outline.tags
        )
        assert all(link.startswith(("#", "data:")) for link in outline.links)
        assert not re.search(r"https?://(?!www\.w3\.org/)", text)


def test_pages_can_be_read_by_everyone(pages: dict[str, bytes]) -> None:
    """Headings in order, unique ids, links that lead somewhere, pictures with words, tables with scopes."""
    for page in pages.values():
        outline = _Outline(page.decode("utf-8"))
        assert outline.levels[0] == 1
        assert outline.levels.count(1) == 1
        assert all(after - before <= 1 for before, after in zip(outline.levels, outline.levels[1:]))
        assert len(outline.ids) == len(set(outline.ids))
        assert {link[1:] for link in outline.links if link.startswith("#")} <= set(outline.ids)
        for tag, about in outline.tags:
            if tag == "svg":
                assert about["role"] == "img"
                assert len(str(about["aria-label"])) > 10
            if tag == "th":
                assert about["scope"] in ("col", "row", "colgroup", "rowgroup")


def test_pages_are_small_and_the_same_every_time(notebooks: dict[str, Any], pages: dict[str, bytes]) -> None:
    """Two renderings are the same bytes, from the executed node and from the file; about 200 kB each."""
    for name, node in notebooks.items():
        again = nbformat.reads(nbformat.writes(node), as_version=4)
        title = f"松溪镇{THEMES[name]}（2023年度）"
        assert html.render_html(again, title=title) == pages[name]
        assert 30_000 < len(pages[name]) < 300_000


def test_code_and_console_output_stay_in_the_notebook(
    notebooks: dict[str, Any], pages: dict[str, bytes]
) -> None:
    """The page shows text and blocks: neither code nor what a cell wrote to the console."""
    node = nbformat.reads(nbformat.writes(notebooks["rectification"]), as_version=4)
    node["cells"][2]["outputs"].append(nbformat.v4.new_output("stream", name="stderr", text="本机路径"))
    page = html.render_html(node, title=f"松溪镇{THEMES['rectification']}（2023年度）")
    assert page == pages["rectification"]
    assert "open_county" not in page.decode("utf-8")


def test_a_page_says_that_it_is_no_final_one(notebooks: dict[str, Any]) -> None:
    """Drafts and reports under check say so beside the title and behind the text; a final one says nothing."""
    for status, said in (("draft", "草稿"), ("checking", "核实中"), ("final", "")):
        page = html.render_html(notebooks["study_quality"], title="甲镇", status=status).decode("utf-8")
        assert ("［" in page.partition("</h1>")[0]) == bool(said)
        assert (f"［{said}］</span></h1>" in page) == (f'<body data-status="{said}">' in page) == bool(said)


def test_a_title_cannot_break_the_page(notebooks: dict[str, Any]) -> None:
    """Names are escaped wherever they stand."""
    page = html.render_html(notebooks["rectification"], title="<b>镇</b>&“x”").decode("utf-8")
    assert "<h1>&lt;b&gt;镇&lt;/b&gt;&amp;“x”</h1>" in page


@pytest.fixture(scope="module")
def chromium(program: Any) -> Iterator[Any]:
    """A headless browser."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program("chromium"), args=list(FLAGS))
        yield browser
        browser.close()


@pytest.mark.browser
@pytest.mark.parametrize("scripts", [True, False])
def test_pages_open_without_errors_or_requests(
    chromium: Any, pages: dict[str, bytes], tmp_path: Path, scripts: bool
) -> None:
    """From a file, scripts on and off: nothing in the console, nothing asked of any host, nothing wider than the page."""
    context = chromium.new_context(java_script_enabled=scripts, viewport={"width": 1160, "height": 900})
    for name, page in pages.items():
        path = tmp_path / f"{name}.html"
        path.write_bytes(page)
        tab, said, asked = context.new_page(), [], []
        tab.on("console", lambda message, said=said: said.append(message.text))
        tab.on("pageerror", lambda error, said=said: said.append(str(error)))
        tab.on("request", lambda request, asked=asked: asked.append(request.url))
        tab.goto(path.as_uri())
        assert said == []
        assert asked == [path.as_uri()]
        assert tab.locator("figure svg").count() >= 1
        if scripts:
            assert tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        tab.close()
    context.close()


@pytest.mark.browser
def test_pages_print_on_a4(chromium: Any, pages: dict[str, bytes], tmp_path: Path) -> None:
    """Printed, a report is a handful of A4 pages with page numbers and without its table of contents."""
    pypdf = pytest.importorskip("pypdf")
    path = tmp_path / "page.html"
    path.write_bytes(pages["rectification"])
    tab = chromium.new_page()
    tab.goto(path.as_uri())
    printed = pypdf.PdfReader(io.BytesIO(tab.pdf(prefer_css_page_size=True)))
    tab.close()
    assert 4 <= len(printed.pages) <= 14
    width, height = (float(side) / 72 * 25.4 for side in printed.pages[0].mediabox[2:])
    assert (round(width), round(height)) == (210, 297)
    first = printed.pages[0].extract_text()
    assert "主要结论" in first
    assert "目录" not in first


@pytest.mark.browser
def test_shared_letters_look_the_same(
    chromium: Any, notebooks: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Defining each outline once, in whole numbers, changes no picture visibly and halves the page."""
    title = "松溪镇整改成效（2023年度）"
    small = html.render_html(notebooks["rectification"], title=title)
    monkeypatch.setattr(html, "shared", lambda page: page)
    whole = html.render_html(notebooks["rectification"], title=title)
    assert shared(whole.decode("utf-8")).encode("utf-8") == small
    assert len(small) < 0.75 * len(whole)
    shots = []
    for page in (small, whole):
        tab = chromium.new_page(viewport={"width": 1160, "height": 900})
        tab.set_content(page.decode("utf-8"))
        shots.append(Image.open(io.BytesIO(tab.screenshot(full_page=True))).convert("L"))
        tab.close()
    assert shots[0].size == shots[1].size
    difference = ImageChops.difference(*shots)
    assert ImageStat.Stat(difference).mean[0] < 0.3
