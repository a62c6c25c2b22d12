"""What a report was made of, and why it was or was not made again.

A report's key is the digest of its inputs: template, parameters, what the theme reads of the township's
rows, its filings, the published results it prints, the package's code and the libraries. The reason for a
rebuild names the input that changed, a row of a table by where it stands in its source: whole rows are
kept beside the key for that, for a row that no figure reads may still have moved a number.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pbanalysis.errors import Code, PbError, near_names
from pbanalysis.reports.files import WORK, read_json
from pbanalysis.reports.manifest import Entry, read_manifest, statement_digest
from pbanalysis.terms import REPORTS, SETTINGS, label

__all__ = ["Explained", "Reason", "document_inputs", "key_of", "reasons", "report_inputs", "why"]

_SHOWN = 8  # rows or results named in a sentence; the rest are counted
_KEPT = 200  # rows kept with a reason: who has sent everything anew wants to hear no more


@dataclass(frozen=True)
class Reason:
    """One reason: a closed code, the sentence, and what it rests on."""

    code: str
    text: str
    detail: tuple[Mapping[str, Any], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As kept in the manifest and printed with ``--json``."""
        return {**asdict(self), "detail": [dict(part) for part in self.detail]}


def report_inputs(
    *,
    template: str,
    parameters: Mapping[str, str],
    page: Mapping[str, Any],
    county: str,
    unit: str,
    rows: Mapping[str, str],
    read: str,
    filings: str,
    results: str,
    rules: str,
    package: str,
    libraries: Mapping[str, str],
) -> dict[str, Any]:
    """Inputs of a report as the manifest keeps them, with their key."""
    return _keyed(
        {
            "template": template,
            "parameters": dict(parameters),
            "page": dict(page),
            "county": county,
            "unit": unit,
            "rows": dict(rows),
            "read": read,
            "filings": filings,
            "results": results,
            "rules": rules,
            "package": package,
            "libraries": dict(libraries),
        }
    )


def document_inputs(
    *,
    reports: Mapping[str, str],
    package: str,
    libraries: Mapping[str, str],
    setting: Mapping[str, Any],
    statement: str,
) -> dict[str, Any]:
    """Inputs of a township's attachment: the keys of its reports by theme, and what sets it.

    The township's statement is kept by its digest: its words stand in the attachment alone.
    """
    return _keyed(
        {
            "reports": dict(reports),
            "package": package,
            "libraries": dict(libraries),
            "setting": dict(setting),
            "statement": statement_digest(statement),
        }
    )


def _keyed(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"key": key_of(inputs), **inputs}


# kept with the inputs, no part of the key: whole rows, and how the page is set, which changes no number
_BESIDE = ("key", "rows", "page")


def key_of(inputs: Mapping[str, Any]) -> str:
    """Digest of inputs, whatever their order."""
    text = json.dumps(
        {k: v for k, v in inputs.items() if k not in _BESIDE}, sort_keys=True, ensure_ascii=False
    )
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]


def reasons(
    old: Entry | None,
    inputs: Mapping[str, Any],
    *,
    wanted: Iterable[str],
    out: Path,
    force: bool,
    changed_rows: Callable[[Sequence[str]], list[Mapping[str, Any]]],
    changed_results: Callable[[], list[str]],
) -> tuple[Reason, ...]:
    """Why a report must be built; empty when it stands.

    Parameters
    ----------
    old
        Its entry in the manifest.
    inputs
        Its inputs now.
    wanted
        Files it must have, relative to ``out``.
    changed_rows, changed_results
        Name the rows of the given tables, and the results, that changed; asked only when some did.
    """
    if old is None:
        return (Reason("new", "首次生成，或上次没有做完"),)
    if old.state == "failed":
        return (Reason("failed_before", "上次未能生成"),)
    found = list(_changed_inputs(old.inputs, inputs, changed_rows, changed_results))
    missing = sorted(set(wanted) - set(old.files))
    if missing:
        found.append(Reason("formats", f"还缺：{'、'.join(Path(name).name for name in missing)}"))
    if damaged := old.intact(out):
        found.append(Reason("files", f"成品缺失或被改动：{'、'.join(Path(name).name for name in damaged)}"))
    if force and not found:
        found.append(Reason("forced", "指定了 --force"))
    return tuple(found)


