"""One sheet, from cells to data rows: roles, header, readings, units."""

from __future__ import annotations

import bisect
import datetime as dt
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pbanalysis.ledgers.cards import Cards, find_cards
from pbanalysis.ledgers.cells import CellReader, show
from pbanalysis.ledgers.dates import DateContext
from pbanalysis.ledgers.grid import Cell, Sheet
from pbanalysis.ledgers.headers import header_year
from pbanalysis.ledgers.layout import Layout, find_layout
from pbanalysis.ledgers.reading import NOTHING, Reading, flagged, rejected
from pbanalysis.ledgers.result import DataRow, SheetResult
from pbanalysis.ledgers.roles import Role, body_roles, preamble_roles, read_preamble
from pbanalysis.ledgers.text import squash, tidy
from pbanalysis.ledgers.units import Registry
from pbanalysis.privacy.pseudonyms import Pseudonyms

__all__ = ["Setting", "conclude", "locate"]


@dataclass(frozen=True)
class Setting:
    """What is the same for every sheet of an import."""

    registry: Registry
    latest: dt.date | None  # the cut-off, where it is known
    pseudonyms: Pseudonyms | None


def locate(sheet: Sheet, file: str, *, only: str | None = None) -> SheetResult:
    """Find header, roles and what the sheet says about itself; no cell is read yet."""
    rows = sheet.numbers()
    words = [
        tidy(str(c.value))
        for r in rows[:6]
        for c in sheet.rows[r].values()
        if isinstance(c.value, str) and len(sheet.rows[r]) <= 3
    ]
    hints = [*words, sheet.name, file.rsplit("/", 1)[-1]]
    year_words = "".join(re.findall(r"(?:19|20)\d{2}年", "".join(hints)))
    year = int(year_words[:4]) if year_words else None
    search = find_layout(sheet, hints, year=year, only=only)
    layout = search.layout
    if layout is None and (cards := find_cards(sheet, hints)) is not None:
        return _as_cards(sheet, cards, f"{sheet.name} {file}")
    if layout is None:
        roles = preamble_roles(sheet, rows)
        told: dict[int, Role] = {
            r: "other_table" if role == "title" and len(sheet.rows[r]) > 2 else role
            for r, role in roles.items()
        }
        return SheetResult(sheet, told, search=search, preamble=read_preamble(sheet, roles, file))
    above = preamble_roles(sheet, [r for r in rows if r < layout.top])
    header: dict[int, Role] = {r: "header" for r in rows if layout.top <= r <= layout.bottom}
    body = body_roles(sheet, layout, [r for r in rows if r > layout.bottom])
    saying = {**above, **{r: role for r, role in body.items() if role == "signature"}}
    preamble = read_preamble(sheet, saying, f"{sheet.name} {file}")
    return SheetResult(sheet, {**above, **header, **body}, layout, search, preamble)


def _as_cards(sheet: Sheet, cards: Cards, file_words: str) -> SheetResult:
    """A sheet of forms, as the table they make."""
    roles: dict[int, Role] = {n: "header" if n == 1 else "data" for n in cards.table.rows}
    beside = preamble_roles(sheet, [n for n in sheet.numbers() if n not in cards.rows])
    preamble = read_preamble(sheet, beside, file_words)
    return SheetResult(cards.table, roles, cards.layout, cards.search, preamble, cards=cards, beside=beside)


def conclude(result: SheetResult, setting: Setting, township_id: str) -> None:
    """Read the data rows of a located sheet."""
    layout = result.layout
    if layout is None:
        return
    result.township_id = township_id
    result.names = _names(result, layout)
    if result.preamble.year is None:
        result.preamble = replace(result.preamble, year=_stated_year(layout, setting))
    readers = _readers(result, layout, setting)
    fills = _fills(result.sheet, [r for r, role in result.roles.items() if role == "data"], readers)
    names = tuple(sorted(n for n in layout.fields if n != "seq"))
    issue_column = next((c for c in (layout.fields.get("issue"), layout.fields.get("seq")) if c), None)
    under = ""  # township that the section above names
    for number, role in result.roles.items():
        if role == "section":
            under = _section_township(result.sheet, number, setting.registry)
        if role != "data":
            continue
        cells = result.sheet.rows[number]
        down = fills.get(number, {})
        readings, raws = {}, {}
        for column, reader in readers.items():
            cell = cells.get(column)
            if filled := cell is None and column in down:
                cell = result.sheet.rows[down[column]][column]
            if cell is None:
                continue
            name = reader.declared.name
            raws[name] = cell
            if reader.declared.type in _UNIT_TYPES:
                continue
            readings[name] = _fill(reader.read(cell)) if filled else reader.read(cell)
            if reader.declared.type == "span":
                readings["end_on"] = reader.span_end(cell)
        row = DataRow(number, readings)
        if down:
            row.filled = frozenset(
                f.declared.name for c, f in readers.items() if c in down and c not in cells
            )
        row.block = down.get(issue_column.index, number) if issue_column else number
        _units(row, raws, layout, setting.registry, under or township_id)
        _people(row, raws, layout, setting.pseudonyms)
        row.content = (names, tuple(_told(row, raws, n, layout) for n in names))
        row.identity = _identity(row, layout, raws)
        result.rows.append(row)
    if result.preamble.year is None:
        result.preamble = replace(result.preamble, year=_lived_year(result.rows))


