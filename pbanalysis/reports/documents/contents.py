"""What the contents page is told: every township's links, states and filings, from the manifest."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pbanalysis import __version__
from pbanalysis.calendar import Period
from pbanalysis.reports.digests import Rows
from pbanalysis.reports.documents.document import STATUSES
from pbanalysis.reports.documents.index import Sufficiency, TownshipRow, render_index
from pbanalysis.reports.manifest import Entry
from pbanalysis.terms import LEDGER_KINDS, THEMES

if TYPE_CHECKING:
    import pandas as pd

    from pbanalysis.store.county import County

__all__ = ["contents"]

# the ledgers that every township is asked for; each fills the table of its name, and is a kind of the import
_ASKED = ("meetings", "trainings", "admissions", "issues", "village_years", "elections")
_LABELS = {
    ".html": "网页",
    ".ipynb": "分析过程",
    "report.pdf": "PDF",
    "report.docx": "Word",
    "report.xlsx": "Excel",
}
_COUNTY_LABELS = {
    "overview.html": "全县一览（网页）",
    "report.pdf": "全县报告（PDF）",
    "report.docx": "全县报告（Word）",
    "report.xlsx": "全县报告（Excel）",
}


def contents(
    *, county: County, period: Period, results: pd.DataFrame, entries: Sequence[Entry], rows: Rows
) -> bytes:
    """The contents page of a run.

    Parameters
    ----------
    results
        Published results; those of other periods are left aside.
    entries
        The manifest.
    rows
        Who filed what, as :func:`~pbanalysis.reports.digests.rows_of` gives it.
    """
    by_unit: dict[str, dict[str, Entry]] = {}
    for entry in entries:
        by_unit.setdefault(entry.township_id, {})[entry.theme] = entry
    handed_in = _handed_in(county, rows)
    townships = [
        _row(town.township_id, town.name_, town.kind, by_unit.get(town.township_id, {}), handed_in)
        for town in county.townships.rename(columns={"name": "name_"}).itertuples()
    ]
    own = results[results["period"] == period.label]
    rules = sorted(set(own["rule_version"].dropna().astype(str)))
    own_files = _named(
        (name for entry in by_unit.get(county.code, {}).values() for name in entry.files), _COUNTY_LABELS
    )
    return render_index(
        county=county.name,
        period=period,
        as_of=county.as_of,
        townships=townships,
        results=own,
        county_files={**own_files, "全部指标（results.csv）": "results.csv"},
        status=_status(entries),
        basis={"规则版本": "、".join(rules), "程序版本": __version__},
    )


def _status(entries: Iterable[Entry]) -> str:
    """The attachments' status, as they print it; the least final where they differ."""
    given = {entry.inputs.get("setting", {}).get("status") for entry in entries}
    return next((said for status, said in STATUSES.items() if status in given), "")


def _handed_in(county: County, rows: Rows) -> dict[str, dict[str, bool]]:
    """Township → ledger it is asked for → whether it handed one in; a report of nothing is one.

    The import keeps who filed which kind of ledger. Of a kind that came as tables it has no record: there the
    rows tell, as far as they can. Where there are no villages no ledger of village incomes is asked for.
    """
    towns = list(county.townships["township_id"])
    villages = county.frame("villages")
    rural = set(towns if villages is None else villages["township_id"][villages["kind"] == "village"])
    path = county.folder / "import" / "filings.csv"
    filed: dict[tuple[str, str], bool] = {}
    if path.exists():
        with path.open(encoding="utf-8-sig", newline="") as file:
            filed = {
                (row["kind"], row["township_id"]): row["state"] in {"filed", "nil_report"}
                for row in csv.DictReader(file)
            }
    recorded = {kind for kind, _ in filed}
    found: dict[str, dict[str, bool]] = {}
    for town in towns:
        own = rows.get(town, {})
        found[town] = {
            table: filed.get((table, town), False) if table in recorded else table in own
            for table in _ASKED
            if table != "village_years" or town in rural
        }
    return found


def _row(
    code: str,
    name: str,
    kind: str,
    entries: Mapping[str, Entry],
    handed_in: Mapping[str, Mapping[str, bool]],
) -> TownshipRow:
    reports = {theme: entry for theme, entry in entries.items() if theme in THEMES}
    attachment = entries.get("document")
    asked = handed_in[code]
    return TownshipRow(
        township_id=code,
        name=name,
        kind=kind,
        links={theme: _links(entry, code, name) for theme, entry in reports.items()},
        files=_named(attachment.files, _LABELS) if attachment else {},
        # which run made a report is not the reader's business: the page of an interrupted run is no other
        states={t: "failed" if entry.state == "failed" else "made" for t, entry in reports.items()},
        sufficiency=Sufficiency(
            sum(asked.values()), len(asked), tuple(LEDGER_KINDS[table] for table in asked if not asked[table])
        ),
    )


def _links(entry: Entry, code: str, name: str) -> dict[str, str]:
    if entry.state == "failed":
        return {"原因": f"errors/{code}_{name}_{entry.theme}.html"}
    return {_LABELS[PurePosixPath(file).suffix]: file for file in sorted(entry.files)}


def _named(files: Iterable[str], labels: Mapping[str, str]) -> dict[str, str]:
    paths = {PurePosixPath(file).name: file for file in files}
    return {label: paths[name] for name, label in labels.items() if name in paths}
