"""The contents page says who handed in which ledger."""

from __future__ import annotations

import re
from pathlib import Path

import report_fakes as fakes

from pbanalysis.reports.digests import rows_of
from pbanalysis.reports.documents.contents import contents
from pbanalysis.store.county import open_county


def _cells(store: Path) -> list[str]:
    county = open_county(store, as_of=fakes.AS_OF)
    page = contents(
        county=county,
        period=fakes.PERIOD,
        results=fakes.published(county, fakes.PERIOD),
        entries=[],
        rows=rows_of(county),
    ).decode("utf-8")
    text = re.sub(r"<[^>]+>", " ", page)
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
