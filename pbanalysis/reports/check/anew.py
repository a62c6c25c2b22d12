"""Notebooks made anew from the store: what delivered files are held against.

The cells of the package's own templates run here, in this process, on the township's slice of the store; of
what was delivered no code is run.
"""

from __future__ import annotations

import ast
import io
import json
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pbanalysis.calendar import Period
from pbanalysis.reports.batch.planning import Situation
from pbanalysis.reports.batch.slices import Slices
from pbanalysis.reports.batch.tools import Tools
from pbanalysis.reports.files import POINTER, WORK
from pbanalysis.terms import OVERVIEW

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from pbanalysis.store.county import County

__all__ = ["Now", "Source", "executed"]

# as an executed notebook shows them
_PATHS = {"store": f"../{WORK}/{POINTER}", "results": f"../{WORK}/results.parquet"}


@dataclass(frozen=True, slots=True)
class Source:
    """What a unit's notebooks are made of: its slice of the store, and the results."""

    store: Path
    results: Path


class Now:
    """What the store and this program give today.

    Parameters
    ----------
    store, period, as_of
        Of the reports.
    tools
        Of the batch.
    work
        A folder for slices and results.
    """

    def __init__(self, store: Path, period: Period, as_of: dt.date, tools: Tools, work: Path) -> None:
        from pbanalysis.store.county import open_county

        self.county: County = open_county(store, as_of=as_of)
        self.period, self._tools, self._work = period, tools, work
        self._inputs: dict[str, Mapping[str, Mapping[str, Any]]] = {}

    @cached_property
    def results(self) -> pd.DataFrame:
        """Published results, as the reports read them."""
        import pandas as pd

        self._tools.published(self.county, self.period).to_parquet(self._results, index=False)
        return pd.read_parquet(self._results)

    @property
    def _results(self) -> Path:
        return self._work / "results.parquet"

    @cached_property
    def results_csv(self) -> bytes:
        """The table of all results."""
        from pbanalysis.indicators.results import COLUMNS, Results

        own = self.results["period"] == self.period.label
        Results(self.results.loc[own, list(COLUMNS)]).write(self._work / "own")
        return (self._work / "own" / "results.csv").read_bytes()

    @cached_property
    def situation(self) -> Situation:
        """A run that has made nothing yet."""
        work = self._work
        return Situation(self.county, self.period, self.results, None, self._tools, work, work, {}, (), False)

    @cached_property
    def towns(self) -> Mapping[str, str]:
        """Names of the townships by code, and the county's."""
        towns = self.county.townships
        named = dict(zip(towns["township_id"], towns["name"]))
        return {**named, self.county.code: self.county.name or "全县"}

    def inputs(self, unit: str) -> Mapping[str, Mapping[str, Any]]:
        """Inputs of a unit's reports by theme, as the manifest keeps them."""
        if unit not in self._inputs:
            themes = [OVERVIEW] if unit == self.county.code else list(self._tools.stems)
            reports = self.situation.unit(unit, self.towns[unit], themes).reports
            self._inputs[unit] = {report.theme: report.inputs for report in reports}
        return self._inputs[unit]

    def source(self, unit: str) -> Source:
        """What the notebooks of a unit are made of."""
        if unit == self.county.code:
            return Source(self.county.folder.absolute(), self._results)
        folder = self._work / "slices" / unit
        self._slices.write(unit, folder)
        return Source(folder, folder / "results.parquet")

    @cached_property
    def _slices(self) -> Slices:
        about = self.situation
        return Slices(self.county, about.rows, about.filings, about.results)


def executed(template: Path, about: Mapping[str, str], source: Source) -> Any:
    """A template with its parameters and what its cells show, as papermill saves it.

    Parameters
    ----------
    about
        The parameters that say what the report is about; store and results are those of ``source`` while it
        runs.
    """
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    from pbanalysis.reports.kernel.execute import clean

    shown = {**about, **_PATHS}
    parameters = {**about, "store": str(source.store), "results": str(source.results)}
    notebook: Any = parameterize_notebook(load_notebook_node(str(template)), parameters)
    namespace: dict[str, Any] = {}
    code = (cell for cell in notebook.cells if cell.cell_type == "code")
    for number, cell in enumerate(code, start=1):
        cell.execution_count, cell.outputs = number, _run(cell.source, namespace, number)
    return clean(notebook, shown, parameters)


def _run(source: str, namespace: dict[str, Any], number: int) -> list[Any]:
    """What a cell shows: what it prints, and the value of its last line."""
    from IPython.core.formatters import DisplayFormatter
    from nbformat.v4 import new_output

    body = ast.parse(source).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    printed = {"stdout": io.StringIO(), "stderr": io.StringIO()}
    with redirect_stdout(printed["stdout"]), redirect_stderr(printed["stderr"]):
        exec(compile(ast.Module(body, []), "<cell>", "exec"), namespace)
        shown = isinstance(last, ast.Expr) and eval(
            compile(ast.Expression(last.value), "<cell>", "eval"), namespace
        )
    outputs = [
        new_output("stream", name=name, text=text.getvalue())  # type: ignore[no-untyped-call]
        for name, text in printed.items()
        if text.getvalue()
    ]
    if last is not None and shown is not None:
        data, about = DisplayFormatter().format(shown)  # type: ignore[no-untyped-call]
        made = {"data": json.loads(json.dumps(data)), "metadata": about, "execution_count": number}
        outputs.append(new_output("execute_result", **made))  # type: ignore[no-untyped-call]
    return outputs