def _section_township(sheet: Sheet, number: int, registry: Registry) -> str:
    codes = registry.township_in("".join(str(c.value) for c in sheet.rows[number].values()))
    return codes.pop() if len(codes) == 1 else ""


def _stated_year(layout: Layout, setting: Setting) -> int | None:
    """Year that the headers name, else that of the cut-off."""
    years = {y for c in layout.columns.values() for part in c.path if (y := header_year(part))}
    if len(years) == 1:
        return years.pop()
    return setting.latest.year if setting.latest else None


def _lived_year(rows: Sequence[DataRow]) -> int | None:
    """Year of most of the dates in the rows."""
    days = (r.value for row in rows for r in row.readings.values())
    years = Counter(d.year for d in days if isinstance(d, dt.date))
    return years.most_common(1)[0][0] if years else None


def _told(row: DataRow, raws: dict[str, Cell], name: str, layout: Layout) -> object:
    """What a cell says, for comparing rows: its value, or as typed where it has none that may be kept."""
    cell = raws.get(name)
    if cell is None:
        return None
    value = row.readings[name].value
    return squash(show(cell.value)) if value is None or layout.kind.fields[name].personal else value


_GRACE = dt.timedelta(days=31)  # a ledger is completed after the day it names; a year too far is a slip
_UNIT_TYPES = ("township", "village", "branch")


def _fill(reading: Reading) -> Reading:
    if reading.kind in ("flagged", "rejected"):
        return reading
    return replace(reading, kind="normalised", code="merged_fill", message="合并单元格，取上面的值")


def _readers(result: SheetResult, layout: Layout, setting: Setting) -> dict[int, CellReader]:
    latest = max((d for d in (setting.latest, result.preamble.reported_on) if d), default=None)
    dates = DateContext(result.preamble.year, latest + _GRACE if latest else None, result.sheet.is_text)
    return {
        c.index: CellReader(c, layout.kind.fields[c.field], dates, result.preamble.money_unit, result.names)
        for c in layout.columns.values()
        if c.field
    }


def _fills(sheet: Sheet, data: Sequence[int], readers: dict[int, CellReader]) -> dict[int, dict[int, int]]:
    """Row -> column -> row of the anchor, for cells that a merge reaches down to."""
    found: dict[int, dict[int, int]] = {}
    for merge in sheet.merges:
        if merge.left in readers and merge.left in sheet.rows.get(merge.top, {}):
            for row in data[bisect.bisect_right(data, merge.top) : bisect.bisect_right(data, merge.bottom)]:
                found.setdefault(row, {})[merge.left] = merge.top
    return found


_NAME = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff·A-Za-z]{2,6}")
_NO_NAME = re.compile(r"村|镇|乡|党|支部|办|委|领导|书记|干部|全体|各|组|部|单位|人员|主任|[是否有无√×]$")
_SIGNED = re.compile(
    r"(?:填表人|填报人|审核人|制表人|经办人|负责人|联系人|审核|制表)\s*(?:[(（][^)）]*[)）])?\s*[:：]\s*([\u3400-\u9fff\U00020000-\U0003ffff·]{2,4})"
)


