"""Rectification: issues and their ends, submissions, weak organisations, elections, grades, supervision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pbanalysis.calendar import add_months
from pbanalysis.demo.places import Places, dates, day_column, flag_column, stream
from pbanalysis.demo.study import EXPORTED_ON

__all__ = ["branch_grades", "elections", "issues", "submissions", "supervisions", "weak_orgs"]

_CATEGORIES = np.array(["P11", "P12", "P13", "P21", "P22", "P23", "P24", "P31", "P32", "P33", "P34", "P35", "P36", "P99"])  # fmt: skip
_PROBLEMS = np.array(["理论学习缺少计划", "调研成果没有转化", "年度重点任务不明确", "组织生活记录过于简单", "发动群众参与不够", "书记抓党建精力不足", "专业化管理书记走访偏少", "党建与产业发展结合不紧", "网格事项流转不畅", "重大事项前置研究清单不全", "快递站点没有党建联络员", "活动形式单一", "品牌创建没有载体", "档案装订不规范"])  # fmt: skip
_MEASURES = np.array(["制定清单并逐月核对", "由班子成员包联督办", "组织一次专题研讨", "修订制度并公示", "补录资料并交叉检查", "落实专人负责"])  # fmt: skip
_DEADLINES = dates(["2023-05-31", "2023-06-30", "2023-07-31", "2023-08-31", "2023-09-30", "2023-10-31", "2023-11-30", "2023-12-31", "2024-03-31"])  # fmt: skip


def _found(places: Places, rng: np.random.Generator) -> pd.DataFrame:
    """Issues of both years by township and the day they were found."""
    towns = places.townships
    rows = []
    for year, low, high in ((2022, 6, 14), (2023, 18, 46)):
        count = rng.integers(low, high, len(towns))
        count = np.where(towns["story"] == "one_branch", count // 6 + 2, count)
        if year == 2023:
            count = np.where(towns["story"] == "nil_issues", 0, count)
        town = np.repeat(np.arange(len(towns)), count)
        early = dates(f"{year}-04-01") + rng.integers(0, 55, len(town)).astype("timedelta64[D]")
        later = dates(f"{year}-05-25") + rng.integers(0, 200, len(town)).astype("timedelta64[D]")
        rows.append(pd.DataFrame({"town": town, "year": year, "found": np.where(rng.random(len(town)) < 0.7, early, later).astype("datetime64[s]")}))  # fmt: skip
    return (
        pd.concat(rows, ignore_index=True)
        .sort_values(["town", "found"], kind="stable")
        .reset_index(drop=True)
    )


def issues(places: Places, seed: int) -> pd.DataFrame:
    """``issues`` found in 2022 (archived by the county) and 2023 (in the townships' ledgers)."""
    rng = stream(seed, "issues")
    frame = _found(places, rng)
    n, town = len(frame), frame["town"].to_numpy()
    care = places.townships["diligence"].to_numpy()[town]
    story = places.townships["story"].to_numpy()[town]
    found = frame["found"].to_numpy("datetime64[D]")
    kind = rng.choice(["dated", "immediate", "standing", "none"], n, p=[0.74, 0.13, 0.10, 0.03])
    kind = np.where((care == 1) & (kind == "none"), "dated", kind)
    shift = np.where(frame["year"] == 2022, 12, 0)
    candidates = np.stack([add_months(_DEADLINES, -k) for k in (0, 12)])
    first = (candidates[(shift > 0).astype(int)] < (found + 20)[:, None]).sum(axis=1)
    pick = np.minimum(first + rng.integers(0, 4, n), len(_DEADLINES) - 1)
    original = candidates[(shift > 0).astype(int), pick]
    extended = (kind == "dated") & (rng.random(n) < np.where(story == "issue_ends", 0.2, 0.12 * (care < 1)))
    current = np.where(extended, add_months(original, 1), original)
    never = (kind == "standing") | (rng.random(n) < 0.55 * (1 - care) + 0.03 * (care < 1))
    slack = np.where(rng.random(n) < 0.6 * (1 - care), rng.integers(1, 60, n), -rng.integers(0, 45, n))
    done = np.where(kind == "dated", current + slack, found + rng.integers(4, 60, n))
    done = np.maximum(done, found + 3)
    closed = np.maximum(done + rng.integers(0, 7, n), done)
    closed = np.where((care == 1) & (kind == "dated"), np.minimum(closed, current), closed)
    done = np.minimum(done, closed)
    open_ = never | (closed > dates(EXPORTED_ON))
    frame["issue_id"] = places.townships["township_id"].to_numpy()[town]
    letter = pd.Series(np.where(frame["year"] == 2022, "-A", "-I"))  # A: in the county's archive
    frame["issue_id"] += letter + (frame.groupby(["town", "year"]).cumcount() + 1).astype(str).str.zfill(4)
    frame["township_id"] = places.townships["township_id"].to_numpy()[town]
    frame["org_id"] = _some_branch(places, town, rng).where(rng.random(n) < 0.5).astype("str")
    category = rng.integers(0, len(_CATEGORIES), n)
    frame["category"] = _CATEGORIES[category]
    frame["source"] = rng.choice(["self", "inspection", "audit", "public"], n, p=[0.45, 0.18, 0.2, 0.17])
    frame["found_on"] = frame["found"].mask((rng.random(n) < 0.02) & (care < 1))
    number = pd.Series(rng.integers(1, 9, n)).astype(str)
    problem = pd.Series(_PROBLEMS[category])
    frame["problem"] = problem.where(rng.random(n) < 0.4, problem + "（情形" + number + "）")
    measure = pd.Series(_MEASURES[rng.integers(0, len(_MEASURES), n)])
    frame["measure"] = measure.mask((rng.random(n) < 0.012) & (care < 1)).astype("str")
    frame["owner_named"] = flag_column((rng.random(n) > 0.03) | (care == 1))
    frame["deadline_kind"] = kind
    dated = kind == "dated"
    frame["deadline_original_on"] = day_column(original).where(dated)
    frame["deadline_on"] = day_column(current).where(dated)
    return _ended(frame, open_, done, closed, care, story, rng)


def _ended(
    frame: pd.DataFrame, open_: Any, done: Any, closed: Any, care: Any, story: Any, rng: np.random.Generator
) -> pd.DataFrame:
    """Status, closing, competing ends, reopening."""
    n = len(frame)
    other = ~open_ & (rng.random(n) < np.where(story == "issue_ends", 0.25, 0.06 * (care < 1)))
    end = np.where(other, rng.choice(["merged", "transferred", "withdrawn"], n), "done")
    end = np.where((end == "done") & (rng.random(n) < 0.06) & (care < 1), "", end)
    unclosed = np.where(
        rng.random(n) < 0.7, "in_progress", np.where(rng.random(n) < 0.6, "not_started", "done")
    )
    unclosed = np.where((unclosed == "done") & (done > dates(EXPORTED_ON)), "in_progress", unclosed)
    finished = open_ & (unclosed == "done")
    frame["status"] = np.where(open_, unclosed, "closed")
    day = day_column(done)
    frame["done_on"] = day.where((~open_ & ~other) | finished)
    frame["closed_on"] = day_column(closed).where(~open_)
    accepted = pd.Series(rng.choice(["township", "county"], n, p=[0.72, 0.28]))
    frame["accepted_by"] = accepted.where(~open_ & ~other & ((rng.random(n) < 0.93) | (care == 1))).astype(
        "str"
    )
    frame["end_reason"] = pd.Series(end).where(~open_ & (end != "")).astype("str")
    again = ~open_ & ~other & (rng.random(n) < np.where(story == "issue_ends", 0.25, 0.02 * (care < 1)))
    reopened = closed + rng.integers(15, 150, n)
    again &= reopened <= dates(EXPORTED_ON)
    reclosed = reopened + rng.integers(10, 60, n)
    settled = again & (reclosed <= dates(EXPORTED_ON)) & (rng.random(n) < 0.55)
    frame["reopened_on"] = day_column(reopened).where(again)
    frame["reclosed_on"] = day_column(reclosed).where(settled)
    frame["status"] = np.where(again & ~settled, "in_progress", frame["status"])
    frame["rule_document"] = flag_column(~open_ & ~other & (rng.random(n) < 0.1 + 0.2 * care))
    return frame


def _some_branch(places: Places, town: Any, rng: np.random.Generator) -> pd.Series[Any]:
    """A lasting branch of each row's township."""
    branches = places.branches
    lasting = branches[
        branches["dissolved_on"].isna() & ~(branches["founded_on"] > pd.Timestamp("2022-01-01"))
    ]
    size = lasting.groupby("town").size().reindex(range(len(places.townships)), fill_value=0).to_numpy()
    first = np.concatenate([[0], np.cumsum(size)[:-1]])
    picked = first[town] + (rng.random(len(town)) * size[town]).astype(int)
    return pd.Series(lasting["org_id"].to_numpy()[np.minimum(picked, len(lasting) - 1)])


def submissions(places: Places, seed: int) -> pd.DataFrame:
    """``ledger_submissions``: in time, but for the planted one and a few of the careless."""
    rng, towns = stream(seed, "submissions"), places.townships
    rows = []
    for year in (2022, 2023):
        day = dates(f"{year}-05-31") - rng.integers(0, 14, len(towns)).astype("timedelta64[D]")
        frame = pd.DataFrame({"township_id": towns["township_id"], "year": year, "submitted_on": day.astype("datetime64[s]")})  # fmt: skip
        if year == 2023:
            frame.loc[towns["story"] == "late_ledger", "submitted_on"] = pd.Timestamp("2023-06-12")
            frame.loc[towns["story"] == "issue_ends", "submitted_on"] = pd.Timestamp("2023-05-31")
        rows.append(frame)
    return pd.concat(rows, ignore_index=True)


def weak_orgs(places: Places, seed: int) -> pd.DataFrame:
    """``weak_orgs`` of both cycles: village branches, more of them where less is done."""
    rng = stream(seed, "weak")
    branches = places.branches
    lasting = branches["dissolved_on"].isna() & ~(branches["founded_on"] > pd.Timestamp("2022-01-01"))
    village = branches[(branches["domain"] == "village") & lasting]
    rows = []
    for cycle in (2022, 2023):
        care = village["diligence"].to_numpy()
        own = village[rng.random(len(village)) < np.where(care < 1, 0.02 + 0.15 * (1 - care), 0)]
        care, n = own["diligence"].to_numpy(), len(own)
        listed = dates(f"{cycle}-03-01") + rng.integers(0, 30, n).astype("timedelta64[D]")
        accepted = dates(f"{cycle}-12-01") + rng.integers(0, 28, n).astype("timedelta64[D]")
        result = np.where(rng.random(n) < 0.85, "converted", "continuing")
        over = rng.random(n) < 0.8
        frame = pd.DataFrame({"org_id": own["org_id"].to_numpy(), "cycle_year": cycle, "listed_on": listed.astype("datetime64[s]")})  # fmt: skip
        for flag in ("plan", "leader", "first_secretary", "partner_unit"):
            frame[flag] = flag_column(rng.random(n) < 0.5 + 0.5 * care)
        frame["accepted_on"] = day_column(accepted).where(over)
        frame["result"] = pd.Series(result).where(over).astype("str")
        rows.append(frame)
    return pd.concat(rows, ignore_index=True)


def elections(places: Places, seed: int) -> pd.DataFrame:
    """``elections``: the running term of each organisation, and the next one where it was elected."""
    rng = stream(seed, "elections")
    orgs = places.organisations
    n, care = len(orgs), orgs["diligence"].to_numpy()
    years = np.where(orgs["domain"].isin(["village", "community"]) | (orgs["org_type"] == "committee"), 5, 3)
    village_round = dates("2021-01-05") + rng.integers(0, 110, n).astype("timedelta64[D]")
    recent = dates("2019-12-10") + rng.integers(0, 1080, n).astype("timedelta64[D]")
    elected = np.where(years == 5, village_round, recent)
    older = (orgs["org_type"] == "committee").to_numpy() & (rng.random(n) < 0.25)
    elected = np.where(older, add_months(elected, -30), elected)
    founded = orgs["founded_on"].to_numpy("datetime64[D]")
    elected = np.where(founded > elected, founded + 10, elected)
    expires = np.where(years == 5, add_months(elected, 60), add_months(elected, 36))
    close = expires <= dates("2024-06-30")
    extended = close & (rng.random(n) < 0.12) & (care < 1)
    until = np.where(extended, add_months(expires, 6), expires)
    remind = close & (rng.random(n) < 0.55 + 0.45 * care)
    reminded = np.where(rng.random(n) < 0.5 * (1 - care), add_months(expires, -5), add_months(expires, -6))
    slack = np.where(rng.random(n) < 0.5 * (1 - care), rng.integers(2, 80, n), -rng.integers(0, 50, n))
    held = until + slack
    gone = ~np.isnat(orgs["dissolved_on"].to_numpy()) & ~(
        orgs["dissolved_on"].to_numpy("datetime64[D]") > held
    )
    held_known = close & ~gone & (held <= dates(EXPORTED_ON)) & (rng.random(n) < 0.7 + 0.3 * care)
    term = rng.integers(3, 9, n)

    def known(day: Any, mask: Any) -> pd.Series[Any]:
        return day_column(day).where(mask & (day <= dates(EXPORTED_ON)))

    frame = pd.DataFrame({"org_id": orgs["org_id"], "term_no": term.astype(str), "elected_on": elected.astype("datetime64[s]"), "term_years": years, "expires_on": expires.astype("datetime64[s]")})  # fmt: skip
    frame["extended_until"] = day_column(until).where(extended)
    frame["reminded_on"], frame["held_on"] = known(reminded, remind), known(held, held_known)
    after = frame[held_known].copy()
    after["term_no"] = (term[held_known] + 1).astype(str)
    after["elected_on"] = after["held_on"]
    next_end = np.where(years == 5, add_months(held, 60), add_months(held, 36))[held_known]
    after["expires_on"] = next_end.astype("datetime64[s]")
    after[["extended_until", "reminded_on", "held_on"]] = np.datetime64("NaT", "s")
    return (
        pd.concat([frame, after]).sort_values(["org_id", "elected_on"], kind="stable").reset_index(drop=True)
    )


def branch_grades(places: Places, seed: int) -> pd.DataFrame:
    """``branch_grades`` of both years; one township changed its scheme and carries on with both."""
    rng = stream(seed, "grades")
    branches = places.branches
    labels = np.array(["先进", "标准", "一般", "后进"])
    stars = np.array(["五星", "四星", "三星", "二星"])
    last = np.clip(np.round(3.6 - 2.4 * branches["diligence"].to_numpy() + rng.normal(0, 0.8, len(branches))), 1, 4).astype(int)  # fmt: skip
    now = np.clip(last + rng.choice([-1, 0, 0, 0, 1], len(branches)), 1, 4)
    changed = (branches["story"] == "nil_issues").to_numpy()
    alive = branches["dissolved_on"].isna().to_numpy()
    there = ~(branches["founded_on"] > pd.Timestamp("2022-12-31")).to_numpy()
    rows = []
    for year, grade, scheme, names, mask in (
        (2022, last, "分类定级", labels, there),
        (2023, now, "分类定级", labels, alive & ~changed),
        (2023, now, "星级", stars, alive & changed),
    ):
        keep = mask & (rng.random(len(branches)) < 0.97)
        own, g = branches["org_id"].to_numpy()[keep], grade[keep]
        rows.append(pd.DataFrame({"org_id": own, "year": year, "scheme": scheme, "grade": g, "label": names[g - 1]}))  # fmt: skip
    return pd.concat(rows, ignore_index=True).sort_values(["org_id", "year", "scheme"]).reset_index(drop=True)


def supervisions(places: Places, seed: int) -> pd.DataFrame:
    """``supervisions``: more of them where less is done, answered late by the careless."""
    rng, towns = stream(seed, "supervisions"), places.townships
    town = np.repeat(np.arange(len(towns)), rng.poisson(1.5 + 5 * (1 - towns["diligence"].to_numpy())))
    n, care = len(town), towns["diligence"].to_numpy()[town]
    acted = dates("2022-03-01") + rng.integers(0, 660, n).astype("timedelta64[D]")
    order = np.lexsort((acted, town))
    town, acted, care = town[order], acted[order], care[order]
    action = rng.choice(["letter", "call", "talk", "none"], n, p=[0.45, 0.3, 0.15, 0.1])
    due = day_column(acted + 15).where((action != "none") & (rng.random(n) < 0.95))
    replied = acted + np.where(
        rng.random(n) < 0.6 * (1 - care), rng.integers(16, 40, n), rng.integers(2, 15, n)
    )
    back = due.notna() & (rng.random(n) < 0.75 + 0.25 * care) & (replied <= dates(EXPORTED_ON))
    codes = pd.Series(towns["township_id"].to_numpy()[town])
    number = pd.Series(town).groupby(town).cumcount() + 1
    return pd.DataFrame(
        {
            "supervision_id": codes + "-S" + number.astype(str).str.zfill(2),
            "township_id": codes,
            "acted_on": acted.astype("datetime64[s]"),
            "method": rng.choice(["field_stay", "inspection", "spot_check"], n),
            "action": action,
            "reply_due_on": due,
            "replied_on": day_column(replied).where(back),
        }
    )
