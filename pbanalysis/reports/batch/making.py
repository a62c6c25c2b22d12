"""Make what is planned: give jobs out, take staged files in, publish, note, go on.

This is the only place that writes reports into OUT. A report is published by renaming its staged files,
then noted in the manifest; whatever happens in between, the next run finds it not noted and makes it
again.
"""

from __future__ import annotations

import os
import shutil
from collections import deque
from collections.abc import Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from pathlib import Path
from typing import Any

from pbanalysis.errors import Code, PbError
from pbanalysis.reports.batch.labour import Labour
from pbanalysis.reports.batch.planning import DOCUMENT, Planned, Situation, Unit
from pbanalysis.reports.batch.progress import THEME_NAMES, Progress
from pbanalysis.reports.batch.row_ledger import keep_rows
from pbanalysis.reports.batch.slices import Slices
from pbanalysis.reports.documents.error_card import error_card
from pbanalysis.reports.files import output_failed, write_whole
from pbanalysis.reports.kernel.jobs import Attachment, Done, Failed, Job, Notebook, do
from pbanalysis.reports.manifest import Entry, Manifest
from pbanalysis.terms import OVERVIEW

__all__ = ["Making"]


class Making:
    """One run's reports, unit by unit."""

    def __init__(
        self, situation: Situation, units: Iterable[Unit], manifest: Manifest, progress: Progress
    ) -> None:
        self._situation, self._manifest, self._progress = situation, manifest, progress
        self._units = {unit.id: unit for unit in units}
        self._slices = Slices(situation.county, situation.rows, situation.filings, situation.results)
        self._waiting = {
            unit.id: {r.theme for r in unit.reports if r.reasons} for unit in self._units.values()
        }
        self._failed: dict[tuple[str, str], PbError] = {}
        self._logs: dict[tuple[str, str], Path] = {}
        self._queue: deque[Planned] = deque()

    def run(self, labour: Labour) -> None:
        """Make everything; a report that fails stops no other.

        Raises
        ------
        PbError
            OUT cannot be written: going on would lose every further report.
        """
        for unit in self._units.values():
            self._queue.extend(r for r in unit.reports if r.reasons)
            if not self._waiting[unit.id]:
                self._attach(unit)
        self._progress.begin(sum(unit.to_make for unit in self._units.values()))
        if not self._queue:
            return
        labour.ready()
        running: dict[Future[Done | Failed], Planned] = {}
        try:
            while self._queue or running:
                while self._queue and len(running) <= labour.width:
                    planned = self._queue.popleft()
                    self._progress.start(planned.name, planned.theme)
                    running[labour.executor.submit(do, self._job(planned, labour))] = planned
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    self._take(running.pop(future), future)
        finally:
            for future in running:
                future.cancel()

    def _job(self, planned: Planned, labour: Labour) -> Job:
        stage = self._situation.work / "stage" / f"{planned.unit}-{planned.theme}"
        shutil.rmtree(stage, ignore_errors=True)
        work = self._attachment(planned) if planned.theme == DOCUMENT else self._notebook(planned, labour)
        return Job(planned.unit, planned.name, planned.theme, planned.folder, stage, work)

    def _notebook(self, planned: Planned, labour: Labour) -> Notebook:
        about, tools = self._situation, self._situation.tools
        overview = planned.theme == OVERVIEW
        store = about.county.folder.absolute() if overview else self._slice(planned.unit)
        shown = {**about.shown(planned.unit), **about.shown_paths()}
        results = about.work if overview else store
        real = {"store": str(store), "results": str(results / "results.parquet")}
        return Notebook(
            template=tools.template(tools.overview if overview else tools.stems[planned.theme]),
            parameters={**shown, **real},
            shown=shown,
            executed=about.out / planned.folder / f"{planned.stem}.ipynb" if planned.only_set_anew else None,
            title=f"{planned.name}{tools.titles[planned.theme]}（{about.period.title}）",
            stem=planned.stem,
            status=about.status,
            pages=tools.pages,
            engine=labour.engine,
            limits=tools.limits,
        )

    def _attachment(self, planned: Planned) -> Attachment:
        about, unit = self._situation, self._units[planned.unit]
        documents = {f"report.{f}": d for f, d in about.tools.documents.items() if f in about.formats}
        return Attachment(
            notebooks={theme: about.out / name for theme, name in unit.notebooks.items()},
            documents={**documents, "facts.json": about.tools.facts},
            remarks=about.tools.remarks,
            about={
                "county_id": about.county.code,
                "county": about.county.name,
                "township_id": planned.unit,
                "township": planned.name,
                "period": about.period.label,
                "as_of": about.county.as_of.isoformat(),
                "checksums": {"数据": planned.inputs["key"], "程序": about.package},
                **about.setting,
                "status": about.status,
                "statement": about.statements.get(planned.unit, ""),
            },
        )

    def _slice(self, unit: str) -> Path:
        folder = self._situation.work / "slices" / unit
        if not folder.exists():
            part = folder.with_name(f"{unit}.part")
            self._slices.write(unit, part)
            part.replace(folder)
        return folder

    def _take(self, planned: Planned, future: Future[Done | Failed]) -> None:
        error = future.exception()
        result = future.result() if error is None else _lost(error)
        if isinstance(result, Done):
            self._publish(planned, result)
        elif result.error.code is Code.OUTPUT_FAILED:
            raise result.error
        else:
            self._note_failure(planned, result.error, result.seconds, result.trace)
        self._progress.finish(planned.name, planned.theme, failed=planned.key in self._failed)
        unit = self._units[planned.unit]
        if planned.theme == DOCUMENT:
            self._leave(unit)
            return
        self._waiting[unit.id].discard(planned.theme)
        if not self._waiting[unit.id]:
            self._attach(unit)

    def _attach(self, unit: Unit) -> None:
        """All reports of a unit are through: its attachment is next, unless one of them failed."""
        broken = [theme for code, theme in self._failed if code == unit.id]
        if broken and unit.document:
            names = "、".join(THEME_NAMES[theme] for theme in broken)
            error = PbError(
                Code.NOTEBOOK_FAILED,
                f"{names}未能生成，附件不完整，没有生成",
                where=f"{unit.name}　汇总附件",
                fix="排除原因后再次运行同一命令",
            )
            self._note_failure(unit.document, error, 0.0, "")
            if unit.document.reasons:
                self._progress.finish(unit.name, DOCUMENT, failed=True)
        elif unit.document and unit.document.reasons:
            self._queue.appendleft(unit.document)
            return
        self._leave(unit)

    def _leave(self, unit: Unit) -> None:
        """A unit is through: remember its rows, forget its slice."""
        about = self._situation
        if unit.to_make and not any(code == unit.id for code, _ in self._failed) and unit.id in about.rows:
            keep_rows(about.ledger(unit.id), about.county, about.rows[unit.id])
        shutil.rmtree(about.work / "slices" / unit.id, ignore_errors=True)

    def _publish(self, planned: Planned, done: Done) -> None:
        out = self._situation.out
        files = {f"{planned.folder}/{name}": digest for name, digest in done.files.items()}
        stage = self._situation.work / "stage" / f"{planned.unit}-{planned.theme}"
        try:
            (out / planned.folder).mkdir(exist_ok=True)
            for name in done.files:
                os.replace(stage / name, out / planned.folder / name)
        except OSError as error:
            raise output_failed(out / planned.folder, error) from error
        shutil.rmtree(stage, ignore_errors=True)
        self._remove(set(self._old_files(planned)) - set(files))
        more = {"files": files, "timings": done.timings, "remarks": done.remarks}
        if done.error:
            self._manifest.add(
                self._entry(
                    planned, "failed", done.seconds, error=self._tell(planned, done.error, ""), **more
                )
            )
        else:
            for path in (self._card(planned), self._log(planned)):
                path.unlink(missing_ok=True)
            self._manifest.add(self._entry(planned, "built", done.seconds, **more))

    def _note_failure(self, planned: Planned, error: PbError, seconds: float, trace: str) -> None:
        self._remove(self._old_files(planned))
        told = self._tell(planned, error, trace)
        self._manifest.add(self._entry(planned, "failed", seconds, error=told))

    def _tell(self, planned: Planned, error: PbError, trace: str) -> dict[str, str]:
        """Note the error, write its card and where it happened; as the manifest says it."""
        self._failed[planned.key] = error
        card, log = self._card(planned), self._log(planned)
        for path in (card, log):
            path.parent.mkdir(exist_ok=True)
            path.unlink(missing_ok=True)
        if trace:
            write_whole(log, trace.encode("utf-8"))
            self._logs[planned.key] = log
        named = log.relative_to(self._situation.out).as_posix() if trace else ""
        page = error_card(planned.name, THEME_NAMES[planned.theme], error, named)
        write_whole(card, page, aside=self._situation.work)
        return {"code": error.code.value[0], "message": str(error)}

    def _entry(self, planned: Planned, state: Any, seconds: float, **more: Any) -> Entry:
        why = tuple(reason.to_dict() for reason in planned.reasons)
        return Entry(*planned.key, state, planned.inputs, round(seconds, 3), why=why, **more)

    def _old_files(self, planned: Planned) -> Iterable[str]:
        old = self._situation.known.get(planned.key)
        now = [
            f"{planned.folder}/{planned.stem}.{suffix}" for suffix in ("ipynb", *self._situation.tools.pages)
        ]
        if planned.theme == DOCUMENT:
            now = [f"{planned.folder}/report.{f}" for f in self._situation.tools.documents]
            now.append(f"{planned.folder}/facts.json")
        return {*now, *(old.files if old else ())}

    def _remove(self, names: Iterable[str]) -> None:
        for name in names:
            with suppress(FileNotFoundError, NotADirectoryError):
                (self._situation.out / name).unlink()

    def _card(self, planned: Planned) -> Path:
        return self._situation.out / "errors" / f"{planned.unit}_{planned.name}_{planned.theme}.html"

    def _log(self, planned: Planned) -> Path:
        return self._situation.work / "errors" / f"{planned.unit}_{planned.theme}.log"

    @property
    def logs(self) -> Mapping[tuple[str, str], Path]:
        """Files that say where in the program a report failed."""
        return self._logs

    @property
    def failed(self) -> Mapping[tuple[str, str], PbError]:
        """Reports that failed, and why."""
        return self._failed


def _lost(error: BaseException) -> Failed:
    """What an executor raised: its worker died, or could not take the job."""
    return Failed(
        PbError(
            Code.NOTEBOOK_FAILED,
            "工作进程意外退出（可能内存不足）",
            where="报告",
            got=type(error).__name__,
            fix="可减少 --workers 后再次运行同一命令",
        )
    )
