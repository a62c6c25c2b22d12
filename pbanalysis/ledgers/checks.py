"""What the cells of a row, the rows of a sheet, and rows filed twice must agree on.

A doubt flags a cell; it changes no value.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal

from pbanalysis.ledgers.dates import months_after
from pbanalysis.ledgers.layout import Column
from pbanalysis.ledgers.numbers import read_count, read_money
from pbanalysis.ledgers.reading import Reading, flagged
from pbanalysis.ledgers.result import DataRow, FileResult, SheetResult

__all__ = ["check_rows", "check_sums", "mark_duplicates"]


def check_rows(result: SheetResult) -> None:
    """Run the checks of the sheet's kind over its data rows."""
    if result.layout is None:
        return
    checks = _CHECKS.get(result.layout.kind.layout, ())
    for row in result.rows:
        for check in checks:
            check(row)


def _attendance(row: DataRow) -> None:
    """实到 ≤ 应到; 应到 = 实到 + 请假 (+ 缺席)."""
    expected, attended = row.amount("expected_n"), row.amount("attended_n")
    absent, missing = row.amount("absent_n"), row.amount("missing_n")
    if expected is None or attended is None:
        return
    if attended > expected:
        row.doubt("attended_n", "attended_exceeds_expected", f"实到 {attended} 多于应到 {expected}")
    elif absent is not None and attended + absent + (missing or 0) != expected:
        row.doubt(
            "absent_n", "counts_do_not_add_up", f"实到 {attended}、请假 {absent} 与应到 {expected} 对不上"
        )


def _rate(row: DataRow) -> None:
    """A rate agrees with the counts beside it; the counts also decide between two readings."""
    expected, attended = row.amount("expected_n"), row.amount("attended_n")
    reading = row.readings.get("attendance_rate")
    if reading is None:
        return
    true = attended / expected if expected and attended is not None else None
    if reading.readings and true is not None:
        near = [r for r in reading.readings if abs(r - true) < 0.006]
        if len(near) == 1:
            row.readings["attendance_rate"] = flagged(
                near[0], "percent_scale_inferred", f"按应到、实到人数判断为 {near[0]:.4g}（比率）"
            )
    elif isinstance(reading.value, (int, float)) and true is not None and abs(reading.value - true) >= 0.006:
        row.doubt("attendance_rate", "inconsistent_with_counts", f"与应到、实到人数算出的 {true:.1%} 不一致")


def _order(*names: str) -> Callable[[DataRow], None]:
    def check(row: DataRow) -> None:
        last: tuple[str, dt.date] | None = None
        for name in names:
            day = row.day(name)
            if day is None:
                continue
            if last and day < last[1]:
                row.doubt(name, "date_order", f"早于前一步的日期 {last[1].isoformat()}")
            else:
                last = (name, day)

    return check


def _at_least(first: str, second: str, months: int, rule: str) -> Callable[[DataRow], None]:
    def check(row: DataRow) -> None:
        start, end = row.day(first), row.day(second)
        if start and end and start <= end < months_after(start, months):
            row.doubt(second, "too_soon", f"距前一步不满 {months} 个月（{rule}）")

    return check


def _issue(row: DataRow) -> None:
    """Status, completion and closing agree; a deadline does not lie before the finding."""
    status, done, closed = row.value("status"), row.day("done_on"), row.day("closed_on")
    found, deadline = row.day("found_on"), row.day("deadline")
    reopened = row.day("reopened_on")
    ended_otherwise = row.value("end_reason") in ("merged", "transferred", "withdrawn")
    if found and deadline and deadline < found:
        row.doubt("deadline", "deadline_before_found", "整改时限早于发现时间")
    if done and closed and closed < done:
        row.doubt("closed_on", "closed_before_done", "销号时间早于完成时间")
    if found and done and done < found:
        row.doubt("done_on", "done_before_found", "完成时间早于发现时间")
    if reopened is None and (done or closed) and status in ("not_started", "in_progress"):
        row.doubt("status", "status_disagrees", "填了完成或销号时间，进展却是未完成")
    done_unread = "done_on" in row.readings and row.readings["done_on"].kind != "rejected"
    if status == "done" and done is None and done_unread:
        row.doubt("status", "done_without_date", "填“完成”，没有完成时间")
    says_closed = "status" if status == "closed" else "closed" if row.value("closed") is True else ""
    if says_closed and done is None and closed is None and not ended_otherwise:
        row.doubt(says_closed, "closed_without_date", "填“销号”，没有完成时间或销号时间")


def _income(row: DataRow) -> None:
    """Parts are no more than the whole."""
    total = row.amount("total_income_yuan")
    parts = [v for n in ("operating_income_yuan", "subsidy_yuan") if (v := row.amount(n)) is not None]
    if total is not None and parts and sum(parts) > total + 0.5:
        row.doubt("total_income_yuan", "parts_exceed_total", "经营性收入与补助收入之和大于总收入")


def _term(row: DataRow) -> None:
    """届满 = 选举 + 任期, give or take a month; three or five years."""
    elected, expires, years = row.day("elected_on"), row.day("expires_on"), row.amount("term_years")
    if years is not None and years not in (3, 5):
        row.readings["term_years"] = Reading(None, "rejected", "not_a_term", "任期应为 3 年或 5 年")
        years = None
    if elected and expires and years:
        due = months_after(elected, int(years) * 12)
        if abs((due - expires).days) > 31:
            row.doubt("expires_on", "term_disagrees", f"与选举时间加任期（{due.isoformat()}）不一致")


