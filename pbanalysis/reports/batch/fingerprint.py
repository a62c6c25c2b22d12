"""Whether anything changed at all since a run that finished: asked without reading a table.

An unchanged re-run costs the hashing of the store's files and of the reports, and nothing else.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pbanalysis import __version__
from pbanalysis.calendar import Period
from pbanalysis.reports.batch.incremental import read_run
from pbanalysis.reports.batch.tools import Tools
from pbanalysis.reports.files import WORK, sha256, write_whole
from pbanalysis.reports.manifest import Entry, county_files, read_manifest
from pbanalysis.reports.versions import code_digest, libraries

__all__ = ["keep", "of", "unchanged"]


def of(
    store: Path,
    tools: Tools,
    period: Period,
    as_of: dt.date,
    townships: Sequence[str],
    themes: Sequence[str],
    formats: Sequence[str],
    setting: Mapping[str, Any],
) -> str:
    """Digest of everything a run is made of: store, templates, program, parameters."""
    store = Path(store)
    data = [store / "meta.json", *sorted(store.glob("tables/*.parquet")), store / "import" / "files.csv"]
    templates = sorted(tools.templates.glob("*.ipynb"))
    parts: Mapping[str, Any] = {
        "files": [(path.name, sha256(path)) for path in (*data, *templates)],
        "program": [__version__, code_digest(), libraries()],
        "asked": [
            str(period),
            as_of.isoformat(),
            list(townships),
            list(themes),
            list(formats),
            dict(setting),
        ],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def unchanged(out: Path, mark: str) -> list[tuple[str, str, str]] | None:
    """``(township_id, name, theme)`` of every report of the last run, when all of it still stands."""
    run = read_run(out)
    if run.get("mark") != mark:
        return None
    if any(sha256(out / name) != digest for name, digest in county_files(out).items()):
        return None
    entries = read_manifest(out, out / WORK)
    keys = [tuple(key) for key in run["reports"]]
    if any(key not in entries or entries[key].intact(out) for key in keys):
        return None
    return [(unit, run["units"][unit], theme) for unit, theme in keys]


def keep(out: Path, units: Mapping[str, str], entries: Iterable[Entry] = (), mark: str = "") -> None:
    """Note what a run is about; with ``mark`` that it finished and everything stands."""
    reports = [list(entry.key) for entry in entries]
    run = {"mark": mark, "units": dict(units), "reports": reports}
    text = json.dumps(run, ensure_ascii=False, indent=1)
    write_whole(out / WORK / "run.json", text.encode("utf-8"))
