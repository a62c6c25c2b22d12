"""One report and one attachment, as any executor may run them: plain values in, plain values out.

A job writes into its own staging folder and never into OUT proper: the batch alone publishes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pbanalysis.errors import Code, PbError
from pbanalysis.reports.files import write_whole
from pbanalysis.traces import trace

__all__ = ["Attachment", "Done", "Failed", "Job", "Limits", "Notebook", "do"]

Page = Callable[..., bytes]


@dataclass(frozen=True)
class Limits:
    """Seconds to start a kernel, for one cell, for a report; bytes a kernel may take (0: no limit)."""

    start: float = 120.0
    cell: float = 600.0
    report: float = 1800.0
    memory: int = 4 << 30


@dataclass(frozen=True)
class Notebook:
    """Execute a template and show it as a page."""

    template: Path
    parameters: Mapping[str, str]
    shown: Mapping[str, str]  # parameters as the executed notebook shows them: without machine paths
    executed: Path | None  # that stands already, and is only shown again
    title: str
    stem: str  # file name without suffix
    status: str  # draft, checking or final
    pages: Mapping[str, Page]  # suffix → renderer(notebook, title=…, status=…)
    engine: str
    limits: Limits


@dataclass(frozen=True)
class Attachment:
    """Set executed notebooks as documents, and collect their facts."""

    notebooks: Mapping[str, Path]  # theme → executed notebook
    documents: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], bytes]]  # name → renderer
    about: Mapping[str, Any]  # what the renderers are told: unit, county, period, cut-off
    remarks: Callable[[Mapping[str, Any], Mapping[str, Any]], list[str]] | None = None


@dataclass(frozen=True)
class Job:
    """One unit of work; ``work`` says what."""

    township_id: str
    township: str
    theme: str
    folder: str  # of its files, relative to OUT
    stage: Path
    work: Notebook | Attachment

    @property
    def key(self) -> tuple[str, str]:
        """``(township_id, theme)``."""
        return self.township_id, self.theme


@dataclass(frozen=True)
class Done:
    """A finished job: staged files with their hashes, and what it took.

    ``error``: a format whose engine is missing here; the other formats are made all the same.
    """

    files: Mapping[str, str]
    seconds: float
    timings: Mapping[str, float] = field(default_factory=dict)
    error: PbError | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failed:
    """A job that did not give a report; ``trace`` says where in the program, for whoever mends it."""

    error: PbError
    seconds: float = 0.0
    trace: str = ""


def do(job: Job) -> Done | Failed:
    """Run a job. Never raises for what a notebook or a renderer does wrong."""
    started = time.monotonic()
    try:
        job.stage.mkdir(parents=True, exist_ok=True)
        error: PbError | None = None
        remarks: list[str] = []
        if isinstance(job.work, Notebook):
            made, timings = _notebook(job.work)
        else:
            made, timings, error, remarks = _attachment(job.work)
        begin = time.monotonic()
        files = {name: write_whole(job.stage / name, data) for name, data in made.items()}
        timings["save"] = time.monotonic() - begin
        return Done(files, time.monotonic() - started, timings, error, tuple(remarks))
    except PbError as expected:
        cause = expected.__cause__
        return Failed(expected, time.monotonic() - started, trace(cause) if cause else "")
    except Exception as fault:  # noqa: BLE001
        # a renderer's own fault: told by its type and place, for a message may hold a value
        told = PbError(
            Code.NOTEBOOK_FAILED,
            "报告没有排出来",
            where=f"{job.township}　{job.theme}",
            got=type(fault).__name__,
            fix="这是程序的错误，请告诉维护人员",
        )
        return Failed(told, time.monotonic() - started, trace(fault))


def _notebook(work: Notebook) -> tuple[dict[str, bytes], dict[str, float]]:
    from pbanalysis.reports.kernel.execute import clean, execute, to_bytes

    begin = time.monotonic()
    if work.executed:
        notebook, middle = _read(work.executed), begin
    else:
        executed = execute(work.template, work.parameters, work.engine, work.limits)
        middle = time.monotonic()
        notebook = clean(executed, work.shown, work.parameters)
    made = {f"{work.stem}.ipynb": to_bytes(notebook)}
    for suffix, page in work.pages.items():
        made[f"{work.stem}.{suffix}"] = page(notebook, title=work.title, status=work.status)
    return made, {"cells": middle - begin, "pages": time.monotonic() - middle}


def _attachment(
    work: Attachment,
) -> tuple[dict[str, bytes], dict[str, float], PbError | None, list[str]]:
    notebooks = {theme: _read(path) for theme, path in work.notebooks.items()}
    made: dict[str, bytes] = {}
    timings: dict[str, float] = {}
    missing: PbError | None = None
    for name, document in work.documents.items():
        begin = time.monotonic()
        try:
            made[name] = document(notebooks, work.about)
        except PbError as error:
            if error.code is not Code.ENGINE_MISSING:
                raise
            missing = error
        timings[name] = time.monotonic() - begin
    return made, timings, missing, work.remarks(notebooks, work.about) if work.remarks else []


def _read(path: Path) -> Any:
    import nbformat

    read: Callable[..., Any] = nbformat.read  # only partly typed
    return read(path, as_version=4)
