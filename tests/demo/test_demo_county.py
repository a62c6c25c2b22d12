"""The fictional county: same seed, same bytes; what is said to be planted is there."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from pbanalysis.demo import demo_tables, make_demo
from pbanalysis.demo.stories import STORIES, Key, story_key
from pbanalysis.errors import Exit, PbError
from pbanalysis.privacy.scan import check_digit
from pbanalysis.store.frames import check, read_csv
from pbanalysis.store.schema import TABLES

Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def tables() -> Tables:
    """The county of fourteen."""
    return demo_tables()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A county of three, as filed."""
    target = tmp_path_factory.mktemp("demo") / "county"
    make_demo(target, townships=3)
    return target


def code(tables: Tables, key: Key) -> str:
    """Code of the township of a story."""
    place = [s.key for s in STORIES].index(key)
    return str(tables["townships"]["township_id"].iloc[place])


def rows(tables: Tables, name: str, key: Key) -> pd.DataFrame:
    """A township's rows of a table."""
    frame, own = tables[name], code(tables, key)
    for column in ("township_id", "org_id", "village_id", "case_id"):
        if column in frame:
            return frame[frame[column].str.startswith(own)]
    raise KeyError(name)


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file."""
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_same_seed_same_bytes(folder: Path, tmp_path: Path) -> None:
    """A second run writes the same bytes, workbooks included; another seed writes others."""
    make_demo(tmp_path / "again", townships=3)
    make_demo(tmp_path / "other", townships=3, seed=7, workbooks=False)
    first, again, other = digests(folder), digests(tmp_path / "again"), digests(tmp_path / "other")
    assert first == again
    assert other["tables/meetings.csv"] != first["tables/meetings.csv"]


def test_workbooks_carry_no_time_of_writing(folder: Path) -> None:
    """Dates inside the zip directory of a workbook are fixed."""
    book = next(folder.rglob("*.xlsx"))
    with zipfile.ZipFile(book) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize(("townships", "seed"), [(1, 2023), (2, 5), (14, 2023), (40, 11)])
def test_tables_fit_the_declaration(townships: int, seed: int) -> None:
    """Every table of every size holds the declared columns, types, vocabularies and keys."""
    made = demo_tables(townships, seed)
    assert set(made) == set(TABLES)
    assert {name: check(frame, TABLES[name]) for name, frame in made.items()} == {name: [] for name in made}


def test_references_lead_somewhere(tables: Tables) -> None:
    """Every organisation, village, case and township that a row names is in its registry."""
    registry = {
        "org_id": set(tables["organisations"]["org_id"]),
        "village_id": set(tables["villages"]["village_id"]),
        "case_id": set(tables["admissions"]["case_id"]),
        "township_id": {*tables["townships"]["township_id"], "629902"},
    }
    for name, frame in tables.items():
        for column, known in registry.items():
            if column in frame:
                assert set(frame[column].dropna()) <= known, (name, column)


def test_csvs_read_back_as_they_were(folder: Path) -> None:
    """The canonical CSVs are what ``read_csv`` calls faultless, and equal the tables."""
    made = demo_tables(3)
    for name, table in TABLES.items():
        frame, problems, unknown = read_csv(folder / "tables" / f"{name}.csv", table)
        assert not problems, name
        assert not unknown, name
        pd.testing.assert_frame_equal(
            frame[table.names].reset_index(drop=True), made[name], check_dtype=False
        )


@pytest.mark.parametrize("townships", [0, 2001])
def test_size_out_of_range_is_refused(tmp_path: Path, townships: int) -> None:
    """A size nobody can want is wrong use, and nothing is written."""
    with pytest.raises(PbError) as caught:
        make_demo(tmp_path / "x", townships=townships)
    assert caught.value.exit_status is Exit.WRONG_USE
    assert not (tmp_path / "x").exists()


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    """Files of the user are never mixed with the demo's."""
    (tmp_path / "mine.txt").write_text("x", encoding="utf-8")
    with pytest.raises(PbError, match="别的文件"):
        make_demo(tmp_path, townships=1)


