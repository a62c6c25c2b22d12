"""The contents page says who handed in which ledger, which reports are made, and how final they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import report_fakes as fakes

from pbanalysis.reports.digests import rows_of
from pbanalysis.reports.documents.contents import contents
from pbanalysis.reports.manifest import Entry, State
from pbanalysis.store.county import open_county


def _page(store: Path, entries: Sequence[Entry] = ()) -> str:
    county = open_county(store, as_of=fakes.AS_OF)
    return contents(
        county=county,
        period=fakes.PERIOD,
        results=fakes.published(county, fakes.PERIOD),
        entries=entries,
        rows=rows_of(county),
    ).decode("utf-8")


def _cells(store: Path) -> list[str]:
    text = re.sub(r"<[^>]+>", " ", _page(store))
    return [" ".join(cell.split()) for cell in re.findall(r"\d/\d(?:\s+未报：[^\s]+)?", text)]


def test_the_import_tells_who_filed(store: Path, tmp_path: Path) -> None:
    """A report of nothing counts as filed, rows of other years do not; a kind without a record is told by its rows."""
    mine = tmp_path / "store"
    mine.mkdir()
    for path in store.iterdir():
        (mine / path.name).symlink_to(path)
    by_rows = _cells(mine)
    (mine / "import").mkdir(exist_ok=True)
    (mine / "import" / "filings.csv").write_text("kind,township_id,state,file\n", encoding="utf-8-sig")
    assert _cells(mine) == by_rows  # all came as tables: the record knows of no kind, and accuses nobody
    first, *others = fakes.TOWNS
    lines = ["kind,township_id,state,file"]
    for kind in ("meetings", "trainings", "admissions", "issues", "elections", "village_years"):
        lines += [f"{kind},{town},filed,x.xlsx" for town in others]
        state = {"admissions": "nil_report", "issues": "not_filed"}.get(kind, "filed")
        lines.append(f"{kind},{first},{state},")
    (mine / "import" / "filings.csv").write_text("\n".join(lines), encoding="utf-8-sig")
    cells = _cells(mine)
    assert cells[0] == "5/6 未报：问题整改"
    assert cells[1:] == ["6/6"] * len(others)
    assert by_rows != cells


def _entries(states: dict[str, State], status: str) -> list[Entry]:
    """Three reports and an attachment a township, the reports in the state given for the township."""
    return [
        Entry(town, theme, state, {"setting": {"status": status}} if theme == "document" else {})
        for town, state in states.items()
        for theme in (*fakes.THEMES, "document")
    ]


def test_it_counts_what_is_made_what_failed_and_what_is_still_to_do(store: Path) -> None:
    """A township without reports is neither complete nor failed; carried over is made."""
    first, second, third = fakes.TOWNS
    page = _page(store, _entries({first: "unchanged", second: "failed"}, "draft"))
    assert "报告齐全的乡镇（街道）1 个，有报告未能生成的 1 个，见各行错误卡，尚未全部生成的 1 个。" in page
    assert page.count("× 未生成") == 3
    whole = _page(store, _entries({first: "built", second: "unchanged", third: "built"}, "draft"))
    assert "报告齐全的乡镇（街道）3 个。" in whole
    assert whole == _page(store, _entries(dict.fromkeys(fakes.TOWNS, "built"), "draft"))


def test_it_bears_the_status_of_the_attachments(store: Path) -> None:
    """草稿 or 核实中 beside the title, the least final where they differ; nothing when all are final."""
    first, *others = fakes.TOWNS
    for least, said in (("draft", "［草稿］"), ("checking", "［核实中］"), ("final", "")):
        page = _page(
            store, _entries({first: "built"}, least) + _entries(dict.fromkeys(others, "built"), "final")
        )
        assert "".join(re.findall("［.*?］", page)) == said
