"""What the cells of a row, and the rows of a sheet, must agree on. A doubt flags a cell; it changes no value."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal

from pbanalysis.ledgers.dates import months_after
from pbanalysis.ledgers.numbers import read_count, read_money
from pbanalysis.ledgers.reading import Reading, flagged
from pbanalysis.ledgers.result import DataRow, SheetResult

__all__ = ["check_rows", "check_sums"]


def check_rows(result: SheetResult) -> None:
    """Run the checks of the sheet's kind over its data rows."""
    if result.layout is None:
        return
    checks = _CHECKS.get(result.layout.kind.layout, ())
    for row in result.rows:
        for check in checks:
            check(row)


def _number(row: DataRow, name: str) -> int | float | None:
    value = row.value(name)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _date(row: DataRow, name: str) -> dt.date | None:
    value = row.value(name)
    return value if isinstance(value, dt.date) else None


def _attendance(row: DataRow) -> None:
    """实到 ≤ 应到; 应到 = 实到 + 请假 (+ 缺席)."""
    expected, attended = _number(row, "expected_n"), _number(row, "attended_n")
    absent, missing = _number(row, "absent_n"), _number(row, "missing_n")
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
    expected, attended = _number(row, "expected_n"), _number(row, "attended_n")
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
            day = _date(row, name)
            if day is None:
                continue
            if last and day < last[1]:
                row.doubt(name, "date_order", f"早于前一步的日期 {last[1].isoformat()}")
            else:
                last = (name, day)

    return check


def _at_least(first: str, second: str, months: int, rule: str) -> Callable[[DataRow], None]:
    def check(row: DataRow) -> None:
        start, end = _date(row, first), _date(row, second)
        if start and end and start <= end < months_after(start, months):
            row.doubt(second, "too_soon", f"距前一步不满 {months} 个月（{rule}）")

    return check


def _issue(row: DataRow) -> None:
    """Status, completion and closing agree; a deadline does not lie before the finding."""
    status, done, closed = row.value("status"), _date(row, "done_on"), _date(row, "closed_on")
    found, deadline = _date(row, "found_on"), _date(row, "deadline")
    reopened = _date(row, "reopened_on")
    ended_otherwise = row.value("end_reason") in ("merged", "transferred", "withdrawn")
    if found and deadline and deadline < found:
        row.doubt("deadline", "deadline_before_found", "整改时限早于发现时间")
    if done and closed and closed < done:
        row.doubt("closed_on", "closed_before_done", "销号时间早于完成时间")
    if found and done and done < found:
        row.doubt("done_on", "done_before_found", "完成时间早于发现时间")
    if reopened is None and (done or closed) and status in ("not_started", "in_progress"):
        row.doubt("status", "status_disagrees", "填了完成或销号时间，进展却是未完成")
    if (
        status == "done"
        and "done_on" in row.readings
        and done is None
        and row.readings["done_on"].kind != "rejected"
    ):
        row.doubt("status", "done_without_date", "填“完成”，没有完成时间")
    if (
        (status == "closed" or row.value("closed") is True)
        and done is None
        and closed is None
        and not ended_otherwise
    ):
        name = "status" if status == "closed" else "closed"
        row.doubt(name, "closed_without_date", "填“销号”，没有完成时间或销号时间")


def _income(row: DataRow) -> None:
    """Parts are no more than the whole."""
    total = _number(row, "total_income_yuan")
    parts = [v for n in ("operating_income_yuan", "subsidy_yuan") if (v := _number(row, n)) is not None]
    if total is not None and parts and sum(parts) > total + 0.5:
        row.doubt("total_income_yuan", "parts_exceed_total", "经营性收入与补助收入之和大于总收入")


def _term(row: DataRow) -> None:
    """届满 = 选举 + 任期, give or take a month; three or five years."""
    elected, expires, years = _date(row, "elected_on"), _date(row, "expires_on"), _number(row, "term_years")
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
        elif role in ("subtotal", "total"):
            if role == "subtotal" and any(
                str(c.value).strip().startswith("其中") for c in result.sheet.rows[number].values()
            ):
                continue
            scope = [since, everything] if role == "total" else [since]
            for name in summed:
                problem = _sum_problem(result, number, name, scope)
                if problem:
                    yield number, name, *problem
            if role == "subtotal":
                since = []


def _sum_problem(
    result: SheetResult, number: int, name: str, scopes: list[list[DataRow]]
) -> tuple[str, str] | None:
    column = result.layout.fields[name] if result.layout else None
    cell = result.sheet.rows[number].get(column.index) if column else None
    if cell is None or column is None:
        return None
    money = name.endswith("_yuan")
    reading = (
        read_money(
            cell.value, unit=column.unit or result.preamble.money_unit, number_format=cell.number_format
        )
        if money
        else read_count(cell.value)
    )
    stated = reading.value
    if reading.kind == "rejected" and reading.code == "suspect_unit" and isinstance(cell.value, (int, float)):
        stated = float(cell.value) * 10000
    if not isinstance(stated, (int, float)):
        return None
    unread = 0
    for rows in scopes:
        for counted in (rows, [r for r in rows if r.disposition == "accepted"]):
            values = [v for r in counted if (v := _number(r, name)) is not None]
            if abs(sum(Decimal(repr(v)) for v in values) - Decimal(repr(stated))) <= Decimal("0.5"):
                return None
        unread += sum(r.readings[name].kind == "rejected" for r in rows if name in r.readings)
    if unread:
        return "total_not_checked", f"有 {unread} 个单元格没有采用，合计无法核对"
    total = sum(
        Decimal(repr(v))
        for r in scopes[-1]
        if r.disposition == "accepted" and (v := _number(r, name)) is not None
    )
    scale, unit = (
        (10000, " 万元")
        if money and (column.unit or result.preamble.money_unit) == "万元"
        else (1, " 元" if money else "")
    )
    return (
        "total_mismatch",
        f"合计写的是 {Decimal(repr(stated)) / scale:f}{unit}，各行相加是 {total / scale:f}{unit}",
    )
