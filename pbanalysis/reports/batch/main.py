"""The batch: every township's reports, their attachments, the county overview and the contents page.

The county is evaluated once; every report then reads its own rows and the published results. Jobs go to
any ``concurrent.futures`` executor and come back as staged files; this process alone writes OUT.
"""

from __future__ import annotations

import datetime as dt
import io
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pbanalysis.calendar import Period
from pbanalysis.errors import Code, Exit, PbError, near_names
from pbanalysis.reports.batch import fingerprint
from pbanalysis.reports.batch.progress import THEME_NAMES, Progress
from pbanalysis.reports.batch.statements import of_townships, read_statements
from pbanalysis.reports.batch.tools import Tools, standard
from pbanalysis.reports.files import WORK, out_locked, output_failed, point_at, sha256, write_whole
from pbanalysis.reports.manifest import COUNTY_FILES, Manifest, read_manifest
from pbanalysis.terms import OVERVIEW

if TYPE_CHECKING:
    import pandas as pd

    from pbanalysis.reports.batch.making import Making
    from pbanalysis.reports.batch.planning import Situation, Unit
    from pbanalysis.store.county import County

__all__ = ["BatchResult", "Told", "run"]

Engine = Literal["warm", "papermill"]


@dataclass(frozen=True)
class Told:
    """One report of the summary."""

    township_id: str
    township: str
    theme: str
    seconds: float = 0.0
    error: str = ""
    log: str = ""  # file that says where in the program it failed

    def __str__(self) -> str:
        return f"{self.township}　{THEME_NAMES[self.theme]}"


@dataclass(frozen=True)
class BatchResult:
    """What became of a run: three lists, where it is, and how long it took."""

    out: Path
    built: tuple[Told, ...]
    unchanged: tuple[Told, ...]
    failed: tuple[Told, ...]
    seconds: float
    notes: tuple[str, ...] = ()

    @property
    def exit_status(self) -> Exit:
        """0, or 1 when some report could not be built."""
        return Exit.ATTENTION if self.failed else Exit.DONE

    @property
    def index(self) -> Path:
        """The contents page."""
        return self.out / "index.html"

    def lines(self) -> list[str]:
        """The summary for a person, the slowest reports among it."""
        logs = [Path(told.log) for told in self.failed if told.log]
        slow = sorted(self.built, key=lambda told: -told.seconds)[:3]
        return [
            f"生成 {len(self.built)} 份，沿用 {len(self.unchanged)} 份，未成 {len(self.failed)} 份，用时 {self.seconds:.0f} 秒",
            *(f"✘ {told}：{told.error}" for told in self.failed),
            *([f"出错的位置（不含台账内容）记在 {_common(logs)}，可交给维护人员"] if logs else []),
            *([f"最慢：{'、'.join(f'{told}（{told.seconds:.1f} 秒）' for told in slow)}"] if slow else []),
            *self.notes,
            f"目录页：{self.index}",
        ]

    def to_dict(self) -> dict[str, Any]:
        """The summary for a program."""
        lists = {
            name: [asdict(told) for told in getattr(self, name)] for name in ("built", "unchanged", "failed")
        }
        return {
            "out": str(self.out),
            "index": str(self.index),
            "exit_status": int(self.exit_status),
            "seconds": round(self.seconds, 3),
            "notes": list(self.notes),
            **lists,
        }


