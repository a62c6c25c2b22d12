"""Findings: what a township has to correct, confirm or know; addressed into its own workbook."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

__all__ = ["SEVERITIES", "Finding", "Severity", "with_ids"]

Severity = Literal["block", "confirm", "note"]
SEVERITIES: dict[str, str] = {"block": "需改正", "confirm": "需确认", "note": "提示"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. ``about`` is what it concerns in words that survive moved rows; it makes the stable id."""

    severity: Severity
    file: str
    sheet: str
    cell: str
    row: int | None
    field: str
    code: str
    message: str
    suggestion: str = ""
    township_id: str = ""
    kind: str = ""
    about: str = ""
    finding_id: str = ""


def with_ids(findings: Iterable[Finding]) -> list[Finding]:
    """Findings with their stable ids.

    An id is a hash of township, ledger kind, field, code and what the row is about (its branch, date,
    topic …), never of the file or the row number: a resubmitted workbook with rows inserted above keeps the
    ids of what is still open. The same thing said twice is counted through.
    """
    seen: Counter[str] = Counter()
    out = []
    for finding in findings:
        parts = (
            finding.township_id,
            finding.kind,
            finding.field,
            finding.code,
            finding.about or f"{finding.sheet}|{finding.cell}",
        )
        text = "\x1f".join(parts)
        seen[text] += 1
        digest = hashlib.blake2b(f"{text}\x1f{seen[text]}".encode(), digest_size=6).hexdigest()
        out.append(replace(finding, finding_id=f"F{digest}"))
    return out
