"""Study quality: meetings, trainings, documents to study, hours and tests of the fictional county."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pbanalysis.demo.places import Places, dates, day_column, flag_column, stream

__all__ = [
    "EXPORTED_ON",
    "LEDGER_FROM",
    "meetings",
    "study_hours",
    "test_scores",
    "topic_studies",
    "topics",
    "trainings",
]

EXPORTED_ON = "2024-01-14"  # some rows lie after the cut-off, as in any real export
LEDGER_FROM = "2022-12-29"  # the ledger of 2023 holds a few late rows of 2022; older ones are archived
_YEARS = ("2022", "2023")
_TOPICS = np.array(["学习党章", "传达县委全会精神", "学习先进事迹", "研究村级产业", "部署年度重点工作", "警示教育", "研究发展党员事项", "学习民法典", "商议人居环境整治", "学习二十大报告"])  # fmt: skip
_SUBJECTS = np.array(["防火防汛", "产业增收", "邻里纠纷", "养老服务", "党员联系户", "环境卫生"])
_LECTURERS = np.array(["secretary", "committee", "superior", "external", "member"])
_COPIED = np.array(["会议由支部书记主持，组织学习了有关文件，与会党员结合实际谈了认识和体会，会议安排了下阶段工作。", "会议通报了上月工作情况，讨论了本月任务分工，与会人员一致同意，会议要求各党员按时完成任务。"])  # fmt: skip


def _day(rng: np.random.Generator, month: Any, month_end: Any) -> Any:
    """A day of each month: the last one where ``month_end``, else any from the 2nd to the 28th."""
    first = month.astype("datetime64[M]").astype("datetime64[D]")
    last = (month.astype("datetime64[M]") + 1).astype("datetime64[D]") - 1
    return np.where(month_end, last, first + rng.integers(1, 28, len(first)))


def _held(places: Places, rng: np.random.Generator) -> pd.DataFrame:
    """What was held: one row per meeting with ``org`` (row of organisations), ``month`` and ``types``."""
    orgs = places.organisations
    branch = orgs["org_type"].isin(["branch", "joint_branch"]).to_numpy()
    care = orgs["diligence"].to_numpy()
    held = 0.80 + 0.20 * care  # even the careless hold most of what is due
    months = np.arange("2021-12", "2024-02", dtype="datetime64[M]")
    org, month = (a.ravel() for a in np.meshgrid(np.arange(len(orgs)), months, indexing="ij"))
    inside = (month >= np.datetime64("2022-01")) & (month <= np.datetime64("2023-12"))
    due = np.where(inside, held[org], 0.03 * (care[org] < 1)) * branch[org]
    in_quarter = month.astype(int) % 3
    assembly_month, lecture_month = (in_quarter == rng.integers(0, 3, len(orgs))[org] for _ in range(2))

    def hit(probability: Any) -> Any:
        return rng.random(len(org)) < probability

    theme = hit(due)
    assembly, lecture = assembly_month & hit(due), lecture_month & hit(np.minimum(due, 0.9))
    joined = theme & hit(0.75)
    committee = hit(due * (orgs["full_members"].to_numpy() >= 7)[org])
    group = hit(due * (orgs["groups_n"].to_numpy() > 0)[org])
    december = month.astype(int) % 12 == 11
    yearly = december & inside & hit(held[org] ** 0.5) & branch[org]
    split = hit(0.08)
    study = (orgs["org_type"] == "committee").to_numpy()[org] & inside & hit(0.75)
    parts = [
        (theme & ~joined | theme & ~assembly & ~lecture, ["theme_day"]),
        (theme & joined & assembly & ~lecture, ["assembly", "theme_day"]),
        (theme & joined & ~assembly & lecture, ["theme_day", "lecture"]),
        (theme & joined & assembly & lecture, ["assembly", "theme_day", "lecture"]),
        (assembly & ~(theme & joined), ["assembly"]),
        (lecture & ~(theme & joined), ["lecture"]),
        (committee, ["committee"]),
        (group, ["group"]),
        (yearly & ~split, ["life_meeting", "appraisal"]),
        (yearly & split, ["life_meeting"]),
        (yearly & split & (care[org] > 0.75), ["appraisal"]),
        (study, ["study"]),
    ]
    rows = [pd.DataFrame({"org": org[m], "month": month[m].astype("datetime64[s]"), "types": ";".join(t)}) for m, t in parts]  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def _masked(values: pd.Series[Any], missing: Any) -> pd.Series[Any]:
    return values.mask(np.asarray(missing))


def meetings(places: Places, seed: int) -> pd.DataFrame:
    """``meetings`` of 2022 and 2023 with a few rows of the month before and after."""
    rng = stream(seed, "meetings")
    orgs = places.organisations
    rows = _held(places, rng)
    story = orgs["story"].to_numpy()[rows["org"]]
    ends = (story == "month_ends") & (rng.random(len(rows)) < 0.8)
    held = _day(rng, rows["month"].to_numpy(), ends)
    founded = orgs["founded_on"].to_numpy().astype("datetime64[D]")[rows["org"]]
    dissolved = orgs["dissolved_on"].to_numpy().astype("datetime64[D]")[rows["org"]]
    keep = ~(held < founded) & ~(held > dissolved) & (held <= dates(EXPORTED_ON) - 3)
    keep &= ~((story == "no_meetings") & (held >= dates(LEDGER_FROM)))
    keep &= held >= dates("2021-12-20")
    order = np.lexsort((rows["types"].to_numpy().astype(str), rows["org"], held))
    order = order[keep[order]]
    rows, held = rows.iloc[order].reset_index(drop=True), held[order]
    return _recorded(places, rows, held, rng)


def _recorded(places: Places, rows: pd.DataFrame, held: Any, rng: np.random.Generator) -> pd.DataFrame:
    """How the meetings were recorded: attendance, minutes, evidence, and what is wrong with them."""
    orgs, n = places.organisations, len(rows)
    org, types = rows["org"].to_numpy(), rows["types"]
    care, story = orgs["diligence"].to_numpy()[org], orgs["story"].to_numpy()[org]
    members = orgs["members"].to_numpy()[org]
    small = types.isin(["committee"]).to_numpy()
    expected = np.where(
        small, np.where(members > 25, 5, 3), np.where(types == "group", np.maximum(members // 3, 2), members)
    )
    expected = np.where(
        types == "study", rng.integers(7, 14, n), np.maximum(expected - rng.integers(0, 2, n), 2)
    )
    present = rng.binomial(expected, 0.80 + 0.16 * care)
    over = (story == "copied_minutes") & (rng.random(n) < 0.01) | (care < 1) & (rng.random(n) < 0.002)
    present = np.where(over, expected + 2, np.maximum(present, 1))
    late = np.where(
        rng.random(n) < np.where(story == "copied_minutes", 0.05, 0.01 * (care < 1)),
        rng.integers(61, 120, n),
        rng.integers(0, 6, n),
    )
    late = np.where((story == "copied_minutes") & (rng.random(n) < 0.02), -3, late)
    recorded = np.minimum(held + late.astype("timedelta64[D]"), dates(EXPORTED_ON))

    def missing(rate: float) -> Any:
        return rng.random(n) < rate * (1 - care) * 5

    topic = pd.Series(_TOPICS[rng.integers(0, len(_TOPICS), n)])
    day = pd.Series(held)
    minutes = (
        orgs["name"].iloc[org].reset_index(drop=True)
        + "于" + day.dt.month.astype(str) + "月" + day.dt.day.astype(str) + "日开展活动，" + topic
        + "，围绕" + pd.Series(_SUBJECTS[rng.integers(0, len(_SUBJECTS), n)])
        + "议定事项" + pd.Series(rng.integers(1, 6, n)).astype(str) + "项，明确了分工和时限。"
    )  # fmt: skip
    copied = rng.random(n) < np.where(story == "copied_minutes", 0.30, 0.012 * (care < 1))
    minutes = minutes.mask(copied, pd.Series(_COPIED[rng.integers(0, 2, n)]))
    lecture = types.str.contains("lecture").to_numpy()
    first = types.isin(["life_meeting;appraisal", "life_meeting", "appraisal"]).to_numpy()
    frame = pd.DataFrame({"org_id": orgs["org_id"].to_numpy()[org], "held_on": held.astype("datetime64[s]")})
    frame["recorded_on"] = _masked(day_column(recorded), missing(0.03))
    frame["types"] = types.str.split(";")
    flag = flag_column(rng.random(n) < 0.70 + 0.30 * care)
    frame["first_topic"] = _masked(flag, first | missing(0.04))
    frame["topic"] = _masked(topic, missing(0.03))
    frame["expected_n"] = _masked(pd.Series(expected).astype("Int64"), missing(0.025))
    frame["present_n"] = _masked(pd.Series(present).astype("Int64"), missing(0.025))
    leave = pd.Series(np.maximum(expected - present, 0)).astype("Int64")
    frame["leave_n"] = _masked(leave, missing(0.05))
    hours = pd.Series(rng.choice([1, 1.5, 2, 3], n, p=[0.4, 0.2, 0.3, 0.1])).astype("Float64")
    frame["hours"] = _masked(hours, missing(0.06))
    lecturer = pd.Series(_LECTURERS[rng.choice(5, n, p=[0.36, 0.16, 0.16, 0.14, 0.18])])
    frame["lecturer"] = _masked(lecturer, ~lecture | missing(0.05)).astype("str")
    frame["minutes"] = _masked(minutes, missing(0.05))
    frame["evidence_n"] = _masked(pd.Series(rng.integers(0, 7, n)).astype("Int64"), missing(0.03))
    frame.insert(0, "meeting_id", [f"MT{i + 1:07d}" for i in range(n)])
    return frame


def trainings(places: Places, seed: int) -> pd.DataFrame:
    """``trainings`` of two years: the half-yearly, the observation, the placement, and branches' own."""
    rng = stream(seed, "trainings")
    towns = places.townships
    care, count = towns["diligence"].to_numpy(), len(towns)
    rows = []
    for year in _YEARS:
        # level, kind, first month, last month, chance
        for level, kind, first, last, chance in (
            ("township", "business", 1, 6, 0.55 + 0.45 * care),
            ("township", "business", 7, 12, 0.55 + 0.45 * care),
            ("township", "observation", 4, 12, 0.5 + 0.5 * care),
            ("county", "placement", 3, 10, 0.45 + 0.55 * care),
            ("county", "rotation", 8, 8, np.full(count, 0.97)),
            ("branch", "business", 1, 12, np.full(count, 0.8)),
            ("branch", "business", 1, 12, np.full(count, 0.6)),
        ):
            town = np.flatnonzero(rng.random(count) < chance)
            month = np.datetime64(f"{year}-01") + rng.integers(first - 1, last, len(town)).astype(
                "timedelta64[M]"
            )
            start = _day(rng, month, towns["story"].to_numpy()[town] == "month_ends")
            rows.append(
                pd.DataFrame(
                    {"town": town, "level": level, "kind": kind, "start_on": start.astype("datetime64[s]")}
                )
            )
    frame = (
        pd.concat(rows, ignore_index=True)
        .sort_values(["town", "start_on", "level"], kind="stable")
        .reset_index(drop=True)
    )
    return _attended(places, frame, rng)


