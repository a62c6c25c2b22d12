"""What an import tells its caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pbanalysis.errors import Exit
from pbanalysis.ledgers.findings import SEVERITIES
from pbanalysis.terms import LEDGER_KINDS

__all__ = ["FileSummary", "ImportSummary"]


@dataclass(frozen=True)
class FileSummary:
    """One line of ``files.csv``."""

    file: str
    kind: str
    verdict: str
    code: str
    message: str
    rows_accepted: int
    rows_rejected: int
    rows_duplicate: int


@dataclass(frozen=True)
class ImportSummary:
    """What an import did.

    Attributes
    ----------
    files
        One entry a file of this import.
    verdicts, severities
        How many files of each verdict, and findings of each severity, in this import.
    changes
        On a resubmission: how many findings are ``fixed``, ``still_open`` and ``new``; empty otherwise.
    replaced
        Earlier files whose rows were replaced.
    not_filed
        Names of the townships that filed nothing of a ledger kind that others filed, by kind.
    table_rows
        Rows of every table of the store.
    paths
        ``store``, ``files``, ``findings``, ``marked``, ``mapping`` and, on a resubmission, ``resubmission``.
    exit_status
        0 nothing to do · 1 something needs attention · 3 nothing could be used.
    """

    files: tuple[FileSummary, ...]
    verdicts: Mapping[str, int]
    severities: Mapping[str, int]
    changes: Mapping[str, int]
    replaced: tuple[str, ...]
    not_filed: Mapping[str, tuple[str, ...]]
    table_rows: Mapping[str, int]
    paths: Mapping[str, Path]
    exit_status: Exit

    def lines(self) -> list[str]:
        """The summary for people, in Chinese."""
        used = [f for f in self.files if f.verdict != "reject"]
        accepted, rejected, duplicate = (
            sum(getattr(f, n) for f in used) for n in ("rows_accepted", "rows_rejected", "rows_duplicate")
        )
        lines = [
            f"读取 {len(self.files)} 个文件：采用 {len(used)} 个，退回 {len(self.files) - len(used)} 个",
            f"收到 {accepted + rejected + duplicate} 行 = 采用 {accepted} + 退回 {rejected} + 重复 {duplicate}",
        ]
        lines += [f"　退回：{f.file}：{f.message}" for f in self.files if f.verdict == "reject"]
        lines += [f"　{f.file}：{f.message}" for f in used if f.message]
        lines += [
            f"没有报送{LEDGER_KINDS[kind]}台账：{'、'.join(towns)}" for kind, towns in self.not_filed.items()
        ]
        if self.replaced:
            lines.append(f"替换了以前报送的 {len(self.replaced)} 个文件：{'、'.join(self.replaced)}")
        if self.changes:
            c = self.changes
            lines.append(
                f"与上次相比：已改正 {c.get('fixed', 0)}，仍未改正 {c.get('still_open', 0)}，新发现 {c.get('new', 0)}"
            )
        if self.severities:
            said = "，".join(
                f"{word} {self.severities[s]} 处" for s, word in SEVERITIES.items() if self.severities.get(s)
            )
            lines.append(
                f"核对结果：{said}。清单：{self.paths['findings']}；标注副本：{self.paths['marked']}"
            )
        lines.append(
            f"数据仓：{self.paths['store']}（{len(self.table_rows)} 张表，{sum(self.table_rows.values())} 行）"
        )
        return lines

    def to_dict(self) -> dict[str, Any]:
        """The summary for programs."""
        return {
            "files": [vars(f) for f in self.files],
            "verdicts": dict(self.verdicts),
            "severities": dict(self.severities),
            "changes": dict(self.changes),
            "replaced": list(self.replaced),
            "not_filed": {k: list(v) for k, v in self.not_filed.items()},
            "table_rows": dict(self.table_rows),
            "paths": {k: str(v) for k, v in self.paths.items()},
            "exit_status": int(self.exit_status),
        }