def test_every_story_stands_in_the_documentation() -> None:
    """docs/demo.md prints each planted township with the words of the code."""
    text = (Path(__file__).parents[2] / "docs" / "demo.md").read_text(encoding="utf-8")
    for story in STORIES:
        assert f"| {story.name} | {story.what} |" in text


def test_stories_come_first_then_ordinary_townships() -> None:
    """The first fourteen are planted in the same order whatever the size."""
    small, large = demo_tables(2)["townships"], demo_tables(20)["townships"]
    assert small["name"].tolist() == large["name"].tolist()[:2] == [s.name for s in STORIES[:2]]
    assert story_key(14) == "ordinary"


class TestStories:
    """What is said to be planted is there."""

    def test_exemplary(self, tables: Tables) -> None:
        """Everything required was held in 2023, recorded in full, closed in time."""
        own = rows(tables, "meetings", "exemplary")
        own = own[own["held_on"].dt.year == 2023]
        cells = ["topic", "expected_n", "present_n", "minutes", "evidence_n"]
        assert own[cells].notna().all(axis=None)
        held = own.assign(month=own["held_on"].dt.month)[own["types"].map(lambda t: "theme_day" in t)]
        assert (held.groupby("org_id")["month"].nunique() == 12).all()
        issues = rows(tables, "issues", "exemplary")
        dated = issues[issues["deadline_on"].notna() & (issues["deadline_on"] <= "2023-12-31")]
        assert (dated["closed_on"] <= dated["deadline_on"]).all()

    def test_no_meetings(self, tables: Tables) -> None:
        """No row for 2023, but the year before is archived."""
        years = rows(tables, "meetings", "no_meetings")["held_on"].dt.year
        assert 2022 in set(years)
        assert years.max() == 2022

    def test_breaches(self, tables: Tables) -> None:
        """Fewer files are audited, one was admitted against a failed review."""
        cases = rows(tables, "admissions", "breaches")
        assert ((cases["review_result"] == "failed") & cases["assembly_on"].notna()).any()
        late = cases["approved_on"] - cases["assembly_on"] > pd.Timedelta(days=93)
        assert late.sum() >= 2

    def test_no_admissions(self, tables: Tables) -> None:
        """No case, a plan of 0, no profile."""
        assert rows(tables, "admissions", "no_admissions").empty
        assert (rows(tables, "admission_plans", "no_admissions")["plan_n"] == 0).all()

    def test_late_ledger(self, tables: Tables) -> None:
        """Filed on 12 June; another on the very last day."""
        filed = tables["ledger_submissions"].set_index(["township_id", "year"])["submitted_on"]
        assert str(filed[(code(tables, "late_ledger"), 2023)].date()) == "2023-06-12"
        assert str(filed[(code(tables, "issue_ends"), 2023)].date()) == "2023-05-31"

    def test_month_ends(self, tables: Tables) -> None:
        """Most meetings on the last of a month; steps on 28, 29 and 31."""
        own = rows(tables, "meetings", "month_ends")["held_on"]
        assert own.dt.is_month_end.mean() > 0.6
        steps = rows(tables, "admissions", "month_ends").select_dtypes("datetime").astype("str").to_numpy()
        assert {"2020-02-29", "2021-02-28", "2023-01-31", "2023-03-01"} <= set(steps.ravel())

    def test_big_branches(self, tables: Tables) -> None:
        """50, 51, and one that was divided from 51 to 49."""
        counts = rows(tables, "org_counts", "big_branches")
        last = counts.sort_values("as_of").groupby("org_id")["members_n"].agg(["first", "last"])
        assert {(50, 50), (51, 51), (51, 49)} <= set(last.itertuples(index=False, name=None))

    def test_issue_ends(self, tables: Tables) -> None:
        """Reopened and closed again, reopened and open, merged, transferred, withdrawn, extended, standing."""
        own = rows(tables, "issues", "issue_ends")
        assert {"merged", "transferred", "withdrawn", "done"} <= set(own["end_reason"].dropna())
        assert {"dated", "immediate", "standing"} <= set(own["deadline_kind"])
        assert own["reclosed_on"].notna().any()
        assert (own["reopened_on"].notna() & own["reclosed_on"].isna()).any()
        assert (own["deadline_on"] > own["deadline_original_on"]).any()

    def test_founded_dissolved(self, tables: Tables) -> None:
        """Founded, dissolved, and both within the year."""
        own = rows(tables, "organisations", "founded_dissolved")
        founded, dissolved = own["founded_on"].dt.year == 2023, own["dissolved_on"].dt.year == 2023
        assert (founded & ~dissolved).sum() == 2
        assert (founded & dissolved).sum() == 1
        assert (~founded & dissolved).sum() >= 2

    def test_one_branch(self, tables: Tables) -> None:
        """One village, one branch, fewer than ten members."""
        own = rows(tables, "organisations", "one_branch")
        assert own["org_type"].tolist() == ["committee", "branch"]
        assert (rows(tables, "org_counts", "one_branch")["members_n"] < 10).all()

    def test_exact_income(self, tables: Tables) -> None:
        """Exactly 100,000 and 50,000 yuan, a yuan less, and filings around the last day."""
        own = rows(tables, "village_years", "exact_income").query("year == 2023")
        assert {100_000.0, 99_999.0} <= set(own["income_total_yuan"].dropna())
        assert {50_000.0, 49_999.0} <= set(own["income_operating_yuan"].dropna())
        assert {"2023-12-31", "2024-01-02"} <= set(own["rules_filed_on"].astype("str"))

    def test_copied_minutes(self, tables: Tables) -> None:
        """Three in ten minutes are the same as another branch's."""
        minutes = rows(tables, "meetings", "copied_minutes")["minutes"].dropna()
        assert 0.25 < minutes.duplicated(keep=False).mean() < 0.36

    def test_nil_issues(self, tables: Tables) -> None:
        """No issue of 2023 though the ledger was sent in time; grades under a new scheme."""
        own = rows(tables, "issues", "nil_issues")
        assert not own["issue_id"].str.contains("-I").any()
        grades = rows(tables, "branch_grades", "nil_issues")
        assert set(grades.query("year == 2023")["scheme"]) == {"星级"}

    def test_test_gain(self, tables: Tables) -> None:
        """The seat's gain between the tests is real, the others' small."""
        wide = tables["test_scores"].pivot_table(
            index=["person_key", "org_id"], columns="phase", values="score"
        )
        gain = (wide["post"] - wide["pre"]).dropna().reset_index("org_id", name="gain")
        seat = gain["org_id"].str.startswith(code(tables, "test_gain"))
        assert gain.loc[seat, "gain"].mean() > 8
        assert gain.loc[~seat, "gain"].mean() < 4