def _changed_inputs(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    changed_rows: Callable[[Sequence[str]], list[Mapping[str, Any]]],
    changed_results: Callable[[], list[str]],
) -> Iterable[Reason]:
    for name in new if old.get("key") != new["key"] else {"page"} & new.keys():
        was, now = old.get(name), new[name]
        if name == "key" or was == now:
            continue
        if name == "rows":
            tables = [t for t in {**(was or {}), **now} if (was or {}).get(t) != now.get(t)]
            yield _rows_reason(tables, changed_rows(tables))
        elif name == "read":
            if was is None or new.get("rows") == old.get("rows"):
                yield Reason(name, _NAMES[name])
        elif name == "results":
            moved = changed_results()
            named = "、".join(moved[:_SHOWN]) or "见 results.csv"
            yield Reason("results", f"全县结果有变化：{named}{_more(len(moved), '项')}")
        elif name == "reports":
            themes = [t for t in {**(was or {}), **now} if (was or {}).get(t) != now.get(t)]
            yield Reason(name, f"所含专题有变化：{'、'.join(_THEMES[theme] for theme in themes)}")
        elif isinstance(now, Mapping):
            yield Reason(name, f"{_NAMES[name]}：{'、'.join(_differences(was or {}, now))}")
        else:
            yield Reason(name, _NAMES[name])


_NAMES = {
    "setting": "稿别或编号有变化",
    "page": "稿别有变化",
    "statement": "乡镇说明有变化",
    "template": "报告模板有变化",
    "parameters": "参数有变化",
    "county": "县的代码或名称有变化",
    "unit": "单位名称有变化",
    "read": "报告所用的数据表有变化",
    "filings": "报送的文件有变化",
    "rules": "规则版本有变化",
    "package": "程序有变化",
    "libraries": "程序库版本有变化",
}
_CHANGES = {"added": "新增", "removed": "删去", "changed": "改动"}


def _differences(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs, in Chinese; a library keeps its own name."""
    found = []
    for name in {**was, **now}:
        if was.get(name) != now.get(name):
            term = "report_status" if name == "status" else name
            old, new = (label(term, str(part[name])) if part.get(name) else "无" for part in (was, now))
            found.append(f"{SETTINGS.get(term, term)} {old} → {new}")
    return found


def _rows_reason(tables: Sequence[str], rows: list[Mapping[str, Any]]) -> Reason:
    from pbanalysis.store.schema import TABLES

    named = "；".join(map(_row_text, rows[:_SHOWN])) or "、".join(TABLES[name].title for name in tables)
    return Reason("rows", f"台账有变化：{named}{_more(len(rows), '行')}", tuple(rows[:_KEPT]))


def _row_text(row: Mapping[str, Any]) -> str:
    """Whose row it is, where that is not said before; its table, what happened to it, and where it stands."""
    of = f"{row['township']} " if "township" in row else ""
    return f"{of}{row['title']}{_CHANGES[row['change']]} {row['where']}"


def _more(n: int, counted: str) -> str:
    return f"；另有 {n - _SHOWN} {counted}" if n > _SHOWN else ""


@dataclass(frozen=True)
class Explained:
    """One report in the last run: what became of it, and why."""

    township_id: str
    township: str
    theme: str
    state: str
    reasons: tuple[Mapping[str, Any], ...]

    def __str__(self) -> str:
        because = "；".join(str(reason["text"]) for reason in self.reasons) or "各项输入都没有变化"
        return f"{self.township}　{_THEMES[self.theme]}　{_STATES[self.state]}：{because}"

    def to_dict(self) -> dict[str, Any]:
        """As printed with ``--json``."""
        return {**asdict(self), "reasons": [dict(reason) for reason in self.reasons]}


_STATES = {"built": "已生成", "unchanged": "沿用", "failed": "未生成"}
_THEMES = {**REPORTS, "document": "汇总附件"}


def why(out: Path, township: str | None = None, theme: str | None = None) -> list[Explained]:
    """Why each report was rebuilt or skipped in the last run.

    Raises
    ------
    PbError
        ``out`` holds no run, or has no such township.
    """
    out = Path(out)
    entries, run = read_manifest(out, out / WORK), read_run(out)
    if not entries or not run:
        raise PbError(
            Code.UNKNOWN_NAME,
            "这里没有生成过报告",
            where=out.name,
            fix="请指定 pbanalysis report 的输出文件夹",
        )
    names: dict[str, str] = run["units"]
    if township is not None:
        hit = [code for code, name in names.items() if township in (code, name)]
        if not hit:
            raise PbError(
                Code.UNKNOWN_TOWNSHIP,
                "没有这个乡镇",
                where="乡镇",
                got=township,
                fix=near_names(township, [*names.values(), *names]),
            )
        names = {code: names[code] for code in hit}
    return [
        Explained(code, name, entry.theme, entry.state, entry.why)
        for code, name in names.items()
        for key, entry in sorted(entries.items())
        if key[0] == code and theme in (None, entry.theme)
    ]


def read_run(out: Path) -> dict[str, Any]:
    """What the last run wrote about itself; empty when there was none."""
    return read_json(out / WORK / "run.json")