def _names(result: SheetResult, layout: Layout) -> frozenset[str]:
    """Names that stand in the sheet's own name columns and signature rows."""
    names: set[str] = set()
    columns = [c.index for c in layout.columns.values() if c.field and layout.kind.fields[c.field].named]
    for number, role in result.roles.items():
        cells = result.sheet.rows[number]
        if role in ("data", "example"):
            typed = (cells[c].value for c in columns if c in cells)
            for text in (tidy(v) for v in typed if isinstance(v, str)):
                names.update(re.split(r"[、,，;；/\s\n]+|[(（][^)）]*[)）]", text))
                names.add(squash(text))
        elif role in ("signature", "meta", "note"):
            names.update(m for cell in cells.values() for m in _SIGNED.findall(tidy(str(cell.value))))
    return frozenset(n for n in names if _NAME.fullmatch(n) and not _NO_NAME.search(n))


def _units(row: DataRow, raws: dict[str, Cell], layout: Layout, registry: Registry, around: str) -> None:
    """Township (in the row, else that of the section or sheet), then village and organisation inside it."""
    if raws.keys() <= {"seq", "township"}:
        row.reject("empty_row", "除序号、乡镇外没有填内容")
    row.township_id = _township(row, raws.get("township"), "township" in layout.fields, registry, around)
    for name, resolve in (("village", registry.village), ("branch", registry.organisation)):
        declared = layout.kind.fields.get(name)
        if declared is None or declared.type != name:
            continue
        cell, reading, unit = raws.get(name), NOTHING, ""
        if cell is not None:
            if row.township_id:
                reading, unit = resolve(tidy(show(cell.value)), row.township_id)
            else:
                reading = rejected("no_township", "乡镇不明，无法核对")
            row.readings[name] = _fill(reading) if name in row.filled and unit else reading
        if name == "village":
            row.village_id = unit or None
        else:
            row.org_id = unit or None
        if unit or declared.optional_match or name not in layout.fields:
            continue
        if reading.kind == "rejected":
            row.reject(reading.code, reading.message)
        else:
            row.reject(f"no_{name}", f"没有写明{declared.label}；空格不会自动沿用上一行")


def _township(row: DataRow, cell: Cell | None, has_column: bool, registry: Registry, around: str) -> str:
    """Code of the row's township, "" where it is not known: the row is rejected then."""
    if cell is not None:
        reading, code = registry.township(tidy(show(cell.value)))
        row.readings["township"] = _fill(reading) if "township" in row.filled else reading
        if reading.kind == "rejected":
            row.reject(reading.code, reading.message)
            return ""
        if code and around and code != around:
            row.doubt("township", "township_differs", "与填报单位不是同一个乡镇")
        if code:
            return code
    if has_column and around:
        name = registry.by_code[around].name
        row.readings["township"] = flagged(name, "township_from_sheet", "没有写明乡镇，按填报单位读取")
    elif has_column:
        row.reject("no_township", "没有写明乡镇；空格不会自动沿用上一行，请填写或合并单元格")
    elif not around:
        row.reject("no_township", "没有写明乡镇，标题、填报单位和文件名里也没有")
    return around


def _people(row: DataRow, raws: dict[str, Cell], layout: Layout, pseudonyms: Pseudonyms | None) -> None:
    """Replace personal values by pseudonyms, or by nothing; says who the row is about."""
    by_id = by_name = ""
    for name, cell in raws.items():
        declared, reading = layout.kind.fields[name], row.readings[name]
        if reading.value is None:
            continue
        if declared.type == "id_number":
            by_id = pseudonyms.of_id(str(reading.value)) if pseudonyms else ""
            row.readings[name] = replace(reading, value=by_id)
        elif declared.type == "personal":
            value = ""
            if declared.personal == "pseudonym" and pseudonyms:
                value = pseudonyms.of_name(row.township_id, row.org_id or "", tidy(show(cell.value)))
                row.readings[name] = replace(reading, value=value)
            if declared.person:
                by_name = value
    row.person = by_id or by_name


def _identity(row: DataRow, layout: Layout, raws: dict[str, Cell]) -> tuple[object, ...]:
    parts: list[object] = [row.township_id]
    for name, declared in layout.kind.fields.items():
        if not declared.identity:
            continue
        if declared.type == "branch":
            parts.append(row.org_id)
        elif declared.type == "village":
            parts.append(row.village_id)
        elif declared.personal:
            parts.append(row.person)
        else:
            reading = row.readings.get(name)
            unread = reading is not None and reading.value is None and name in raws
            parts.append(squash(show(raws[name].value)) if unread else reading and reading.value)
    return tuple(parts)
