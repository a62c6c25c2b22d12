"""The fictional county as tables and as filed: any size, same seed, same bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from pbanalysis.demo import development, rectification, study, supporting
from pbanalysis.demo.places import Places, make_places
from pbanalysis.demo.stories import COUNTY_CODE, COUNTY_NAME
from pbanalysis.errors import Code, PbError
from pbanalysis.store.frames import DTYPES, write_csv
from pbanalysis.store.schema import TABLES

__all__ = ["demo_tables", "make_demo"]

_MOST = 2000


def demo_tables(townships: int = 14, seed: int = 2023) -> dict[str, pd.DataFrame]:
    """The fictional county's canonical tables, typed as in a store.

    Parameters
    ----------
    townships
        1 … 2,000; the first fourteen are the planted ones of ``stories.STORIES``.
    seed
        Same seed and size, same county.

    Returns
    -------
    All canonical tables by name; a township has about 28 organisations and 1,300 meetings in two years.

    Examples
    --------
    >>> tables = demo_tables(townships=3)
    >>> len(tables["townships"]), tables["townships"]["name"].tolist()
    (3, ['云台镇', '松溪镇', '长坪镇'])
    """
    return _tables(_checked_places(townships, seed), seed)


def _checked_places(townships: int, seed: int) -> Places:
    if not 1 <= townships <= _MOST:
        raise PbError(
            Code.UNKNOWN_PARAMETER,
            f"乡镇数须在 1 到 {_MOST} 之间",
            where="--townships",
            got=str(townships),
            fix="例如 --townships 14",
        )
    return make_places(townships, seed)


def _tables(places: Places, seed: int) -> dict[str, pd.DataFrame]:
    cases = development.admissions(places, seed)
    made = {
        "townships": places.townships,
        "villages": places.villages,
        "organisations": places.organisations,
        "org_counts": supporting.org_counts(places, seed),
        "meetings": study.meetings(places, seed),
        "topics": study.topics(),
        "topic_studies": study.topic_studies(places, seed),
        "trainings": study.trainings(places, seed),
        "study_hours": study.study_hours(places, seed),
        "test_scores": study.test_scores(places, seed),
        "admissions": cases,
        "admission_profiles": development.profiles(places, cases, seed),
        "admission_plans": development.plans(places, cases, seed),
        "file_audits": development.file_audits(places, cases, seed),
        "followups": development.followups(places, cases, seed),
        "issues": rectification.issues(places, seed),
        "ledger_submissions": rectification.submissions(places, seed),
        "weak_orgs": rectification.weak_orgs(places, seed),
        "elections": rectification.elections(places, seed),
        "branch_grades": rectification.branch_grades(places, seed),
        "supervisions": rectification.supervisions(places, seed),
        "village_years": supporting.village_years(places, seed),
        "community_years": supporting.community_years(places, seed),
        "enterprises": supporting.enterprises(places, seed),
        "measure_records": supporting.measure_records(places, seed),
        "quotas": supporting.quotas(places, seed),
    }
    return {name: _canonical(name, frame) for name, frame in made.items()}


def _canonical(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The declared columns in their declared types."""
    table = TABLES[name]
    full = frame.reindex(columns=table.names)
    return full.astype({c.name: DTYPES[c.kind] for c in table.columns}).reset_index(drop=True)


def make_demo(folder: Path, *, townships: int = 14, seed: int = 2023, workbooks: bool = True) -> None:
    """Write the fictional county.

    Parameters
    ----------
    folder
        Receives ``tables/`` (canonical CSVs), and with ``workbooks`` also ``ledgers/<乡镇>/`` (as filed),
        ``county/`` (what the county office keeps), ``units.json`` and ``forbidden.json`` (invented
        personal data that stand in the ledgers and may reach nothing else).
    townships, seed
        As in :func:`demo_tables`. Same size and seed, same bytes.
    workbooks
        Whether to write what is filed; a benchmark with thousands of townships needs the tables alone.

    Raises
    ------
    PbError
        The size is out of range, or the folder holds other files.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or {p.name for p in folder.iterdir()} - _OWN):
        raise PbError(
            Code.OUTPUT_FAILED,
            "文件夹里有别的文件",
            where=folder.name,
            fix="请换一个空文件夹",
        )
    places = _checked_places(townships, seed)
    tables = _tables(places, seed)
    _write_tables(tables, folder / "tables")
    if workbooks:
        from pbanalysis.demo.filed import write_filed

        write_filed(places, tables, folder, seed)
        units = json.dumps(_units(places), ensure_ascii=False, indent=1) + "\n"
        (folder / "units.json").write_text(units, encoding="utf-8")


_OWN = {"tables", "ledgers", "county", "units.json", "forbidden.json"}


def _write_tables(tables: Mapping[str, pd.DataFrame], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        write_csv(frame, TABLES[name], folder / f"{name}.csv")


def _units(places: Places) -> dict[str, object]:
    villages = {
        code: rows[["village_id", "name"]].rename(columns={"village_id": "code"}).to_dict("records")
        for code, rows in places.villages.groupby("township_id")
    }
    return {
        "county": {"code": COUNTY_CODE, "name": COUNTY_NAME, "fictional": True},
        "townships": [
            {"code": code, "name": name, "former_names": [], "villages": villages.get(code, [])}
            for code, name in zip(places.townships["township_id"], places.townships["name"])
        ],
    }
