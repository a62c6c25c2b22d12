"""Against a plan: files audited, progress of each supporting measure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from pbanalysis.exhibits.blocks import Box, Figure, Line
from pbanalysis.exhibits.figures.bars import SIZE, row_layout, row_names
from pbanalysis.exhibits.figures.caption import Caption, Numbers, floats, joined, number_text
from pbanalysis.exhibits.figures.sheet import Sheet, drawn, shortened, text_mm
from pbanalysis.exhibits.lines import spans_of
from pbanalysis.exhibits.numbers import percent
from pbanalysis.exhibits.style import BAD, HATCH, INK, LIGHT, MID, PAPER, ROWS_MM
from pbanalysis.terms import STATES
from pbanalysis.themes.reading import FEW

__all__ = ["Measure", "audit_coverage", "progress"]


@drawn
def audit_coverage(
    caption: Caption,
    labels: Sequence[str],
    audited: Numbers,
    total: Numbers,
    *,
    required: float = 0.3,
    judged: Collection[int] | None = None,
) -> Figure | Box:
    """Share of files audited with the required share as a line; a shortfall says how many are missing.

    Parameters
    ----------
    audited, total : array_like, shape (k,)
        Files audited and files there are, the unit that the title speaks of first; the number required is
        rounded up.
    judged
        Rows that the requirement binds and that are due; of the others no shortfall is said. None: all.
    """
    done, files = floats(audited), floats(total)
    known = [k for k in range(len(files)) if files[k] > 0 and np.isfinite(done[k])]
    if not known:
        return caption.nothing(f"没有应抽查的{caption.counted}，本图不画。")
    need = [ceil(required * files[k] - 1e-9) if k in known else 0 for k in range(len(files))]
    bound = [k for k in known if judged is None or k in judged]
    short = [k for k in bound if done[k] < need[k]]
    text = [
        f"{'！' if k in short else ''}{number_text(done[k])}/{number_text(files[k])}"
        + (f"，{percent(done[k] / files[k], files[k])}" if files[k] >= FEW else "")
        + (f"，缺 {number_text(need[k] - done[k])} {caption.counted}" if k in short else "")
        if k in known
        else "无应抽查对象"
        for k in range(len(files))
    ]
    pitch, head, tail = row_layout(labels, text)
    sheet = Sheet(7.0 + pitch * len(labels) + 3.0)
    width, thick = sheet.width - head - tail, pitch * 0.6
    at = [7.0 + pitch * (k + 0.5) - thick / 2 for k in range(len(files))]
    share = {k: done[k] / files[k] for k in known}
    sheet.rects([(head, at[k], width, thick) for k in known], face="#f1f1f1")
    sheet.rects([(head, at[k], width * share[k], thick) for k in known if k not in short], face=MID)
    sheet.rects([(head, at[k], width * share[k], thick) for k in short if share[k]], face=BAD)
    x = head + width * required
    sheet.lines([(x, 5.0, x, 7.0 + pitch * len(labels))], INK, linestyle=(0, (3, 2)), linewidth=0.9)
    sheet.text(x, 2.8, f"要求 {percent(required, 1)}", 7, ha="center")
    row_names(sheet, labels, head, 7.0, pitch)
    for k, line in enumerate(text):
        sheet.text(head + width + 1.5, at[k] + thick / 2, line, 7)
    fact, unit, first = caption.fact, f" {caption.counted}", known[0]
    n, checked = files[first], done[first]
    share_of: Line = (caption.share("share", checked / n, n), "，") if n >= FEW else ""
    title: Line = (
        f"{caption.subject}：{labels[first]} ",
        fact("n", n),
        f"{unit}中抽查 ",
        fact("audited_n", checked),
        f"{unit}（",
        *spans_of(share_of),
        "要求不低于 " if first in bound else "全县要求不低于 ",
        caption.given("required", required, percent(required, 1), by=caption.clause),
        "）",
    )
    met: list[Line] = (
        ["各行均达到要求" if len(bound) == len(known) else "已到期并受此要求的均达到"] if bound else []
    )
    rows: list[Line] = [
        (f"{labels[k]}缺 ", fact(f"short_{k}", float(need[k] - done[k])), unit) for k in short
    ]
    return caption.figure(sheet, title=title, alt=joined([title, *(rows or met)]), n=caption.size(n))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One supporting measure: the county's figure against its target.

    ``value`` and ``target`` are on one scale (shares 0–1 where ``is_share``). ``state`` is a state of
    results; ``better`` is ``down`` where the target is a ceiling.
    """

    label: str
    value: float | None
    target: float | None
    unit: str = ""
    deadline: str = ""
    state: str = "info"
    better: str = "up"
    is_share: bool = False
    clause: str = ""

    def text(self, number: float) -> str:
        """A number of the measure as printed."""
        return percent(number, 100) if self.is_share else f"{number_text(number)}{self.unit}"


