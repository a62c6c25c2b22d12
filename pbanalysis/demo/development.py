"""Member development: cases with their step dates, plans, profiles, audits and follow-ups."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pbanalysis.calendar import add_months
from pbanalysis.demo.places import Places, dates, day_column, flag_column, stream
from pbanalysis.demo.study import EXPORTED_ON

__all__ = ["admissions", "file_audits", "followups", "plans", "profiles"]

STEPS = ["applied_on", "talked_on", "activist_on", "candidate_on", "review_on", "trained_on", "prereviewed_on", "assembly_on", "approved_on", "conversion_assembly_on", "conversion_approved_on", "archived_on"]  # fmt: skip
_LEVELS = {
    "age": ("≤35", "36–60", "≥61"),
    "education": ("大专及以上", "高中及以下"),
    "sex": ("女", "男"),
    "occupation": ("农牧渔民", "工人", "管理和专业技术人员", "其他"),
}


def _plus(days: Any, extra: Any) -> Any:
    return days + np.asarray(extra).astype("timedelta64[D]")


def _chain(start: Any, care: Any, rng: np.random.Generator) -> dict[str, Any]:
    """Step dates of each case, limits kept except by the careless (chance falls with ``care``)."""
    n = len(start)

    def lapse(rate: float) -> Any:
        return rng.random(n) < rate * (1 - care) * 3

    day: dict[str, Any] = {"applied_on": start}
    day["talked_on"] = _plus(start, np.where(lapse(0.12), rng.integers(35, 60, n), rng.integers(2, 28, n)))
    day["activist_on"] = _plus(day["talked_on"], rng.integers(60, 260, n))
    year = add_months(day["activist_on"], 12)
    day["candidate_on"] = np.where(lapse(0.10), _plus(year, -rng.integers(5, 50, n)), _plus(year, rng.integers(0, 120, n)))  # fmt: skip
    day["prereviewed_on"] = _plus(day["candidate_on"], rng.integers(80, 260, n))
    day["review_on"] = _plus(day["prereviewed_on"], -rng.integers(3, 40, n))
    day["trained_on"] = _plus(day["prereviewed_on"], -rng.integers(1, 60, n))
    day["assembly_on"] = _plus(day["prereviewed_on"], np.where(lapse(0.12), rng.integers(32, 50, n), rng.integers(2, 28, n)))  # fmt: skip
    day["review_on"] = np.where(lapse(0.06), _plus(day["assembly_on"], 9), day["review_on"])
    day["approved_on"] = _plus(day["assembly_on"], np.where(lapse(0.12), rng.integers(94, 130, n), rng.integers(10, 88, n)))  # fmt: skip
    after = add_months(day["assembly_on"], 12)
    day["conversion_assembly_on"] = np.where(lapse(0.05), _plus(after, -rng.integers(2, 20, n)), _plus(after, rng.integers(0, 40, n)))  # fmt: skip
    day["conversion_approved_on"] = _plus(day["conversion_assembly_on"], np.where(lapse(0.08), rng.integers(95, 120, n), rng.integers(8, 85, n)))  # fmt: skip
    day["archived_on"] = _plus(day["conversion_approved_on"], rng.integers(4, 35, n))
    return day


# Cases of exact dates, in the township of month ends: limit days of the last of a month, and the day after.
_EXACT: tuple[dict[str, str], ...] = (
    # every limit is kept on its very last day, through the ends of short months
    {"applied_on": "2021-01-31", "talked_on": "2021-02-28", "activist_on": "2021-08-31", "candidate_on": "2022-08-31", "review_on": "2022-12-20", "trained_on": "2022-12-31", "prereviewed_on": "2022-12-31", "assembly_on": "2023-01-31", "approved_on": "2023-04-30"},
    # the same a day late: talk 1 March, assembly 1 March after a prereview of 31 January, approval a day over
    {"applied_on": "2021-01-31", "talked_on": "2021-03-01", "activist_on": "2021-08-31", "candidate_on": "2022-08-30", "review_on": "2023-01-10", "trained_on": "2023-01-31", "prereviewed_on": "2023-01-31", "assembly_on": "2023-03-01", "approved_on": "2023-06-02"},
    # leap day: an activist of 29 February 2020 may become candidate on 28 February 2021
    {"applied_on": "2019-07-31", "talked_on": "2019-08-31", "activist_on": "2020-02-29", "candidate_on": "2021-02-28", "review_on": "2021-10-20", "trained_on": "2021-11-30", "prereviewed_on": "2021-11-30", "assembly_on": "2021-12-30", "approved_on": "2022-03-30", "conversion_assembly_on": "2022-12-30", "conversion_approved_on": "2023-03-30", "archived_on": "2023-04-30"},
    # an application whose limit of one month is the cut-off itself and passed without a talk
    {"applied_on": "2023-11-30"},
)  # fmt: skip


def _exact_cases(places: Places) -> pd.DataFrame:
    town = places.branches[places.branches["story"] == "month_ends"]
    if town.empty:
        return pd.DataFrame()
    frame = pd.DataFrame([{step: case.get(step) for step in STEPS} for case in _EXACT])
    frame = frame.apply(lambda c: pd.to_datetime(c, format="%Y-%m-%d").astype("datetime64[s]"))
    frame["org"] = town.index[: len(frame)]
    frame["stop"] = False
    return frame


def admissions(places: Places, seed: int) -> pd.DataFrame:
    """``admissions``: about a dozen admitted a township a year, and those who are on the way."""
    rng = stream(seed, "admissions")
    branches, towns = places.branches, places.townships
    lasting = ~(branches["founded_on"] > pd.Timestamp("2019-01-01")) & branches["dissolved_on"].isna()
    branches = branches[lasting]
    size = branches.groupby("town").size().reindex(range(len(towns)), fill_value=0).to_numpy()
    count = np.where(towns["story"] == "no_admissions", 0, size * rng.uniform(1.3, 2.4, len(towns))).astype(
        int
    )
    count = np.where(towns["story"] == "one_branch", 3, count)
    town = np.repeat(np.arange(len(towns)), count)
    first = np.concatenate([[0], np.cumsum(size)[:-1]])
    org = first[town] + (rng.random(len(town)) * size[town]).astype(int)
    care = branches["diligence"].to_numpy()[org]
    start = dates("2019-01-05") + rng.integers(0, 1800, len(town)).astype("timedelta64[D]")
    steps = _chain(start, care, rng)
    frame = pd.DataFrame({step: steps[step].astype("datetime64[s]") for step in STEPS})
    frame["talked_on"] = frame["talked_on"].mask(rng.random(len(town)) < 0.03 * (care < 1))
    frame["org"] = branches.index.to_numpy()[org]
    frame["stop"] = rng.random(len(town)) < 0.04 + 0.2 * (1 - care)
    exact = _exact_cases(places)
    frame = pd.concat([frame, exact], ignore_index=True) if len(exact) else frame
    return _finished(places, frame, rng)


def _finished(places: Places, frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Cut what has not happened yet, give outcomes, and number the files inside each township."""
    branches, n = places.branches, len(frame)
    chance = frame[STEPS].to_numpy("datetime64[D]", copy=True)
    known = chance <= dates(EXPORTED_ON)
    stalled = frame["stop"].to_numpy(bool)
    reached = rng.integers(1, 6, n)  # a stalled case stops after its application, talk … training
    known &= ~stalled[:, None] | (np.arange(len(STEPS)) < reached[:, None])
    for k, step in enumerate(STEPS):
        frame[step] = frame[step].where(pd.Series(known[:, k], index=frame.index))
    frame["org_id"] = branches["org_id"].to_numpy()[frame["org"]]
    town = branches["town"].to_numpy()[frame["org"]]
    care = branches["diligence"].to_numpy()[frame["org"]]
    reviewed = frame["review_on"].notna()
    failed = reviewed & (rng.random(n) < 0.01 * (care < 0.95))
    frame["review_result"] = pd.Series(np.where(failed, "failed", "passed")).where(reviewed).astype("str")
    breach = np.flatnonzero(frame["assembly_on"].notna() & (branches["story"].to_numpy()[frame["org"]] == "breaches"))[:1]  # fmt: skip
    frame.loc[breach, "review_result"] = "failed"
    hours = pd.Series(rng.choice([24.0, 32.0, 40.0], n, p=[0.6, 0.2, 0.2])).astype("Float64")
    hours = hours.mask(rng.random(n) < 0.05 * (care < 0.6), 16.0)
    frame["training_hours"] = hours.where(frame["trained_on"].notna()).mask(
        (rng.random(n) < 0.01) & (care < 1)
    )
    extended = (
        frame["assembly_on"].notna()
        & frame["conversion_assembly_on"].isna()
        & (rng.random(n) < 0.04)
        & (care < 1)
    )
    until = add_months(frame["assembly_on"].to_numpy("datetime64[D]"), 18).astype("datetime64[s]")
    frame["extended_until"] = pd.Series(until).where(extended)
    outcome = np.where(
        frame["conversion_approved_on"].notna(),
        "full",
        np.where(frame["approved_on"].notna(), "probationary", "in_progress"),
    )
    gone = stalled & (rng.random(n) < 0.3)
    frame["outcome"] = np.where(gone, np.where(rng.random(n) < 0.6, "withdrawn", "transferred"), outcome)
    domain = branches["domain"].to_numpy()[frame["org"]]
    frame["two_new"] = flag_column(np.isin(domain, ["private", "social"]))
    order = np.lexsort((np.arange(n), town))
    frame, town = frame.iloc[order].reset_index(drop=True), town[order]
    number = frame.groupby(town).cumcount() + 1
    codes = pd.Series(places.townships["township_id"].to_numpy()[town])
    frame["case_id"] = codes + "-D" + number.astype(str).str.zfill(4)
    frame["town"] = town
    return frame


