"""Figures: every kind at three sizes says its finding, stays on its sheet and draws the same bytes."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pbanalysis.exhibits import figures as fig
from pbanalysis.exhibits.blocks import Box, Figure
from pbanalysis.exhibits.figures.sheet import Sheet, text_mm
from pbanalysis.exhibits.style import BAD, GOOD

GALLERY = Path(__file__).parents[2] / "benchmarks" / "drawing.py"


def _gallery() -> ModuleType:
    spec = importlib.util.spec_from_file_location("drawing", GALLERY)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


drawing = _gallery()
KINDS = list(drawing.gallery(3))
Texts = list[tuple[str, float, float, float, float]]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Texts:
    """What the sheets write: text, left, right, y, size, and the sheet's own height as a last line."""
    texts: Texts = []
    write: Callable[..., None] = Sheet.text

    def spy(self: Sheet, x: float, y: float, text: str, size: float = 7.5, **style: Any) -> None:
        width = text_mm(text, size)
        left = x - {"left": 0.0, "center": width / 2, "right": width}[style.get("ha", "left")]
        texts.append((text, left, left + width, y, size))
        assert y - size * 0.15 >= 0, f"above the sheet: {text}"
        assert y + size * 0.15 <= self.height, f"below the sheet: {text}"
        assert left >= -0.3, f"cut at the left: {text}"
        assert left + width <= self.width + 0.3, f"cut at the right: {text}"
        write(self, x, y, text, size, **style)

    monkeypatch.setattr(Sheet, "text", spy)
    return texts


def digest(k: int) -> str:
    """SHA-256 over every figure of one size."""
    svgs = [exhibit.svg for make in drawing.gallery(k).values() if isinstance(exhibit := make(), Figure)]
    return hashlib.sha256("\0".join(svgs).encode()).hexdigest()


