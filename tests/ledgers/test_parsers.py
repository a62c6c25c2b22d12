"""Properties of every parser: total, idempotent on its own output, and nothing accepted that reads otherwise too."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pbanalysis.ledgers.cells import (
    read_bool,
    read_enum,
    read_id_number,
    read_presence,
    read_text,
    read_types,
)
from pbanalysis.ledgers.dates import DateContext, read_date, read_deadline, read_span
from pbanalysis.ledgers.grid import Unusable, Value
from pbanalysis.ledgers.headers import kinds, vocabulary
from pbanalysis.ledgers.numbers import MONEY_UNITS, read_count, read_money, read_number, read_rate
from pbanalysis.ledgers.reading import Reading
from pbanalysis.ledgers.text import chinese_number

CONTEXT = DateContext(2023, dt.date(2024, 1, 31))
PARSERS: dict[str, Callable[[Value], Reading]] = {
    "date": lambda v: read_date(v, CONTEXT),
    "schedule": lambda v: read_date(v, CONTEXT, schedule=True),
    "deadline": lambda v: read_deadline(v, CONTEXT),
    "span": lambda v: read_span(v, CONTEXT)[0],
    "span end": lambda v: read_span(v, CONTEXT)[1],
    "count": read_count,
    "number": read_number,
    "rate": read_rate,
    "rate in per cent": lambda v: read_rate(v, percent_header=True),
    "rate with format": lambda v: read_rate(v, number_format="0.00%"),
    "money in yuan": lambda v: read_money(v, unit="元"),
    "money in 万元": lambda v: read_money(v, unit="万元"),
    "money without unit": read_money,
    "bool": read_bool,
    "presence": read_presence,
    "status": lambda v: read_enum(v, vocabulary("status")),
    "category": lambda v: read_enum(v, vocabulary("category")),
    "types": lambda v: read_types(v, vocabulary("types")),
    "text": read_text,
    "id number": read_id_number,
}

# pieces that cells of ledgers are made of, put together at random: far likelier to hit a rule than plain noise
PIECES = ["0", "1", "2", "3", "5", "9", "10", "12", "31", "2023", "2024", "23", "45077", "20230531", "1.5", ".", ",", "-", "/", "／", "．", "：", ":", "年", "月", "日", "号", "底", "末", "前", "上半年", "季度", "第", "一", "二", "十", "百", "千", "万", "亿", "元", "%", "％", "约", "余", "以上", "人", "次", "名", "天", "学时", "至", "~", "—", "无", "暂无", "√", "×", "是", "否", "有", "☑", "□", "+", "、", "和", "党课", "支委会", "已", "未", "完成", "销号", "立行立改", "长期坚持", "成", "百分之", "分之", "零", "〇", "E+", "X", "x", "(", ")", "（", "）", "￥", "\u3000", "\u200b", "\n", "P11", "其他"]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=8).map("".join) | st.text(max_size=12)
values = (
    texts
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.decimals(-100, 50000, places=2).map(float)
    | st.booleans()
    | st.dates()
    | st.datetimes()
    | texts.map(Unusable)
)


@pytest.mark.parametrize("name", PARSERS)
@given(value=values)
def test_total(name: str, value: Value) -> None:
    """A parser returns a reading for anything; rejected has no value, flagged and rejected have a reason."""
    reading = PARSERS[name](value)
    assert isinstance(reading, Reading)
    assert reading.value is None or reading.kind != "rejected"
    assert reading.message or reading.kind in ("ok", "normalised")


REREAD: dict[str, Callable[[object], Reading]] = {
    "date": lambda v: read_date(v if isinstance(v, str) else v.isoformat(), CONTEXT),  # type: ignore[attr-defined]
    "schedule": lambda v: read_date(v.isoformat(), CONTEXT, schedule=True),  # type: ignore[attr-defined]
    "count": read_count,  # type: ignore[dict-item]
    "number": read_number,  # type: ignore[dict-item]
    "rate": lambda v: read_rate(v, number_format="0%"),  # type: ignore[arg-type]
    "rate in per cent": lambda v: read_rate(v, number_format="0%"),  # type: ignore[arg-type]
    "bool": read_bool,  # type: ignore[dict-item]
    "status": lambda v: read_enum(v, vocabulary("status")),  # type: ignore[arg-type]
    "category": lambda v: read_enum(v, vocabulary("category")),  # type: ignore[arg-type]
    "types": lambda v: read_types("、".join(v), vocabulary("types")),  # type: ignore[arg-type]
    "text": read_text,  # type: ignore[dict-item]
    "id number": read_id_number,  # type: ignore[dict-item]
}


@pytest.mark.parametrize("name", REREAD)
@given(value=values)
def test_idempotent(name: str, value: Value) -> None:
    """Reading a parser's own output gives the same value, and never a rejection."""
    reading = PARSERS[name](value)
    if reading.value is not None and reading.value != ():
        again = REREAD[name](reading.value)
        assert again.value == reading.value
        assert again.kind != "rejected"


@given(st.integers(0, 10**9), st.sampled_from(["元", "万元", "万", "亿元", "千元"]))
def test_money_written_with_a_unit_is_worth_the_same_anywhere(amount: int, unit: str) -> None:
    """A unit in the cell wins over any header; the amount is exact."""
    for around in ("", "元", "万元"):
        reading = read_money(f"{amount}{unit}", unit=around)
        assert reading.value == amount * MONEY_UNITS[unit]


