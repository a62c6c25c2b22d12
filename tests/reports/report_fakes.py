"""A small county, small templates and small renderers: a batch's tools without the package's own.

Imported by name, because worker processes must find these functions again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd

from pbanalysis.calendar import Period
from pbanalysis.errors import Code, PbError
from pbanalysis.reports.batch import BatchResult, run
from pbanalysis.reports.batch.tools import Tools
from pbanalysis.reports.documents.contents import contents
from pbanalysis.reports.kernel.jobs import Limits
from pbanalysis.store.county import County
from pbanalysis.store.frames import typed
from pbanalysis.store.schema import TABLES
from pbanalysis.store.write import write_store
from pbanalysis.themes.reads import Printed, Reads

PERIOD, AS_OF = Period.parse("2023"), dt.date(2023, 12, 31)
TOWNS = {"629901100": "甲镇", "629901101": "乙乡", "629901102": "丙街道"}
THEMES = {"study": "study_quality", "development": "member_development", "rectification": "rectification"}
TABLE_OF = {"study": "trainings", "development": "admission_plans", "rectification": "issues"}

# what each theme's template prints: its name, its rows, and the county's value
_CELLS = (
    "import json\n\nfrom pbanalysis import open_county\nimport pandas as pd",
    "county = open_county(store, as_of=as_of)\ntown = county.township(township_id)\nprint('乡镇', town.name, town.id)",
    "frame = town.frame('{table}')\nprint(frame.drop(columns=['source_file', 'source_sheet']).to_csv(index=False))",
    "own = pd.read_parquet(results).query('unit_id in [@township_id, @county.code]')",
    "print(own[own['indicator_id'] == '{theme}'][['unit_id', 'numerator']].to_csv(index=False))",
)
_OVERVIEW = (
    "from pbanalysis import open_county\nimport pandas as pd",
    "county = open_county(store, as_of=as_of)\nprint(county.name)\nprint(pd.read_parquet(results)['numerator'].sum())",
)


def notebook(path: Path, cells: Sequence[str], parameters: Mapping[str, str] | None = None) -> Path:
    """Write a notebook of code cells, the first of them its parameters."""
    names = parameters or dict.fromkeys(("store", "township_id", "period", "as_of", "results"), "")
    first = nbformat.v4.new_code_cell(
        "\n".join(f"{name} = {value!r}" for name, value in names.items()), metadata={"tags": ["parameters"]}
    )
    made = nbformat.v4.new_notebook(
        cells=[first, *map(nbformat.v4.new_code_cell, cells)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    for number, cell in enumerate(made.cells):
        cell["id"] = f"cell-{number}"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(made, path)
    return path


def small_store(folder: Path, tables: Mapping[str, pd.DataFrame] | None = None) -> Path:
    """Write the store of the small county."""
    write_store(
        folder,
        tables or small_tables(),
        county={"code": "629901", "name": "样县"},
        as_of=AS_OF.isoformat(),
        sources={},
    )
    return folder


def small_tables(per_town: int = 4) -> dict[str, pd.DataFrame]:
    """Tables of the small county: a few trainings, plans and issues a township."""
    rows: dict[str, list[dict[str, str]]] = {
        "townships": [],
        "trainings": [],
        "admission_plans": [],
        "issues": [],
    }
    for town, name in TOWNS.items():
        rows["townships"].append({"township_id": town, "name": name, "kind": "镇"})
        rows["admission_plans"].append({"township_id": town, "year": "2023", "plan_n": "5"})
        for k in range(per_town):
            source = {"source_file": f"{name}/台账.xlsx", "source_sheet": "表1", "source_row": str(k + 4)}
            rows["trainings"].append(
                {"training_id": f"{town}-t{k}", "township_id": town, "level": "township", "kind": "business"}
                | {"start_on": f"2023-0{k + 1}-10", "hours": "4", **source}
            )
            rows["issues"].append(
                {"issue_id": f"{town}-i{k}", "township_id": town, "category": "P11", "source": "self"}
                | {
                    "owner_named": "true",
                    "deadline_kind": "dated",
                    "status": "closed",
                    "rule_document": "false",
                }
                | {"problem": f"{name}问题{k}", **source}
            )
    return {name: typed(TABLES[name], pd.DataFrame(part).astype("str"))[0] for name, part in rows.items()}


def published(county: County, period: Period) -> pd.DataFrame:
    """One number a theme and unit: how many rows its table has; the county's is the sum."""
    out = []
    for theme, table in TABLE_OF.items():
        frame = county.frame(table)
        counts = frame.groupby("township_id").size() if frame is not None else pd.Series(dtype=int)
        units = {town: int(counts.get(town, 0)) for town in county.townships["township_id"]}
        for unit, n in {**units, county.code: sum(units.values())}.items():
            level = "county" if unit == county.code else "township"
            out.append({"indicator_id": theme, "unit_level": level, "unit_id": unit, "numerator": float(n)})
    rest = {"period": period.label, "as_of": county.as_of.isoformat(), "state": "info", "rule_version": "1"}
    numbers = dict.fromkeys(
        ("denominator", "value", "ci_low", "ci_high", "n_not_due", "n_na", "n_unknown", "target")
    )
    texts = dict.fromkeys(("ci_method", "direction", "vs_county"), "")
    frame = pd.DataFrame(out).assign(**rest, **texts)
    for name in numbers:
        frame[name] = pd.Series([pd.NA] * len(frame), dtype="Float64")
    return frame