def _admitted(places: Places, cases: pd.DataFrame, year: int) -> Any:
    own = cases.loc[cases["assembly_on"].dt.year == year, "town"]
    return own.value_counts().reindex(range(len(places.townships)), fill_value=0).to_numpy()


def plans(places: Places, cases: pd.DataFrame, seed: int) -> pd.DataFrame:
    """``admission_plans``: near what was admitted; 0 where nobody was to be."""
    rng, towns = stream(seed, "plans"), places.townships
    rows = []
    for year in (2022, 2023):
        admitted = _admitted(places, cases, year)
        plan = np.where(towns["story"] == "no_admissions", 0, np.maximum(admitted + rng.integers(-1, 3, len(towns)), 1))  # fmt: skip
        rows.append(pd.DataFrame({"township_id": towns["township_id"], "year": year, "plan_n": plan}))
    return pd.concat(rows, ignore_index=True)


def profiles(places: Places, cases: pd.DataFrame, seed: int) -> pd.DataFrame:
    """``admission_profiles`` of both years; every dimension adds up to the admitted of the township."""
    rng, towns = stream(seed, "profiles"), places.townships
    rows = []
    for year in (2022, 2023):
        admitted = _admitted(places, cases, year)
        for dimension, levels in _LEVELS.items():
            split = rng.multinomial(admitted, rng.dirichlet(np.full(len(levels), 4.0), len(towns)))
            rows += [
                pd.DataFrame({"township_id": towns["township_id"], "year": year, "dimension": dimension, "level": level, "n": split[:, k]})[admitted > 0]
                for k, level in enumerate(levels)
            ]  # fmt: skip
    frame = pd.concat(rows, ignore_index=True)
    return frame.sort_values(["township_id", "year", "dimension"], kind="stable").reset_index(drop=True)