@drawn
def progress(caption: Caption, measures: Sequence[Measure]) -> Figure | Box:
    """Progress of supporting measures: the target is one line for all, bars are shares of it.

    A missing or suppressed figure is hatched. A ceiling that is not kept is a signal, as is a deadline
    missed (state ``not_met``).
    """
    known = [k for k, measure in enumerate(measures) if measure.value is not None]
    if not known:
        return caption.nothing("各项支撑措施均无数据，本图不画。")
    lines = [_progress_text(measure) for measure in measures]
    head = min(max(text_mm(measure.label, SIZE) for measure in measures) + 2.0, 54.0)
    tail = min(max(text_mm(line, 7) for line in lines) + 3.0, 62.0)
    pitch = float(np.clip(ROWS_MM / len(measures), 4.4, 7.0))
    sheet = Sheet(7.0 + pitch * len(measures) + 8.0)
    width, thick = sheet.width - head - tail, pitch * 0.6
    goal = head + width / 1.25
    sheet.lines([(goal, 5.0, goal, 7.0 + pitch * len(measures))], INK, linestyle=(0, (3, 2)), linewidth=0.9)
    sheet.text(goal, 2.8, "目标", 7, ha="center")
    for k, measure in enumerate(measures):
        y = 7.0 + pitch * (k + 0.5)
        _progress_bar(sheet, measure, (head, y - thick / 2, goal - head, thick))
        sheet.text(head + width + 2.0, y, shortened(lines[k], tail - 2.0, 7), 7)
    row_names(sheet, [measure.label for measure in measures], head, 7.0, pitch)
    key: list[tuple[dict[str, Any], str]] = [({"shape": "box", "face": LIGHT}, f"{caption.county}合计")]
    if any(measure.state == "not_met" for measure in measures):
        key.append(({"shape": "box", "face": PAPER, "edge": BAD, "linewidth": 1.2}, "！到期未达标"))
    sheet.key(0, sheet.height - 3.5, key)
    return caption.figure(sheet, **_progress_words(caption, measures, known))


def _progress_text(measure: Measure) -> str:
    if measure.value is None:
        return STATES.get(measure.state, "数据缺失")
    text = measure.text(measure.value)
    if measure.target is not None:
        text += f"/{'≤' if measure.better == 'down' else ''}{measure.text(measure.target)}"
    return (
        ("！" if measure.state == "not_met" else "")
        + text
        + (f"，{measure.deadline}" if measure.deadline else "")
    )


def _progress_bar(sheet: Sheet, measure: Measure, place: tuple[float, float, float, float]) -> None:
    """The bar of one measure; ``place`` reaches from zero to the target."""
    left, top, goal, thick = place
    if measure.value is None:
        sheet.rects([(left, top, 12.0, thick)], edge=MID, hatch=HATCH)
        return
    if not measure.target:  # a ceiling of zero, or no number in the plan: nothing to be a share of
        return
    reach = min(measure.value / measure.target, 1.25)
    edge: dict[str, Any] = {"edge": BAD, "linewidth": 1.2} if measure.state == "not_met" else {}
    sheet.rects([(left, top, goal, thick)], face="#f4f4f4")
    sheet.rects([(left, top, goal * reach, thick)], face=LIGHT, **edge)


def _progress_words(caption: Caption, measures: Sequence[Measure], known: Sequence[int]) -> dict[str, Line]:
    met = sum(measure.state == "met" for measure in measures)
    late = sum(measure.state == "not_met" for measure in measures)
    fact = caption.fact
    title = joined(
        [
            (
                f"{caption.subject}：所列 ",
                fact("n", len(measures)),
                " 项中已达目标 ",
                fact("met_n", met),
                " 项",
            ),
            ("到期未达 ", fact("not_met_n", late), " 项"),
        ],
        "，",
        "",
    )
    rows: list[Line] = []
    for k in known:
        measure = measures[k]
        number = measure.value if measure.value is not None else 0.0
        row: Line = (f"{measure.label} ", fact(f"row_{k}", number, measure.text(number)))
        if measure.target is not None:
            row = (
                *spans_of(row),
                "，目标 ",
                caption.given(f"target_{k}", measure.target, measure.text(measure.target), by=measure.clause),
            )
        rows.append(row)
    without = len(measures) - len(known)
    missing: list[Line] = [("无数字 ", fact("without_n", without), " 项")] if without else []
    return {
        "title": title,
        "alt": joined([title, *rows, *missing]),
        "n": caption.size(len(measures), "项措施"),
    }