@given(st.decimals(0, 999, places=4))
def test_money_never_drifts(amount: object) -> None:
    """万元 to yuan is decimal arithmetic: no binary rounding."""
    reading = read_money(str(amount), unit="万元")
    assert Fraction(str(reading.value)) == Fraction(str(amount)) * 10000


@given(st.dates(dt.date(1950, 1, 1), dt.date(2024, 1, 31)))
@example(dt.date(2024, 2, 29) - dt.timedelta(days=366))
def test_every_way_of_writing_a_day_is_that_day(day: dt.date) -> None:
    """All unambiguous forms of a day give it, at day precision."""
    y, m, d = day.year, day.month, day.day
    forms = [
        day,
        f"{y}-{m}-{d}",
        f"{y}/{m:02d}/{d:02d}",
        f"{y}.{m}.{d}",
        f"{y}年{m}月{d}日",
        f"{y} 年 {m} 月 {d} 号",
        f"{y}{m:02d}{d:02d}",
        int(f"{y}{m:02d}{d:02d}"),
        f"{day} 14:30",
        f"{y}年{m}月{d}日（星期三）",
    ]
    for form in forms:
        reading = read_date(form, CONTEXT)
        assert (reading.value, reading.precision) == (day, "day"), form
        assert reading.kind in ("ok", "normalised")
    assert read_date((day - dt.date(1899, 12, 30)).days, CONTEXT).value == day


@given(texts)
def test_a_date_taken_without_doubt_names_its_year_month_and_day(text: str) -> None:
    """What is accepted as a day holds year, month and day in that order: no other order is ever assumed silently."""
    reading = read_date(text, CONTEXT)
    if (
        reading.kind in ("ok", "normalised")
        and isinstance(reading.value, dt.date)
        and reading.code not in ("serial", "chinese_numerals")
    ):
        import re
        import unicodedata

        digits = [int(p) for p in re.findall(r"\d+", unicodedata.normalize("NFKC", text))]
        packed = int(reading.value.strftime("%Y%m%d"))
        assert (
            digits[:3] == [reading.value.year, reading.value.month, reading.value.day] or digits[0] == packed
        )


@given(st.floats(1950, 2099).map(lambda v: round(v, 2)))
def test_a_decimal_month_that_may_be_october_is_rejected(value: float) -> None:
    """2023.1 may be January or October; every other decimal month is flagged at month precision or invalid."""
    reading = read_date(value, CONTEXT)
    if str(value).endswith(".1"):
        assert reading.code == "ambiguous_month"
    elif reading.value is not None:
        assert (reading.kind, reading.precision) == ("flagged", "month")


@given(st.integers(1, 31), st.integers(1, 12))
def test_western_order_is_taken_only_when_it_has_one_reading(first: int, second: int) -> None:
    """d/m/yyyy and m/d/yyyy: ambiguous ones are rejected with both readings, others flagged."""
    reading = read_date(f"{first}/{second}/2023", CONTEXT)
    if first <= 12 and first != second:
        assert reading.kind == "rejected"
    else:
        assert reading.kind in ("flagged", "rejected")


@given(st.floats(0.001, 1))
def test_a_rate_under_a_per_cent_header_is_never_guessed(value: float) -> None:
    """0.92 under （%） may be 0.92 per cent or 92 per cent: rejected, both readings kept for the counts to decide."""
    reading = read_rate(value, percent_header=True)
    assert reading.kind == "rejected"
    assert len(reading.readings) == 2


@given(st.integers(0, 9999))
def test_chinese_numerals(number: int) -> None:
    """Every numeral from 0 to 9999 is read; 二十五 and 25 are one count."""
    assert chinese_number(_numeral(number)) == number
    assert read_count(_numeral(number)).value == number


def _numeral(number: int) -> str:
    digits, units, out = "零一二三四五六七八九", ["", "十", "百", "千"], ""
    for place in range(3, -1, -1):
        digit = number // 10**place % 10
        out += digits[digit] + units[place] if digit else "零"
    out = out.strip("零") if number else "零"
    while "零零" in out:
        out = out.replace("零零", "零")
    return out.removeprefix("一") if out.startswith("一十") else out


@given(st.integers(10**17, 10**18 - 1) | st.floats(1e17, 1e18))
def test_an_identity_number_in_a_number_cell_is_lost(value: float) -> None:
    """Fifteen digits are all a number cell keeps: never a value, whatever the check digit says."""
    assert read_id_number(value).code == "precision_lost"


@given(st.text("0123456789X", min_size=18, max_size=18))
def test_only_a_correct_check_digit_passes(number: str) -> None:
    """At most one last character is right for seventeen digits."""
    passed = [c for c in "0123456789X" if read_id_number(number[:17] + c).value is not None]
    assert len(passed) == (1 if number[:17].isdigit() else 0)


def test_vocabularies_are_unambiguous() -> None:
    """No word of a vocabulary means two things, and no header synonym two fields of one kind."""
    import tomllib
    from importlib.resources import files

    from pbanalysis.ledgers.headers import header_keys
    from pbanalysis.ledgers.text import squash

    raw = tomllib.loads(files("pbanalysis.ledgers").joinpath("headers.toml").read_text("utf-8"))
    for name, many in raw["vocabulary"].items():
        words = [squash(w) for listed in many.values() for w in listed]
        assert len(words) == len(set(words)), name
    for kind in kinds().values():
        keys = [header_keys(s)[0] for f in kind.own for s in kind.fields[f].synonyms]
        assert len(keys) == len(set(keys)), (kind.layout, sorted(k for k in keys if keys.count(k) > 1))