def page(node: Any, *, title: str, status: str) -> bytes:
    """A page that shows the outputs' text."""
    texts = [output.get("text", "") for cell in node["cells"] for output in cell.get("outputs", ())]
    return f"<!DOCTYPE html><title>{title}</title><p>{status}</p><pre>{''.join(texts)}</pre>".encode()


def document(notebooks: Mapping[str, Any], about: Mapping[str, Any]) -> bytes:
    """A document that names its parts, and says what the township says."""
    told = {"themes": sorted(notebooks), "unit": about["township_id"], "said": about["statement"]}
    return json.dumps(told, ensure_ascii=False).encode()


def no_engine(notebooks: Mapping[str, Any], about: Mapping[str, Any]) -> bytes:
    """A renderer whose engine is not installed."""
    raise PbError(Code.ENGINE_MISSING, "没有排版程序", where="report.docx", fix="pip install python-docx")


def facts(notebooks: Mapping[str, Any], about: Mapping[str, Any]) -> bytes:
    """Facts: one a theme."""
    return json.dumps(
        {"facts": [{"id": theme, "unit": about["township_id"]} for theme in sorted(notebooks)]}
    ).encode()


def too_long(notebooks: Mapping[str, Any], about: Mapping[str, Any]) -> list[str]:
    """A remark on one township's attachment."""
    return ["“二、发展党员”现4100字，建议减少100字"] if about["township"] == "甲镇" else []


def reads(theme: str) -> Reads:
    """Each theme reads its own table, and prints its own number and the county's."""
    if theme == "overview":
        tables = dict.fromkeys((*TABLE_OF.values(), "townships"))
        return Reads(tables, (Printed("all", before=True),))
    mine = frozenset({theme})
    results = (Printed("own", mine), Printed("county", mine), Printed("all", mine))
    return Reads(dict.fromkeys((TABLE_OF[theme], "townships")), results)


def small_tools(folder: Path, **cells: Sequence[str]) -> Tools:
    """The tools, with templates written into ``folder``; ``cells`` replaces those of a theme."""
    for theme, stem in THEMES.items():
        own = cells.get(theme) or [
            c.replace("{table}", TABLE_OF[theme]).replace("{theme}", theme) for c in _CELLS
        ]
        notebook(folder / f"{stem}.ipynb", own)
    plain = dict.fromkeys(("store", "period", "as_of", "results"), "")
    notebook(folder / "county_overview.ipynb", cells.get("overview") or _OVERVIEW, plain)
    return Tools(
        templates=folder,
        stems=THEMES,
        overview="county_overview",
        titles={"study": "学习", "development": "发展", "rectification": "整改", "overview": "一览"},
        published=published,
        pages={"html": page},
        documents={"pdf": document},
        facts=facts,
        reads=reads,
        index=contents,
        limits=Limits(memory=0),
    )


def report(store: Path, out: Path, tools: Tools, **options: Any) -> BatchResult:
    """Run a batch of the small county."""
    setting = {"status": "draft", "start_page": 1, "attachment_no": 1}
    options = {"workers": 2, "formats": ("html", "pdf"), "setting": setting, **options}
    return run(store, out, period=PERIOD, as_of=AS_OF, tools=tools, **options)


def tree(out: Path) -> dict[str, str]:
    """Digest of every report under OUT, the run's own records left aside."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and ".work" not in path.parts and path.name != "manifest.json"
    }


def broken_page(node: Any, *, title: str, status: str) -> bytes:
    """A page that cannot be made for one township."""
    return page(node, title=title if "甲镇" not in title else str(1 / 0), status=status)


def deadly_page(node: Any, *, title: str, status: str) -> bytes:
    """A page whose making kills the worker, for one report."""
    if title.startswith("甲镇学习"):
        os.kill(os.getpid(), signal.SIGKILL)
    return page(node, title=title, status=status)


def page_on_a_full_disk(node: Any, *, title: str, status: str) -> bytes:
    """A page after which this process can write no file of more than 100 bytes."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    return page(node, title=title, status=status)