def test_spot_tests_are_of_some_townships(tables: Tables) -> None:
    """Every second township has random spot tests, of persons who took no other, the others have none."""
    tests = tables["test_scores"]
    spot = tests[tests["phase"] == "spot"]
    tested = set(spot["org_id"].str[:9])
    assert tested == set(tables["townships"]["township_id"].iloc[::2])
    assert not set(spot["person_key"]) & set(tests.loc[tests["phase"] != "spot", "person_key"])
    assert spot["person_key"].is_unique
    share = spot["score"].ge(60).groupby(spot["org_id"].str[:9]).mean()
    assert share.min() < 0.8 < share.max()


def texts(folder: Path) -> Iterator[str]:
    """Text of every ledger."""
    for path in folder.rglob("*"):
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as archive:
                yield "".join(archive.read(m).decode() for m in archive.namelist() if "xl/" in m)
        elif path.suffix == ".csv":
            yield path.read_bytes().decode("gb18030")


def test_forbidden_strings_stand_in_the_ledgers_and_nowhere_else(folder: Path) -> None:
    """Every invented name, number and phone is in a ledger; none is in tables, county or units."""
    forbidden = json.loads((folder / "forbidden.json").read_text(encoding="utf-8"))
    strings = [*forbidden["names"], *forbidden["id_numbers"], *forbidden["phones"]]
    filed = "".join(texts(folder / "ledgers"))
    assert all(s in filed for s in strings)
    kept = "".join(p.read_text(encoding="utf-8") for p in [*folder.glob("*/*.csv"), folder / "units.json"])
    assert not [s for s in strings if s in kept]
    assert all(check_digit(i[:17]) == i[17] and i.startswith("990001") for i in forbidden["id_numbers"])
