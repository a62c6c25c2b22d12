"""The county as filed: what each township sends, and what the county office keeps beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from pbanalysis.demo.layouts import LAYOUTS, Layout
from pbanalysis.demo.people import People
from pbanalysis.demo.places import Places, stream
from pbanalysis.demo.sheets import Sheet, Style, write_csv_ledger, write_workbook
from pbanalysis.demo.study import LEDGER_FROM
from pbanalysis.store.frames import write_csv
from pbanalysis.store.schema import TABLES

__all__ = ["write_filed"]

_CSV = "exemplary"  # sends its village ledger as a GB18030 CSV
_HIDDEN_PHONE = "late_ledger"  # has a hidden column of telephone numbers in its election ledger


def write_filed(places: Places, tables: Mapping[str, pd.DataFrame], folder: Path, seed: int) -> None:
    """Write ``ledgers/``, ``county/`` and ``forbidden.json``."""
    people = People(stream(seed, "people"))
    filed = {layout.kind: _filed_rows(layout.kind, tables[layout.kind]) for layout in LAYOUTS}
    _write_county(tables, filed, folder / "county")
    names = pd.concat(
        [
            places.organisations.set_index("org_id"),
            places.villages.set_index("village_id").assign(full_name=""),
        ]
    )
    town_of = names["township_id"]
    for layout in LAYOUTS:
        rows = filed[layout.kind]
        route = TABLES[layout.kind].route or "township_id"
        codes = rows[route] if route == "township_id" else rows[route].map(town_of)
        groups = dict(iter(rows.groupby(codes.to_numpy())))
        for town in places.townships.itertuples():
            own = groups.get(town.township_id, rows.iloc[:0])
            if own.empty and not _nil_report(layout, str(town.story)):
                continue
            style = Style(stream(seed, f"{layout.kind}/{town.township_id}"), str(town.name), careful=town.story == "exemplary")  # fmt: skip
            sheet = Sheet(layout, str(town.name), style, names, own, people, town.story == _HIDDEN_PHONE)
            target = folder / "ledgers" / str(town.name)
            target.mkdir(parents=True, exist_ok=True)
            stem = target / f"{town.name}2023年{layout.file}"
            if layout.village and town.story == _CSV:
                write_csv_ledger(sheet, stem.with_suffix(".csv"))
            else:
                write_workbook(sheet, stem.with_suffix(".xlsx"))
    text = json.dumps(people.forbidden(), ensure_ascii=False, indent=1) + "\n"
    (folder / "forbidden.json").write_text(text, encoding="utf-8")


def _nil_report(layout: Layout, story: str) -> bool:
    """Whether a township without rows sends the ledger all the same, with 无 in it."""
    return (layout.kind, story) in {("issues", "nil_issues"), ("admissions", "no_admissions")}


def _filed_rows(kind: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Rows that stand in the ledgers of 2023, with the columns that only a ledger has."""
    match kind:
        case "meetings":
            return frame[frame["held_on"] >= pd.Timestamp(LEDGER_FROM)]
        case "trainings":
            own = frame[frame["start_on"].dt.year >= 2023].copy()
            words = {
                "business": "业务培训",
                "observation": "观摩互学",
                "placement": "跟班学习",
                "rotation": "集中轮训",
            }
            own["title"] = own["kind"].map(words) + "（" + own["start_on"].dt.month.astype("str") + "月）"
            return own
        case "issues":
            own = frame[frame["issue_id"].str.contains("-I")].copy()
            moved = own["deadline_on"] != own["deadline_original_on"]
            own["extended"] = own["deadline_on"].where(moved & own["deadline_on"].notna())
            return own
        case "village_years":
            return frame[frame["year"] == 2023]
        case _:
            return frame


def _write_county(
    tables: Mapping[str, pd.DataFrame], filed: Mapping[str, pd.DataFrame], folder: Path
) -> None:
    """What the county office keeps: all that is not in a ledger, older years of the ledgers' tables too."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        kept = frame[~np.isin(frame.index, filed[name].index)] if name in filed else frame
        if name not in filed or len(kept):
            write_csv(kept, TABLES[name], folder / f"{name}.csv")