@pytest.mark.parametrize("k", drawing.SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_figure_says_its_finding(kind: str, k: int) -> None:
    """Title, alt text, unit, n and source are there; every number of title and n is a fact."""
    exhibit = drawing.gallery(k)[kind]()
    block = json.loads(json.dumps(exhibit.block(), allow_nan=False))
    if isinstance(exhibit, Box):
        assert (kind, k) == ("step_durations", 3)  # fewer than five persons a step: said, not drawn
        assert block["items"][0]
        return
    for part in ("title", "alt", "unit", "n", "source"):
        assert block[part].strip()
        assert "nan" not in block[part].lower()
    assert re.search(r"\d", block["alt"])
    known = {fact["text"].rstrip("%") for fact in block["facts"]}
    quiet = re.sub(r"\d{4}-\d{2}(-\d{2})?|支撑措施第\d+项|逾期 \d+—\d+ 天", "", block["title"] + block["n"])
    assert set(re.findall(r"\d+(?:\.\d+)?", quiet)) <= known
    assert block["size"] == [156, pytest.approx(exhibit.size[1])]
    assert exhibit.size[1] <= 205, "higher than the text area of a page"


@pytest.mark.parametrize("k", drawing.SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_no_label_is_cut_or_covered(kind: str, k: int, written: Texts) -> None:
    """Every text stays on the sheet and no two texts cover each other, with 3 rows as with 40."""
    drawing.gallery(k)[kind]()
    for i, (one, left, right, y, size) in enumerate(written):
        for other, left2, right2, y2, size2 in written[:i]:
            beside = left >= right2 - 0.2 or left2 >= right - 0.2
            apart = abs(y - y2) >= 0.8 * 0.3528 * (size + size2) / 2
            assert beside or apart, f"{one!r} covers {other!r}"


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_self_contained(kind: str) -> None:
    """Well-formed SVG with its alt text, paths instead of text, and no reference but to itself."""
    exhibit = drawing.gallery(14)[kind]()
    root = ET.fromstring(exhibit.svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == exhibit.block()["alt"]
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert not tags & {"text", "style", "script", "image", "metadata"}
    ids = {element.get("id") for element in root.iter() if element.get("id")}
    used = set(re.findall(r'(?:url\(#|href="#)([^")]*)', exhibit.svg))
    assert used == ids
    links = set(re.findall(r'(?:https?:)?//[^"\s]*', exhibit.svg))
    assert links == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_pictures_of_one_page_share_no_id() -> None:
    """All figures of a report, and the same figure under another id, can stand on one page."""
    svgs = [make().svg for make in drawing.gallery(14).values()]
    one, two = (
        fig.counts(fig.Caption(id=name, subject="问题", unit="项", source="台账"), ["甲", "乙"], [3, 2])
        for name in ("A", "B")
    )
    assert isinstance(one, Figure)
    assert isinstance(two, Figure)
    ids = [name for svg in (*svgs, one.svg, two.svg) for name in re.findall(r' id="([^"]*)"', svg)]
    assert len(ids) == len(set(ids))


def test_drawing_is_the_same_in_every_process() -> None:
    """Repeated and in another process (other hash seed, other folder): the same bytes; no pyplot, no backend."""
    here = digest(14)
    assert digest(14) == here
    probe = (
        "import importlib.util as u, sys\n"
        f"s = u.spec_from_file_location('t', {str(Path(__file__))!r})\n"
        "m = u.module_from_spec(s); s.loader.exec_module(m)\n"
        "print(m.digest(14))\n"
        "import matplotlib\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "assert not isinstance(matplotlib.rcParams._get('backend'), str)\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "MPLBACKEND": ""}
    environment.pop("MPLBACKEND")
    there = subprocess.run(
        [sys.executable, "-c", probe], env=environment, cwd="/", capture_output=True, text=True, check=False
    )
    assert there.stdout.strip() == here, there.stderr


def test_drawing_leaves_the_settings_alone() -> None:
    """A maker runs under its own style; the caller's settings are as before."""
    import matplotlib

    before = {key: value for key, value in matplotlib.rcParams.items() if key != "backend"}
    drawing.gallery(3)["forest"]()
    assert {key: value for key, value in matplotlib.rcParams.items() if key != "backend"} == before


def test_png_for_word() -> None:
    """The PNG has the figure's size at 220 dpi, and is the same each time."""
    exhibit = drawing.gallery(3)["mix"]()
    png = exhibit.png()
    assert exhibit.png() == png

    image = Image.open(io.BytesIO(png))
    assert image.size == tuple(pytest.approx(side / 25.4 * 220, abs=1.5) for side in exhibit.size)
    first, second = fig.pngs_of([(exhibit.svg, exhibit.size), (exhibit.svg, exhibit.size)])
    assert first == second == png


def caption(**changes: Any) -> fig.Caption:
    """A caption without passed words."""
    return fig.Caption(
        **{"id": "x", "subject": "事项", "unit": "项", "source": "台账", "counted": "项", **changes}
    )


def test_passed_words_win() -> None:
    """Title, alt text and n that the caller computed are printed instead of the neutral ones."""
    passed = caption(title="结论", alt="替代文字", n="n = 5 项", facts=())
    block = fig.counts(passed, ["甲", "乙"], [3, 2]).block()
    assert (block["title"], block["alt"], block["n"]) == ("结论", "替代文字", "n = 5 项")
    assert block["facts"] == []


NAN = float("nan")
NONE_CURVE = fig.Curve([], [], [], 0)
EMPTY: dict[str, Callable[[], Figure | Box]] = {
    "branch_months, no branch": lambda: fig.branch_months(caption(), [], ["1月"], []),
    "branch_months, all missing": lambda: fig.branch_months(caption(), ["甲"], ["1月"], [["unknown"]]),
    "forest, empty": lambda: fig.forest(caption(), [], [], [], []),
    "forest, all missing": lambda: fig.forest(caption(), ["甲"], [None], [None], [None]),
    "funnel, empty": lambda: fig.funnel(
        caption(), [], [], [], centre=0.5, bounds=fig.FunnelLimits([], [], [], [], [])
    ),
    "funnel, no denominator": lambda: fig.funnel(
        caption(), ["甲"], [0], [NAN], centre=0.5, bounds=fig.FunnelLimits([1], [0], [1], [0], [1])
    ),
    "survival, nobody": lambda: fig.survival(caption(), NONE_CURVE, fig.Curve([3], [0.5], [2], 2)),
    "survival, none": lambda: fig.survival(caption(), None),
    "time_to_event, nobody": lambda: fig.time_to_event(caption(), NONE_CURVE),
    "incidence, nobody": lambda: fig.cumulative_incidence(caption(), [], {"办结": []}, n=0),
    "xmr, empty": lambda: fig.xmr(caption(), [], [], centre=0.5, low=0, high=1),
    "xmr, all missing": lambda: fig.xmr(caption(), ["1月"], [NAN], centre=0.5, low=0, high=1),
    "burn_down, empty": lambda: fig.burn_down(caption(), [], []),
    "burn_down, nothing open": lambda: fig.burn_down(caption(), ["1月"], [0]),
    "counts, empty": lambda: fig.counts(caption(), [], []),
    "counts, all missing": lambda: fig.counts(caption(), ["甲"], [None]),
    "counts, all zero": lambda: fig.counts(caption(), ["甲", "乙"], [0, 0]),
    "mix, empty": lambda: fig.mix(caption(), [], ["甲"], []),
    "mix, all zero": lambda: fig.mix(caption(), ["本乡镇"], ["甲"], [[0]]),
    "audit, no file": lambda: fig.audit_coverage(caption(), ["甲"], [0], [0]),
    "progress, empty": lambda: fig.progress(caption(), []),
    "progress, all missing": lambda: fig.progress(caption(), [fig.Measure(label="甲", value=None, target=1)]),
    "steps, empty": lambda: fig.step_durations(caption(), []),
    "steps, four persons": lambda: fig.step_durations(caption(), [fig.Step("谈话", [1, 2, 3, 4], 30)]),
    "terms, empty": lambda: fig.expiring_terms(caption(), [], [], "2023-12-31"),
    "terms, no date": lambda: fig.expiring_terms(caption(), ["甲"], ["NaT"], "2023-12-31"),
    "matrix, empty": lambda: fig.matrix(caption(), [], [], []),
    "matrix, all zero": lambda: fig.matrix(caption(), ["甲"], ["乙"], [[0]]),
}


@pytest.mark.parametrize("case", EMPTY)
def test_nothing_to_draw_is_said_in_words(case: str) -> None:
    """Empty, all missing or all zero: a box with a sentence, never empty axes, never a crash."""
    box = EMPTY[case]()
    assert isinstance(box, Box)
    block = box.block()
    text = "".join(span if isinstance(span, str) else span["t"] for span in block["items"][0])
    assert block["title"] == "事项"
    assert text.endswith("。")


ONE: dict[str, Callable[[], Figure | Box]] = {
    "branch_months": lambda: fig.branch_months(caption(), ["甲"], ["1月"], [["held"]]),
    "forest": lambda: fig.forest(caption(), ["甲"], [1.0], [0.2], [1.0], county=1.0, target=1.0),
    "funnel": lambda: fig.funnel(
        caption(), ["甲"], [1], [1.0], centre=0.5, bounds=fig.FunnelLimits([1], [0], [1], [0], [1]), own=0
    ),
    "survival": lambda: fig.survival(caption(), fig.Curve([0], [0.0], [1], 1)),
    "time_to_event": lambda: fig.time_to_event(caption(), fig.Curve([5], [1.0], [1], 1)),
    "incidence": lambda: fig.cumulative_incidence(caption(), [3], {"办结": [1.0]}, n=1),
    "xmr": lambda: fig.xmr(caption(), ["1月"], [0.5], centre=0.5, low=0.5, high=0.5),
    "burn_down": lambda: fig.burn_down(caption(), ["1月"], [1]),
    "counts": lambda: fig.counts(caption(), ["甲"], [1]),
    "mix": lambda: fig.mix(caption(), ["本乡镇", "全县"], ["甲"], [[1], [NAN]]),
    "audit": lambda: fig.audit_coverage(caption(), ["甲"], [0], [1]),
    "progress": lambda: fig.progress(caption(), [fig.Measure(label="甲", value=0.0, target=0.0)]),
    "steps": lambda: fig.step_durations(caption(), [fig.Step("谈话", [0, 0, 0, 0, 0])]),
    "terms": lambda: fig.expiring_terms(caption(), ["甲"], ["2023-12-31"], "2023-12-31"),
    "matrix": lambda: fig.matrix(caption(), ["甲"], ["乙"], [[1]]),
}


@pytest.mark.parametrize("case", ONE)
def test_one_row_draws(case: str, written: Texts) -> None:
    """A single row, constant or at an end of the scale, draws without a warning."""
    exhibit = ONE[case]()
    assert isinstance(exhibit, Figure)
    ET.fromstring(exhibit.svg)
    assert not any("nan" in text for text, *_ in written)


@pytest.mark.parametrize("name", ["branches", "townships"])
def test_sixty_rows_and_more_stay_on_one_page(name: str, written: Texts) -> None:
    """Beyond what can be named the grid folds into two columns and a sum, the forest names signals only."""
    if name == "branches":
        states = np.where(np.arange(150 * 12).reshape(150, 12) % 7, "held", "missing")
        exhibit = fig.branch_months(
            caption(), [f"第{i}村党支部" for i in range(150)], [f"{m}月" for m in range(1, 13)], states
        )
        assert any("其余 60 个支部" in text for text, *_ in written)
    else:
        rates = np.linspace(0.2, 0.9, 90)
        signals = ["high" if i == 40 else "no_signal" for i in range(90)]
        exhibit = fig.forest(
            caption(),
            [f"第{i}乡" for i in range(90)],
            rates,
            rates - 0.1,
            rates + 0.1,
            signals=signals,
        )
        assert {text for text, *_ in written if text.startswith("第")} == {"第40乡"}
    assert isinstance(exhibit, Figure)
    assert exhibit.size[1] <= 205


@pytest.mark.parametrize("style", [{"face": BAD}, {"face": BAD, "edge": GOOD}, {"edge": BAD}])
def test_hundreds_of_circles_look_as_a_few_do(style: dict[str, str]) -> None:
    """Many marks of a kind keep their colours, with a rim, without one, and hollow."""
    points = np.column_stack([np.linspace(5, 150, 300), np.full(300, 10.0)])
    pictures = []
    for some in (points[:20], points):
        sheet = Sheet(20.0)
        sheet.marks("circle", some, 0.5, **style)
        pictures.append(sheet.svg("x", "多点"))
    for picture in pictures:
        assert {colour for colour in (GOOD, BAD) if colour in picture} == set(style.values())


@pytest.mark.filterwarnings("error")
def test_a_character_the_font_lacks_is_measured_as_what_is_drawn_for_it() -> None:
    """〓 stands for it (the attachment then names it); a control character has no width."""
    assert text_mm("松𠮷镇", 8) == text_mm("松〓镇", 8)
    assert text_mm("松\u0007镇\n", 8) == text_mm("松镇", 8)


_FORKS = """
import os, sys
from pbanalysis.exhibits.figures.sheet import text_mm
from pbanalysis.exhibits.fonts import missing_glyphs
text_mm("先", 8)  # the face is open before the fork
common = [character for k in range(6000) if not missing_glyphs(character := chr(0x4E00 + k))]
children = []
for k in range(4):
    child = os.fork()
    if not child:
        widths = {round(text_mm(character, 8), 3) for character in common}
        os._exit(len(widths) != 1)  # Chinese characters are all one em wide
    children.append(child)
sys.exit(any(os.waitpid(child, 0)[1] for child in children))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_face_that_is_open_at_a_fork_is_opened_anew() -> None:
    """Forks share the place in a file that is open: side by side they would read each other's outlines."""
    done = subprocess.run([sys.executable, "-c", _FORKS], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