_CHECKS: dict[str, tuple[Callable[[DataRow], None], ...]] = {
    "meetings": (_attendance, _rate),
    "trainings": (_attendance, _rate, _order("held_on", "end_on")),
    "issues": (_issue,),
    "village_years": (_income,),
    "elections": (_term,),
    "admissions": (
        _order("applied_on", "activist_on", "candidate_on", "probationary_on", "conversion_assembly_on"),
        _at_least("activist_on", "candidate_on", 12, "细则第十三条：培养考察一年以上"),
        _at_least("probationary_on", "conversion_assembly_on", 12, "预备期一年"),
        _at_least("probationary_on", "full_on", 12, "预备期一年"),
    ),
}


def check_sums(result: SheetResult) -> Iterable[tuple[int, str, str, str]]:
    """Hold 小计 and 合计 rows against the rows they sum: (row, field, code, message) of what disagrees.

    A total of everything, of the rows that count, or of a section may be meant; it disagrees when it is none of these.
    """
    layout = result.layout
    if layout is None:
        return
    rows = {r.number: r for r in result.rows}
    summed = [n for n, f in layout.kind.fields.items() if f.type in ("count", "money") and n in layout.fields]
    since: list[DataRow] = []
    everything: list[DataRow] = []
    for number, role in result.roles.items():
        if role == "data":
            since.append(rows[number])
            everything.append(rows[number])
        elif role == "section":
            since = []
        elif role == "total" or (role == "subtotal" and not _part(result, number)):
            scopes = [since, everything] if role == "total" else [since]
            for name in summed:
                if problem := _sum_problem(result, number, layout.fields[name], name, scopes):
                    yield number, name, *problem
            if role == "subtotal":
                since = []


def _part(result: SheetResult, number: int) -> bool:
    """其中：a part of the sum above it, which nothing here adds up to."""
    return any(str(c.value).strip().startswith("其中") for c in result.sheet.rows[number].values())


def _sum_problem(
    result: SheetResult, number: int, column: Column, name: str, scopes: list[list[DataRow]]
) -> tuple[str, str] | None:
    cell = result.sheet.rows[number].get(column.index)
    if cell is None:
        return None
    unit = (column.unit or result.preamble.money_unit) if name.endswith("_yuan") else None
    reading = (
        read_count(cell.value)
        if unit is None
        else read_money(cell.value, unit=unit, number_format=cell.number_format)
    )
    stated = reading.value
    if reading.code == "suspect_unit" and stated is None and isinstance(cell.value, (int, float)):
        stated = float(cell.value) * 10000
    if not isinstance(stated, (int, float)):
        return None
    total = Decimal(0)
    for rows in scopes:
        for counted in (rows, [r for r in rows if r.disposition == "accepted"]):
            total = sum((Decimal(repr(v)) for r in counted if (v := r.amount(name)) is not None), Decimal())
            if abs(total - Decimal(repr(stated))) <= Decimal("0.5"):
                return None
    unread = sum(r.readings[name].kind == "rejected" for rows in scopes for r in rows if name in r.readings)
    if unread:
        return "total_not_checked", f"有 {unread} 个单元格没有采用，合计无法核对"
    scale, word = (1, "") if unit is None else (10000, " 万元") if unit == "万元" else (1, " 元")
    written = Decimal(repr(stated)) / scale
    return "total_mismatch", f"合计写的是 {written:f}{word}，各行相加是 {total / scale:f}{word}"


# -- rows filed twice -----------------------------------------------------------------------------


def mark_duplicates(file: FileResult) -> None:
    """Mark duplicate rows over the sheets of one file, in order; the first one counts.

    A master sheet and its sheets by type hold the same rows. What two files both say is settled when the
    tables are made.
    """
    content: _Seen = {}
    identity: _Seen = {}
    for sheet in file.sheets:
        for row in sheet.rows:
            if row.disposition == "accepted" and sheet.layout is not None:
                _mark(row, sheet.sheet.name, sheet.layout.kind.layout, content, identity)


_Seen = dict[tuple[object, ...], tuple[str, DataRow]]


def _mark(row: DataRow, name: str, layout: str, content: _Seen, identity: _Seen) -> None:
    before, first = content.setdefault((layout, row.township_id, row.content), (name, row))
    if first is not row:
        row.disposition, row.code = "duplicate", "duplicate_row"
        row.duplicate_of = str(first.number) if before == name else f"{before}!{first.number}"
        row.message = f"与{_where(before, name, first)}内容相同（序号除外），只计一次"
        return
    if not any(p not in (None, "") for p in row.identity[1:]):
        return
    before, first = identity.setdefault((layout, *row.identity), (name, row))
    if first is row or (before == name and first.block == row.block):
        return
    for field, reading in row.readings.items():
        other = first.readings.get(field)
        if field != "seq" and reading.value is not None and (other is None or other.value != reading.value):
            row.doubt(
                field,
                f"conflicts_with_row_{first.number}",
                f"与{_where(before, name, first)}说的是同一件事，这一格不同",
            )
    row.code = row.code or "conflict"


def _where(before: str, here: str, first: DataRow) -> str:
    return f"第 {first.number} 行" if before == here else f"工作表“{before}”第 {first.number} 行"
