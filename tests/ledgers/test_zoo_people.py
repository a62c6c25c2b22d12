"""Nasty workbooks made here, one trouble each: what must never get out, and cells that hold no value."""

from __future__ import annotations

from typing import Any

import pandas as pd
from openpyxl.styles import Font

RECT = ["序号", "乡镇", "存在问题", "整改措施", "责任人", "整改时限", "整改进展"]
MEET = ["乡镇", "所在党支部", "会议类型", "会议时间", "应到人数", "实到人数", "会议议题"]
ECON = ["乡镇", "村名", "总收入（万元）", "经营性收入（万元）"]
MEETING = ["城关镇", "东关村党支部", "党课", "2023-05-31", 20, 18, "学习"]


# -- people ---------------------------------------------------------------------------------------

ADMIT = ["乡镇", "所在党支部", "姓名", "身份证号码", "联系电话", "提交书面申请书时间", "当前发展阶段"]
GOOD_ID = "11010519491231002X"


def test_identity_numbers(importing: Any, anywhere: Any) -> None:
    """As text a pseudonym; as a number, cut, masked or with a wrong check digit rejected; never stored."""
    ids = [
        GOOD_ID,
        " 11010519491231002x",
        110105194912310020,
        "1.10105E+17",
        "110105194912310021",
        "1101051949****002X",
        "11010519491231",
    ]
    rows = [
        ["城关镇", "东关村党支部", f"钱某{c}", i, "13900000000", f"2023-01-{n:02d}", "入党申请人"]
        for n, (c, i) in enumerate(zip("甲乙丙丁戊己庚", ids), 1)
    ]
    got = importing({"a.xlsx": [ADMIT, *rows]})
    cells = [got.cell(f"D{n}") for n in range(2, 9)]
    assert [c["class"] for c in cells] == ["ok", "normalised", *["rejected"] * 5]
    assert cells[0]["value"] == cells[1]["value"] != ""
    assert [c["code"] for c in cells[2:]] == [
        "precision_lost",
        "precision_lost",
        "id_checksum",
        "masked",
        "bad_length",
    ]
    for secret in (GOOD_ID, "110105194912310020", "13900000000", "钱某甲", "钱某庚"):
        assert not anywhere(got.store, secret)


def test_no_key_no_person(importing: Any) -> None:
    """Without a key a row that only a person identifies is not loaded; with a file number it is."""
    rows = [["城关镇", "东关村党支部", "钱某", GOOD_ID, None, "2023-01-01", "入党申请人"]]
    bare = importing({"a.xlsx": [ADMIT, *rows]}, key=False, store="bare")
    assert [r["code"] for r in bare.lines("rows")] == ["", "no_key"]
    filed = importing(
        {"a.xlsx": [["档案编号", *ADMIT], ["629901100-D0001", *rows[0]]]}, key=False, store="filed"
    )
    assert list(pd.read_parquet(filed.store / "tables/admissions.parquet")["case_id"]) == ["629901100-D0001"]


def test_personal_values_in_text_are_masked(importing: Any, anywhere: Any) -> None:
    """Names of the file's own name columns, numbers and mail in free text are masked, the cell flagged, the copy too."""
    text = "王某某（13900000000，110105194912310020）未参加学习，见 a.b@example.com"
    got = importing(
        {
            "城关镇.xlsx": [
                RECT,
                [1, "城关镇", text, "补齐", "王某某", "2023-05-31", "推进中"],
                ["填表人：刘某", None, None, "刘某联系电话：13911111111"],
            ]
        }
    )
    assert got.cell("C2")["class"] == "flagged"
    for secret in ("王某某", "13900000000", "110105194912310020", "a.b@example.com", "刘某", "13911111111"):
        assert not anywhere(got.store, secret), secret


def test_a_file_number_that_is_an_identity_number(importing: Any, anywhere: Any) -> None:
    """A 档案编号 that holds an identity number is no case id: the pseudonym takes its place."""
    got = importing(
        {
            "a.xlsx": [
                ["档案编号", *ADMIT],
                [GOOD_ID, "城关镇", "东关村党支部", "钱某", GOOD_ID, None, "2023-01-01", "入党申请人"],
            ]
        }
    )
    assert pd.read_parquet(got.store / "tables/admissions.parquet")["case_id"].str.startswith("p-").all()
    assert not anywhere(got.store, GOOD_ID)


# -- cells that are none --------------------------------------------------------------------------


def test_formulas_errors_and_strikethrough(importing: Any, books: Any) -> None:
    """A formula without a value and an error are rejected; a struck-out cell is flagged; text never becomes a formula."""

    def change(wb: Any) -> None:
        page = wb.active
        page["E2"] = "=SUM(1,2)"
        page["F2"] = "#REF!"
        page["F2"].data_type = "e"
        page["G2"].font = Font(strike=True)

    got = importing(
        {"a.xlsx": books({"台账": [MEET, [*MEETING[:4], None, None, '=HYPERLINK("x")']]}, change=change)}
    )
    assert [got.cell(c)["class"] for c in ("E2", "F2")] == ["rejected", "rejected"]
    assert all(not v.startswith(("=", "+", "@")) for line in got.lines("cells") for v in line.values())


def test_totals_are_checked_with_and_without_duplicates(importing: Any) -> None:
    """A total that includes a duplicate row is no mismatch; a wrong one is; an unread cell makes it unchecked."""
    rows = [MEET, MEETING, MEETING, ["合计", None, None, None, 40, 30, None]]
    got = importing({"城关镇.xlsx": rows})
    said = {f["cell"]: f["code"] for f in got.lines("findings") if f["code"].startswith("total")}
    assert said == {"F4": "total_mismatch"}


def test_conflicting_rows_are_flagged_in_the_cell(importing: Any) -> None:
    """The same meeting with other numbers is accepted and flagged where it differs."""
    got = importing({"a.xlsx": [MEET, MEETING, [*MEETING[:4], 25, 18, "学习"]]})
    assert got.cell("E3")["code"] == "conflicts_with_row_2"
    assert got.cell("F3")["class"] == "ok"


def test_two_rows_of_one_village_and_year(importing: Any) -> None:
    """One village twice with other figures: the first stays, the second is kept out and said."""
    got = importing({"2023年.xlsx": [ECON, ["城关镇", "东关村", 6.2, 5.1], ["城关镇", "东关村", 7.2, 5.1]]})
    assert got.roles() == {1: "header", 2: "accepted", 3: "rejected"}


def test_cards_side_by_side_with_a_code_list(importing: Any) -> None:
    """A list of codes beside the table is not data; cells without a header are counted and reported."""
    rows = [
        [*MEET, None, "说明"],
        [*MEETING, None, "1=党课"],
        [*[None] * 8, "2=支委会"],
        [None, None, None, None, None, None, None, "漏"],
    ]
    got = importing({"a.xlsx": rows})
    assert got.roles() == {1: "header", 2: "accepted", 3: "note", 4: "note"}
    assert got.summary.table_rows["meetings"] == 1