def run(
    store: Path,
    out: Path,
    *,
    period: Period,
    as_of: dt.date,
    townships: Sequence[str] | None = None,
    themes: Sequence[str] | None = None,
    formats: Sequence[str] = ("html",),
    workers: int | None = None,
    engine: Engine = "warm",
    scheduler: str | None = None,
    force: bool = False,
    setting: Mapping[str, Any] | None = None,
    statements: Path | None = None,
    progress: Progress | None = None,
    tools: Tools | None = None,
    executor: Executor | None = None,
) -> BatchResult:
    """Make the reports that are not yet made of the inputs as they are now.

    Parameters
    ----------
    store, out
        The store, and the folder to write.
    townships
        Codes or names; None or empty: all.
    themes, formats
        Of the closed sets of ``tools``; no theme: all.
    workers
        Reports made at once; by default :func:`pbanalysis.reports.batch.labour.at_once`.
    engine
        ``warm`` (kernels forked from a warm parent) or ``papermill`` (its own).
    scheduler
        Address of a Dask cluster that runs the jobs instead; ``out`` and ``store`` on a shared path.
    setting
        Of the attachments: ``status`` (draft, checking, final), ``start_page``, ``attachment_no``.
    statements
        What townships wrote for their box on page 1: see :func:`~pbanalysis.reports.batch.statements.read_statements`.
    executor
        Any executor that runs the jobs instead.

    Raises
    ------
    PbError
        Wrong use, before anything starts; a store that cannot be read; OUT in use or full.
    """
    started = time.monotonic()
    tools, out = tools or standard(), Path(out).absolute()
    progress = progress or Progress(quiet=True, stream=io.StringIO())
    themes = _closed("专题", themes or tuple(tools.stems), tools.stems)
    formats = _closed("格式", formats, {"html", *tools.pages, *tools.documents})
    _closed("引擎", [engine], ("warm", "papermill"))
    said = read_statements(statements) if statements else {}
    asked = {**(setting or {}), "statements": said}
    mark = fingerprint.of(store, tools, period, as_of, townships or (), themes, formats, asked)
    if not force and (stands := fingerprint.unchanged(out, mark)) is not None:
        point_at(out / WORK, store)
        told = tuple(Told(unit, name, theme) for unit, name, theme in stands)
        return BatchResult(out, (), told, (), time.monotonic() - started)

    from pbanalysis.exhibits.fonts import fonts
    from pbanalysis.reports.batch.labour import Labour
    from pbanalysis.reports.batch.making import Making
    from pbanalysis.reports.batch.planning import Situation

    fonts()  # none to be had: said once, before the first report
    county = _open(store, as_of)
    names = townships or list(county.townships["township_id"])
    chosen = {town.id: town.name for town in map(county.township, dict.fromkeys(names))}
    own_words = of_townships(said, dict(zip(county.townships["township_id"], county.townships["name"])))
    with ExitStack() as stack:
        work = stack.enter_context(out_locked(out))
        for name in ("stage", "slices"):  # removed last, when nobody works in them any more
            stack.callback(shutil.rmtree, work / name, ignore_errors=True)
        labour = Labour(stack, workers=workers, engine=engine, scheduler=scheduler, executor=executor)
        point_at(work, store)
        progress.say("正在计算全县指标……")
        results, before = _evaluate(county, period, tools, out, work)
        situation = Situation(
            county,
            period,
            results,
            before,
            tools,
            out,
            work,
            read_manifest(out, work),
            formats,
            force,
            setting or {},
            own_words,
        )
        units = [situation.unit(code, name, themes) for code, name in chosen.items()]
        if not townships and tools.overview:
            units.append(situation.unit(county.code, county.name or "全县", [OVERVIEW]))
        manifest = _begin(situation, units, whole=not townships)
        making = Making(situation, units, manifest, progress)
        try:
            making.run(labour)
        finally:
            manifest.close()
        _end(situation, manifest, mark if not making.failed else "")
    return _result(out, units, making, manifest, time.monotonic() - started, labour.notes)


def _common(paths: Sequence[Path]) -> Path:
    return paths[0] if len(paths) == 1 else paths[0].parent


def _closed(what: str, given: Sequence[str], allowed: Iterable[str]) -> tuple[str, ...]:
    """The values given, each once; a :class:`PbError` when one is not of the closed set."""
    allowed = tuple(allowed)
    for value in given:
        if value not in allowed:
            raise PbError(
                Code.UNKNOWN_PARAMETER, "没有这个取值", where=what, got=value, fix=near_names(value, allowed)
            )
    return tuple(dict.fromkeys(given))