def _attended(places: Places, frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    n, towns = len(frame), places.townships
    days = np.where(frame["kind"] == "placement", 30, rng.integers(1, 4, n))
    frame["township_id"] = towns["township_id"].to_numpy()[frame["town"]]
    own = places.branches.groupby("town")["org_id"].agg(list).reindex(range(len(towns))).to_list()
    picks = rng.random(n)
    org = [own[t][int(p * len(own[t]))] for t, p in zip(frame["town"], picks)]
    frame["org_id"] = pd.Series(org).where(frame["level"] == "branch").astype("str")
    end = frame["start_on"] + pd.to_timedelta(days - 1, unit="D")
    frame["end_on"] = end.astype("datetime64[s]").mask(rng.random(n) < 0.06)
    placement = (frame["kind"] == "placement").to_numpy()
    frame["hours"] = pd.Series(days * 8.0).astype("Float64").mask(placement | (rng.random(n) < 0.02))
    places_n = np.where(placement, 1, rng.integers(15, 70, n))
    frame["places_n"] = pd.Series(places_n).astype("Int64")
    frame["attended_n"] = pd.Series(np.maximum(places_n - rng.integers(0, 6, n), 1)).astype("Int64")
    lecturer = pd.Series(_LECTURERS[rng.choice([0, 2, 3], n)])
    frame["lecturer"] = lecturer.mask(rng.random(n) < 0.2).astype("str")
    frame["training_id"] = [f"TR{i + 1:06d}" for i in range(n)]
    return frame


def topics() -> pd.DataFrame:
    """``topics``: nine documents a year, the last one late in the year."""
    released = [f"{year}-{day}" for year in _YEARS for day in ("01-16", "03-06", "04-24", "06-05", "06-30", "08-28", "09-25", "11-13", "12-22")]  # fmt: skip
    return pd.DataFrame(
        {
            "topic_id": [f"TP{i + 1:02d}" for i in range(len(released))],
            "title": [f"县委印发必学文件第{i + 1}号" for i in range(len(released))],
            "released_on": pd.to_datetime(pd.Series(released)).astype("datetime64[s]"),
        }
    )


def topic_studies(places: Places, seed: int) -> pd.DataFrame:
    """``topic_studies``: first study of each document by each branch active at its release, if any."""
    rng = stream(seed, "topics")
    branches, documents = places.branches, topics()
    b, t = (
        a.ravel() for a in np.meshgrid(np.arange(len(branches)), np.arange(len(documents)), indexing="ij")
    )
    released = documents["released_on"].to_numpy().astype("datetime64[D]")[t]
    care = branches["diligence"].to_numpy()[b]
    delay = 1 + rng.exponential(8 + 40 * (1 - care)).astype(int)
    studied = released + delay.astype("timedelta64[D]")
    founded = branches["founded_on"].to_numpy().astype("datetime64[D]")[b]
    dissolved = branches["dissolved_on"].to_numpy().astype("datetime64[D]")[b]
    keep = ~(founded > released) & ~(dissolved < studied) & (studied <= dates(EXPORTED_ON))
    keep &= rng.random(len(b)) < 0.75 + 0.25 * care
    frame = pd.DataFrame(
        {
            "topic_id": documents["topic_id"].to_numpy()[t],
            "org_id": branches["org_id"].to_numpy()[b],
            "studied_on": studied.astype("datetime64[s]"),
        }
    )
    return frame[keep].reset_index(drop=True)


def study_hours(places: Places, seed: int) -> pd.DataFrame:
    """``study_hours`` of both years: members, secretaries and committee members of each branch."""
    rng = stream(seed, "hours")
    branches = places.branches
    rows = []
    for year in (2022, 2023):
        alive = branches[~(branches["dissolved_on"] < pd.Timestamp(f"{year}-12-31"))]
        for role in ("member", "secretary", "committee"):
            own = alive[alive["full_members"] >= 7] if role == "committee" else alive
            due = own["members"].to_numpy() if role == "member" else np.full(len(own), 1 if role == "secretary" else 2)  # fmt: skip
            met = rng.binomial(due, np.clip(own["diligence"].to_numpy() + 0.05, 0, 1))
            frame = pd.DataFrame({"org_id": own["org_id"], "year": year, "role": role, "due_n": due, "met_n": met})  # fmt: skip
            rows.append(frame[rng.random(len(frame)) < 0.97])
    return pd.concat(rows, ignore_index=True)


def test_scores(places: Places, seed: int) -> pd.DataFrame:
    """``test_scores``: three branches a township before and after, with a real gain in one township only;
    and spot tests of some townships."""
    rng = stream(seed, "tests")
    sample = places.branches.groupby("town").head(3).reset_index(drop=True)
    people = np.minimum(sample["members"].to_numpy(), rng.integers(5, 9, len(sample)))
    own = sample.loc[np.repeat(np.arange(len(sample)), people)].reset_index(drop=True)
    n = len(own)
    keys = [f"pk_{number:016x}" for number in rng.integers(0, 2**63, n)]
    before = np.clip(rng.normal(68, 10, n), 20, 98)
    gain = rng.normal(np.where(own["story"] == "test_gain", 12.0, 2.0), 6.0)
    rows = []
    for test, phase, day, score in (
        ("TS-A", "pre", "2023-04-12", before),
        ("TS-B", "post", "2023-10-18", before + gain),
    ):
        rows.append(pd.DataFrame({"test_id": test, "person_key": keys, "org_id": own["org_id"], "phase": phase, "taken_on": pd.Timestamp(day), "score": np.clip(score, 0, 100).round(1), "max_score": 100.0}))  # fmt: skip
    frame = pd.concat(rows, ignore_index=True)
    drop = (frame["phase"] == "post") & (rng.random(len(frame)) < 0.15)
    return pd.concat([frame[~drop], _spot_tests(places, seed)], ignore_index=True)


def _spot_tests(places: Places, seed: int) -> pd.DataFrame:
    """Random spot tests of every second township: six branches, six members of each at most."""
    rng = stream(seed, "spot_tests")
    branches = places.branches[places.branches["town"] % 2 == 0]
    sample = branches.groupby("town").head(9).groupby("town").tail(6).reset_index(drop=True)
    people = np.minimum(sample["members"].to_numpy(), 6)
    own = sample.loc[np.repeat(np.arange(len(sample)), people)].reset_index(drop=True)
    n = len(own)
    score = np.clip(rng.normal(50 + 18 * own["diligence"].to_numpy(), 10, n), 0, 100).round(1)
    keys = [f"pk_{number:016x}" for number in rng.integers(0, 2**63, n)]
    return pd.DataFrame({"test_id": "TS-C", "person_key": keys, "org_id": own["org_id"], "phase": "spot", "taken_on": pd.Timestamp("2023-11-22"), "score": score, "max_score": 100.0})  # fmt: skip