def file_audits(places: Places, cases: pd.DataFrame, seed: int) -> pd.DataFrame:
    """``file_audits``: at least three in ten of the year's admitted in most townships, a few targeted ones."""
    rng = stream(seed, "audits")
    rows = []
    for year, rounds in ((2022, ["06-15", "11-20"]), (2023, ["03-16", "06-21", "09-15", "12-06"])):
        own = cases[(cases["assembly_on"].dt.year == year)].reset_index(drop=True)
        rank = pd.Series(rng.random(len(own))).groupby(own["town"]).rank().to_numpy()
        quota = np.ceil(0.3 * own.groupby("town")["town"].transform("size").to_numpy())
        story = places.townships["story"].to_numpy()[own["town"]]
        own = own[rank <= quota - (story == "breaches") * 2].reset_index(drop=True)
        on = np.array([f"{year}-{day}" for day in rounds], "datetime64[D]")[rng.integers(0, len(rounds), len(own))]  # fmt: skip
        on = np.maximum(on, own["assembly_on"].to_numpy("datetime64[D]") + 5)
        care = places.townships["diligence"].to_numpy()[own["town"]]
        fault = np.where(rng.random(len(own)) < 0.05 + 0.5 * (1 - care), rng.choice(["missing", "date_logic", "order", "signature", "duplicate_text"], len(own)), "none")  # fmt: skip
        fixed = pd.Series((on + rng.integers(7, 60, len(own))).astype("datetime64[s]"))
        rows.append(
            pd.DataFrame(
                {
                    "case_id": own["case_id"],
                    "audited_on": on.astype("datetime64[s]"),
                    "level": np.where(rng.random(len(own)) < 0.92, "county", "township"),
                    "sampling": np.where(rng.random(len(own)) < 0.93, "random", "targeted"),
                    "fault": fault,
                    "fixed_on": fixed.where((fault != "none") & (rng.random(len(own)) < 0.6 + 0.4 * care)),
                }
            )
        )
    frame = pd.concat(rows, ignore_index=True)
    late = frame["fixed_on"] > pd.Timestamp(EXPORTED_ON)
    frame["fixed_on"] = frame["fixed_on"].mask(late)
    return frame[frame["audited_on"] <= pd.Timestamp(EXPORTED_ON)].reset_index(drop=True)


def followups(places: Places, cases: pd.DataFrame, seed: int) -> pd.DataFrame:
    """``followups``: each half-year after admission, two years long."""
    rng = stream(seed, "followups")
    own = cases[cases["assembly_on"] >= pd.Timestamp("2021-06-01")]
    admitted = own["assembly_on"].to_numpy("datetime64[D]")
    rows = []
    for months in (6, 12, 18, 24):
        due = add_months(admitted, months)
        care = places.townships["diligence"].to_numpy()[own["town"]]
        done = due + np.where(rng.random(len(own)) < 0.25 * (1 - care), rng.integers(2, 40, len(own)), -rng.integers(0, 20, len(own)))  # fmt: skip
        skip = (done > dates(EXPORTED_ON)) | (rng.random(len(own)) < 0.2 * (1 - care))
        rows.append(pd.DataFrame({"case_id": own["case_id"].to_numpy(), "due_on": due.astype("datetime64[s]"), "done_on": day_column(done).mask(skip)}))  # fmt: skip
    frame = pd.concat(rows, ignore_index=True)
    return frame.sort_values(["case_id", "due_on"]).reset_index(drop=True)