def _open(store: Path, as_of: dt.date) -> County:
    from pbanalysis.store.county import open_county

    return open_county(store, as_of=as_of)


def _evaluate(
    county: County, period: Period, tools: Tools, out: Path, work: Path
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Published results now, written where notebooks and readers find them; and those of the run before."""
    import pandas as pd

    from pbanalysis.indicators.results import COLUMNS, Results

    path = work / "results.parquet"
    before = pd.read_parquet(path) if path.exists() else None
    results = tools.published(county, period)
    try:
        folder = work / "own"
        # results.csv has the contract's columns; what else travels with the results is for the notebooks
        Results(results.loc[results["period"] == period.label, list(COLUMNS)]).write(folder)
        (folder / "results.csv").replace(out / "results.csv")
        results.to_parquet(folder / "results.parquet", index=False)
        (folder / "results.parquet").replace(path)
        folder.rmdir()
    except OSError as error:
        raise output_failed(path, error) from error
    return pd.read_parquet(path), before  # as the reports read it, and comparable with the run before


def _begin(situation: Situation, units: Sequence[Unit], *, whole: bool) -> Manifest:
    """Open the manifest with what stands: what is to be made again is not done until it is."""
    out, planned = situation.out, {p.key: p for unit in units for p in unit.planned}
    towns = {*situation.county.townships["township_id"], situation.county.code}
    kept = []
    for key, entry in situation.known.items():
        if whole and key[0] not in towns:  # a township that is no more: its reports must not look current
            for name in entry.files:
                (out / name).unlink(missing_ok=True)
        elif key not in planned:
            kept.append(entry)
        elif not planned[key].reasons:
            kept.append(replace(entry, state="unchanged", why=()))
    fingerprint.keep(out, _names(situation.county))
    return Manifest(out, situation.work, kept)


def _end(situation: Situation, manifest: Manifest, mark: str) -> None:
    """The contents page, the checksums of the county's own files, and the note that this run is complete."""
    from pbanalysis.reports.batch.row_ledger import keep_rows
    from pbanalysis.reports.digests import COUNTYWIDE

    county, out = situation.county, situation.out
    if shared := situation.rows.get(COUNTYWIDE):
        keep_rows(situation.ledger(COUNTYWIDE), county, shared)
    if situation.tools.index:
        page = situation.tools.index(
            county=county,
            period=situation.period,
            results=situation.results,
            entries=manifest.entries,
            rows=situation.rows,
        )
        write_whole(out / "index.html", page, aside=situation.work)
    manifest.close({name: sha256(out / name) for name in COUNTY_FILES if (out / name).exists()})
    for folder in (out / "errors", *out.glob("*_*")):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    fingerprint.keep(out, _names(county), manifest.entries, mark)


def _names(county: County) -> dict[str, str]:
    towns = county.townships
    return {**dict(zip(towns["township_id"], towns["name"])), county.code: county.name}


def _result(
    out: Path,
    units: Sequence[Unit],
    making: Making,
    manifest: Manifest,
    seconds: float,
    notes: Sequence[str],
) -> BatchResult:
    built, unchanged, failed, remarks = [], [], [], []
    for planned in (p for unit in units for p in unit.planned):
        entry = manifest.get(planned.key)
        told = Told(planned.unit, planned.name, planned.theme, entry.seconds if entry else 0.0)
        remarks += [f"{told}超出篇幅，{remark}" for remark in (entry.remarks if entry else ())]
        if error := making.failed.get(planned.key):
            failed.append(replace(told, error=str(error), log=str(making.logs.get(planned.key, ""))))
        elif entry and entry.state == "built":
            built.append(told)
        else:
            unchanged.append(told)
    return BatchResult(out, tuple(built), tuple(unchanged), tuple(failed), seconds, (*notes, *remarks))
