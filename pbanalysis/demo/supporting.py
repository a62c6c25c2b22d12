"""Supporting measures: members, villages, communities, enterprises, reported figures and quotas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pbanalysis.demo.places import Places, dates, day_column, flag_column, stream
from pbanalysis.demo.stories import COUNTY_CODE

__all__ = ["community_years", "enterprises", "measure_records", "org_counts", "quotas", "village_years"]

_SHARES = (
    "M01-4",
    "M05-2",
    "M09-9",
    "M03-6",
    "M06-2",
    "M06-3",
    "M09-8",
    "W1-2",
    "M02-7",
    "M03-3",
    "M13-5",
    "M13-6",
)
_OTHERS = {"M01-2": (9, 9), "M02-2": (22, 24), "M02-6": (1, None), "M08-3": (2, None), "M10-3": (1, 2), "M11-1": (5, 5), "M11-2": (41, 46), "M11-3": (1, 2), "M11-4": (33, 36), "M12-1": (3, 4), "M12-2": (3, 4), "M12-3": (17, 17), "M12-4": (2, None), "M12-5": (6, None), "W3-4": (3, None), "M03-2": (4, None)}  # fmt: skip


def org_counts(places: Places, seed: int) -> pd.DataFrame:
    """``org_counts`` at three dates; big branches hold their exact sizes."""
    rng, branches = stream(seed, "counts"), places.branches
    rows = []
    for day in ("2021-12-31", "2022-12-31", "2023-06-30", "2023-12-31"):
        own = branches[
            ~(branches["founded_on"] > pd.Timestamp(day)) & ~(branches["dissolved_on"] < pd.Timestamp(day))
        ]
        exact = own["story"].isin(["big_branches", "one_branch"]).to_numpy()
        members = own["members"].to_numpy() + np.where(exact, 0, rng.integers(-1, 2, len(own)))
        members = np.maximum(members, 3)
        if day == "2023-12-31":  # the third big branch was divided in the second half-year
            members = np.where((own["story"] == "big_branches") & (own["members"] == 51) & (own["full_members"] == 51), 49, members)  # fmt: skip
        full = np.minimum(np.maximum(own["full_members"].to_numpy(), 3), members)
        frame = pd.DataFrame({"org_id": own["org_id"], "as_of": day, "members_n": members, "full_members_n": full, "probationary_n": members - full})  # fmt: skip
        for name in ("mobile_n", "exempt_n"):
            frame[name] = pd.Series(rng.integers(0, 3, len(own)), index=own.index).astype("Int64").mask(rng.random(len(own)) < 0.15)  # fmt: skip
        rows.append(frame[(rng.random(len(own)) < 0.97) | exact])
    frame = pd.concat(rows, ignore_index=True)
    frame["as_of"] = pd.to_datetime(frame["as_of"], format="%Y-%m-%d").astype("datetime64[s]")
    return frame.sort_values(["org_id", "as_of"]).reset_index(drop=True)


def village_years(places: Places, seed: int) -> pd.DataFrame:
    """``village_years`` of 2022 (kept by the county) and 2023 (in the townships' ledgers)."""
    rng = stream(seed, "villages")
    own = places.villages[places.villages["kind"] == "village"].reset_index(drop=True)
    towns = places.townships.set_index("township_id")
    care = towns["diligence"].reindex(own["township_id"]).to_numpy()
    story = towns["story"].reindex(own["township_id"]).to_numpy()
    n = len(own)
    base = rng.lognormal(np.log(190_000), 0.42, n)
    rows = []
    for year in (2022, 2023):
        last = year == 2022
        total = np.round(base * (0.86 if last else rng.uniform(0.95, 1.3, n)) / 100) * 100
        total = np.where((story == "exemplary") & (not last), np.maximum(total, 203_000), total)
        operating = np.round(total * rng.uniform(0.45, 0.96, n) / 100) * 100

        def flag(rate: Any) -> pd.Series[Any]:
            values = flag_column(rng.random(n) < rate)
            return values.mask((rng.random(n) < 0.02) & (care < 1))

        frame = pd.DataFrame({"village_id": own["village_id"], "year": year})
        frame["income_total_yuan"] = (
            pd.Series(total).astype("Float64").mask((rng.random(n) < 0.02) & (care < 1))
        )
        frame["income_operating_yuan"] = pd.Series(operating).astype("Float64").mask((rng.random(n) < 0.03) & (care < 1))  # fmt: skip
        subsidy = np.minimum(rng.choice([0.0, 20_000, 30_000, 50_000], n), (total - operating) // 1000 * 1000)
        frame["income_subsidy_yuan"] = pd.Series(subsidy).astype("Float64")
        frame["plan"], frame["analysed"] = flag(0.45 + 0.55 * care), flag(0.45 + 0.55 * care)
        frame["model"] = rng.choice(["strong_leads_weak", "union", "district", "none"], n)
        filed = dates("2023-04-10") + rng.integers(0, 260, n).astype("timedelta64[D]")
        assessed = dates("2023-05-20") + rng.integers(0, 220, n).astype("timedelta64[D]")
        frame["rules_filed_on"] = day_column(filed).where((rng.random(n) < 0.4 + 0.6 * care) & (not last))  # fmt: skip
        frame["graduates_n"] = pd.Series(rng.integers(0, 3, n)).astype("Int64")
        frame["reserve_n"] = pd.Series(rng.integers(0, 4, n)).astype("Int64")
        frame["secretary_professional"] = flag(0.34)
        frame["secretary_assessed_on"] = day_column(assessed).where((rng.random(n) < 0.5 + 0.5 * care) & (not last))  # fmt: skip
        if not last:
            _exact_income(frame, story)
        rows.append(frame)
    return pd.concat(rows, ignore_index=True).sort_values(["village_id", "year"]).reset_index(drop=True)


def _exact_income(frame: pd.DataFrame, story: Any) -> None:
    """Values on the thresholds, and filings on the last day and just after it."""
    rows = np.flatnonzero(story == "exact_income")[:5]
    total, operating = [100_000.0, 99_999.0, 100_000.0, 135_000.0, 142_000.0], [50_000.0, 49_999.0, 60_000.0, 50_000.0, 88_000.0]  # fmt: skip
    filed = ["2023-06-20", "2023-09-01", "2023-07-07", "2023-12-31", "2024-01-02"]
    for row, a, b, day in zip(rows, total, operating, filed):
        incomes = (a, b, 20_000.0)
        frame.loc[row, ["income_total_yuan", "income_operating_yuan", "income_subsidy_yuan"]] = incomes
        frame.loc[row, "rules_filed_on"] = pd.Timestamp(day)


def community_years(places: Places, seed: int) -> pd.DataFrame:
    """``community_years`` of 2023; some flags are not filled."""
    rng = stream(seed, "communities")
    own = places.villages[places.villages["kind"] == "community"]
    n = len(own)
    frame = pd.DataFrame({"village_id": own["village_id"].to_numpy(), "year": 2023, "workers_n": rng.integers(8, 19, n)})  # fmt: skip
    for name in ("std_team", "std_grid", "std_site", "std_service", "big_committee", "grids_merged"):
        frame[name] = flag_column(rng.random(n) < 0.78).mask(rng.random(n) < 0.05)
    return frame


def enterprises(places: Places, seed: int) -> pd.DataFrame:
    """``enterprises``: two-new organisations by kind; none in the very small township."""
    rng, towns = stream(seed, "enterprises"), places.townships
    kinds = np.array(["private", "social", "property", "internet", "courier", "new_form"])
    count = np.where(towns["story"] == "one_branch", 0, rng.integers(12, 30, len(towns)))
    town = np.repeat(np.arange(len(towns)), count)
    n, care = len(town), towns["diligence"].to_numpy()[np.repeat(np.arange(len(towns)), count)]
    kind = kinds[rng.choice(6, n, p=[0.6, 0.17, 0.03, 0.03, 0.08, 0.09])]
    kind = np.where((kind == "property") & (towns["communities"].to_numpy()[town] == 0), "private", kind)
    covered = rng.random(n) < 0.72 + 0.25 * care
    codes = pd.Series(towns["township_id"].to_numpy()[town])
    number = pd.Series(town).groupby(town).cumcount() + 1
    surveyed = dates("2023-05-04") + rng.integers(0, 200, n).astype("timedelta64[D]")
    return pd.DataFrame(
        {
            "enterprise_id": codes + "-E" + number.astype(str).str.zfill(3),
            "township_id": codes,
            "kind": kind,
            "operating": flag_column(rng.random(n) < 0.95),
            "eligible": flag_column(rng.random(n) < 0.3),
            "coverage": np.where(covered, rng.choice(["own", "joint"], n, p=[0.3, 0.7]), rng.choice(["work_only", "none"], n, p=[0.8, 0.2])),
            "instructor": flag_column(rng.random(n) < 0.55 + 0.45 * care),
            "liaison": flag_column(rng.random(n) < 0.6 + 0.4 * care),
            "surveyed_on": day_column(surveyed).where(rng.random(n) < 0.6 + 0.4 * care),
        }
    )  # fmt: skip


def measure_records(places: Places, seed: int) -> pd.DataFrame:
    """``measure_records``: figures reported as such, half-way, at the year's end and after the cut-off."""
    rng, towns = stream(seed, "records"), places.townships
    n, care = len(towns), towns["diligence"].to_numpy()
    size = (
        towns["township_id"]
        .map(places.branches.groupby("township_id").size())
        .fillna(1)
        .astype(int)
        .to_numpy()
    )
    rows = []
    for item in (*_SHARES, "M07-3", "M13-8", "M03-7", "W3-1", "W1-1"):
        for day, chance in (
            ("2022-12-31", 0.1),
            ("2023-06-30", 0.4),
            ("2023-12-31", 0.95),
            ("2024-01-15", 0.15),
        ):
            whole = {"M03-7": rng.integers(20, 60, n), "W3-1": np.full(n, 1), "W1-1": np.full(n, 1)}.get(
                item, size
            )
            part = rng.binomial(whole, 0.0 if item == "M03-7" else np.clip(0.25 + 0.75 * care, 0, 1))
            part = np.where((item == "M03-7") & (towns["story"] == "breaches"), 2, part)
            frame = pd.DataFrame({"township_id": towns["township_id"], "item_id": item, "as_of": day, "numerator": part.astype(float), "denominator": whole.astype(float)})  # fmt: skip
            if item in ("M07-3", "M13-8"):
                frame["numerator"], frame["denominator"] = rng.integers(1, 9, n).astype(float), np.nan
            rows.append(frame[rng.random(n) < chance])
    county = [(COUNTY_CODE, item, "2023-12-31", float(a), None if b is None else float(b)) for item, (a, b) in _OTHERS.items()]  # fmt: skip
    rows.append(pd.DataFrame(county, columns=["township_id", "item_id", "as_of", "numerator", "denominator"]))
    frame = pd.concat(rows, ignore_index=True)
    frame["as_of"] = pd.to_datetime(frame["as_of"], format="%Y-%m-%d").astype("datetime64[s]")
    return frame.sort_values(["item_id", "township_id", "as_of"]).reset_index(drop=True)


def quotas(places: Places, seed: int) -> pd.DataFrame:
    """``quotas``: the county's division of three of its targets."""
    rng, towns = stream(seed, "quotas"), places.townships
    rows = []
    for item, low, high, chance in (("M07-1", 8, 15, 1.0), ("M06-4", 2, 5, 0.9), ("M13-2", 1, 3, 0.6)):
        frame = pd.DataFrame({"township_id": towns["township_id"], "item_id": item, "year": 2023, "quota_n": rng.integers(low, high, len(towns)).astype(float)})  # fmt: skip
        rows.append(frame[rng.random(len(towns)) < chance])
    return pd.concat(rows, ignore_index=True).sort_values(["township_id", "item_id"]).reset_index(drop=True)
