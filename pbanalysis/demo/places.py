"""Townships, villages and Party organisations of the fictional county, and the source of its chance."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pbanalysis.demo.stories import COUNTY_CODE, COUNTY_NAME, ORDINARY, STORIES, Story

__all__ = ["Places", "dates", "day_column", "flag_column", "make_places", "stream"]

_FIRST = (
    "安白碧长潮大东丰凤甘古广海红湖花槐黄金锦莲柳龙绿梅明宁平青清秋泉榕瑞沙杉石泰桐望文西仙祥兴杨永玉源云竹紫"
)
_SECOND = "坝滩堤渡峰岗沟谷关涧江井口林岭楼门盘坪浦桥丘山水寺潭塘田湾溪洲庄泽"
_FAMILIES = "冯许潘蒋沈韩唐吕苏卢姜崔谭廖贺龚"
_GROUNDS = "岭湾桥坝冲塘坡峪店屯洼泉滩营沟坎"
_COMMUNITIES = ["迎宾", "朝阳", "和顺", "康乐", "建设路", "育才", "河滨", "幸福", "团结", "工农", "站前", "桂花", "金桥", "翠屏"]  # fmt: skip
_FIRMS = ["远航物流", "恒信建设", "禾丰种业", "云山茶业", "联众快递", "金叶食品", "三和机电", "明德印务"]
_SOCIETIES = ["敬老服务社", "果蔬协会", "公益协会"]


def stream(seed: int, name: str) -> np.random.Generator:
    """One stream of chance per subject, so that a change of one does not move the others."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def dates(text: Any) -> npt.NDArray[np.datetime64]:
    """Days from ISO text or any dates."""
    return np.asarray(text).astype("datetime64[D]")


def day_column(values: Any) -> pd.Series[Any]:
    """A column of days."""
    return pd.Series(np.asarray(values).astype("datetime64[s]"))


def flag_column(hits: Any) -> pd.Series[Any]:
    """A column of flags."""
    return pd.Series(hits).astype("boolean")


@dataclass(frozen=True)
class Places:
    """The registry. Beside the canonical columns the frames carry what the generators need.

    ``townships``: ``story``, ``diligence``. ``organisations``: ``town`` (row of ``townships``),
    ``full_name``, ``members`` and ``full_members`` (typical), ``diligence``, ``story``.
    """

    townships: pd.DataFrame
    villages: pd.DataFrame
    organisations: pd.DataFrame

    @property
    def branches(self) -> pd.DataFrame:
        """Branches and joint branches."""
        orgs = self.organisations
        return orgs[orgs["org_type"].isin(["branch", "joint_branch"])].reset_index(drop=True)

    def of(self, story: str) -> str:
        """Code of the township of a story; "" where the county is too small to have it."""
        hit = self.townships.loc[self.townships["story"] == story, "township_id"]
        return str(hit.iloc[0]) if len(hit) else ""


def _stories(townships: int, rng: np.random.Generator) -> list[Story]:
    """The planted ones first, then ordinary ones with names, sizes and diligence of chance."""
    planted = list(STORIES[:townships])
    names = [a + b for a in _FIRST for b in _SECOND if a != b]
    picked = rng.permutation(len(names))[: townships - len(planted)]
    sizes, care = rng.integers(6, 17, len(picked)), rng.beta(9, 2, len(picked)).round(3)
    kinds = rng.choice(["镇", "乡", "街道"], len(picked), p=[0.55, 0.37, 0.08])
    for name, size, diligence, kind in zip(picked, sizes, care, kinds):
        street = kind == "街道"
        planted.append(
            Story(
                ORDINARY.key,
                names[name] + kind,
                kind,
                0 if street else int(size),
                5 if street else int(size % 3 == 0),
                float(diligence),
                ORDINARY.what,
            )
        )
    return planted


def _codes(stories: list[Story]) -> list[str]:
    """9-digit codes: 镇 from 100, 乡 from 200, 街道 from 001; a county of more than 300 goes on in the next code.

    A real county has no thousand townships; a benchmark may.
    """
    first, counters = {"镇": 100, "乡": 200, "街道": 1}, {"镇": 0, "乡": 0, "街道": 0}
    codes = []
    for story in stories:
        block, within = divmod(counters[story.kind], 99)
        codes.append(f"{int(COUNTY_CODE) + block}{first[story.kind] + within:03d}")
        counters[story.kind] += 1
    return codes


def _village_rows(story: Story, code: str, rng: np.random.Generator) -> list[dict[str, Any]]:
    names = [f"{a}家{b}村" for a in _FAMILIES for b in _GROUNDS]
    own = [f"{story.name.rstrip('镇乡')}村"] if story.villages else []
    picked = own + [names[i] for i in rng.permutation(len(names))[: story.villages - len(own)]]
    communities = [f"{_COMMUNITIES[i]}社区" for i in rng.permutation(len(_COMMUNITIES))[: story.communities]]
    rows = [
        {"village_id": f"{code}{200 + i}", "township_id": code, "name": name, "kind": "village"}
        for i, name in enumerate(picked)
    ]
    return rows + [
        {"village_id": f"{code}{i + 1:03d}", "township_id": code, "name": name, "kind": "community"}
        for i, name in enumerate(communities)
    ]


def _organisation_rows(
    story: Story, code: str, villages: list[dict[str, Any]], rng: np.random.Generator
) -> list[tuple[str, str, str, str | None]]:
    """(name, type, domain, village) of one township's organisations, committee first."""
    town = story.name
    rows: list[tuple[str, str, str, str | None]] = [
        (town + ("党工委" if story.kind == "街道" else "党委"), "committee", "organ", None)
    ]
    for village in villages:
        name, place, domain = village["name"], village["village_id"], village["kind"]
        if domain == "village" and rng.random() < 0.16 and story.key != "one_branch":
            rows.append((f"{name}党总支", "general_branch", domain, place))
            rows += [(f"{name}第{k}党支部", "branch", domain, place) for k in "一二"]
        else:
            rows.append((f"{name}党支部", "branch", domain, place))
            more = ["锦绣小区", "安居小区"][: int(rng.integers(0, 3))] if domain == "community" else []
            rows += [(f"{name}{k}党支部", "branch", domain, place) for k in more]
    if story.key == "one_branch":
        return rows
    units = [
        ("机关", "organ"),
        ("卫生院", "hospital"),
        ("中心学校", "school"),
        ("农业服务中心", "institution"),
    ]
    units += [("退休干部", "other")] * int(rng.random() < 0.6) + [("供水站", "soe")] * int(rng.random() < 0.3)
    firms, societies = rng.permutation(len(_FIRMS)), rng.permutation(len(_SOCIETIES))
    units += [(_FIRMS[i], "private") for i in firms[: int(rng.integers(2, 6))]]
    units += [(_SOCIETIES[i], "social") for i in societies[: int(rng.integers(1, 3))]]
    rows += [(f"{town}{name}党支部", "branch", domain, None) for name, domain in units]
    return [*rows, (f"{town}两新组织联合党支部", "joint_branch", "private", None)]


def _full_name(town: str, name: str, org_type: str) -> str:
    """Name in full as some townships write it."""
    if org_type == "committee":
        return f"中共{COUNTY_NAME}{town}委员会" if name.endswith("党委") else name
    stem, tail = (
        name.removesuffix("党总支" if org_type == "general_branch" else "党支部"),
        "总支部委员会" if org_type == "general_branch" else "支部委员会",
    )
    return f"中共{COUNTY_NAME}{stem if stem.startswith(town) else town + stem}{tail}"


_SIZES = {"village": (12, 38), "community": (10, 30), "private": (3, 9), "social": (3, 8), "organ": (14, 36)}


def _plant(orgs: pd.DataFrame) -> None:
    """Branches of exact sizes, and branches founded or dissolved on the way."""
    village = (orgs["org_type"] == "branch") & (orgs["domain"] == "village")
    big = orgs.index[village & (orgs["story"] == "big_branches")][:3]
    orgs.loc[big, ["members", "full_members"]] = np.array([[50, 50], [51, 49], [51, 51]])[: len(big)]
    small = orgs.index[village & (orgs["story"] == "one_branch")]
    orgs.loc[small, ["members", "full_members", "groups_n"]] = (9, 8, 0)
    life = orgs.index[village & (orgs["story"] == "founded_dissolved")][:5]
    spans = [("2023-05-10", None), ("2023-07-01", None), ("2001-07-01", "2023-06-30"), ("2001-07-01", "2023-08-31"), ("2023-02-28", "2023-11-15")]  # fmt: skip
    for index, (founded, dissolved) in zip(life, spans):
        orgs.loc[index, "founded_on"] = pd.Timestamp(founded)
        orgs.loc[index, "dissolved_on"] = pd.Timestamp(dissolved) if dissolved else pd.NaT


def make_places(townships: int, seed: int) -> Places:
    """The registry of a county of that many townships."""
    rng = stream(seed, "places")
    stories = _stories(townships, rng)
    codes = _codes(stories)
    villages: list[dict[str, Any]] = []
    orgs: list[tuple[Any, ...]] = []
    for town, (story, code) in enumerate(zip(stories, codes)):
        own = _village_rows(story, code, rng)
        villages += own
        for number, (name, org_type, domain, place) in enumerate(
            _organisation_rows(story, code, own, rng), start=1
        ):
            full = _full_name(story.name, name, org_type)
            orgs.append((f"{code}-{number:03d}", code, name, org_type, domain, place, town, full))
    towns = pd.DataFrame(
        {
            "township_id": codes,
            "name": [s.name for s in stories],
            "kind": [s.kind for s in stories],
            "story": [s.key for s in stories],
            "diligence": [s.diligence for s in stories],
            "communities": [s.communities for s in stories],
        }
    )
    residents = (towns["communities"] * rng.integers(6000, 9500, len(towns))).astype("Int64")
    towns["urban_residents_n"] = residents.mask((towns["communities"] == 0).to_numpy())
    columns = ["org_id", "township_id", "name", "org_type", "domain", "village_id", "town", "full_name"]
    return Places(towns, pd.DataFrame(villages), _details(pd.DataFrame(orgs, columns=columns), towns, rng))


def _details(orgs: pd.DataFrame, towns: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Sizes, dates and groups, vectorised over all organisations."""
    n = len(orgs)
    low = orgs["domain"].map({k: v[0] for k, v in _SIZES.items()}).fillna(6).astype(int).to_numpy()
    high = orgs["domain"].map({k: v[1] for k, v in _SIZES.items()}).fillna(20).astype(int).to_numpy()
    members = rng.integers(low, high + 1)
    branch = orgs["org_type"].isin(["branch", "joint_branch"]).to_numpy()
    orgs["members"] = members
    orgs["full_members"] = np.maximum(members - rng.integers(0, 3, n), 3)
    founded = dates("1992-01-01") + rng.integers(0, 9700, n).astype("timedelta64[D]")
    orgs["founded_on"] = pd.Series(founded).astype("datetime64[s]").mask(rng.random(n) < 0.25)
    orgs["dissolved_on"] = pd.Series(np.full(n, "NaT", "datetime64[s]"))
    ended = branch & (orgs["domain"].isin(["private", "social", "other"]).to_numpy()) & (rng.random(n) < 0.02)
    last = (dates("2023-01-31") + rng.integers(0, 300, n).astype("timedelta64[D]")).astype("datetime64[s]")
    orgs["dissolved_on"] = orgs["dissolved_on"].where(~ended, pd.Series(last))
    orgs["groups_n"] = np.where(branch & (members > 15) & (rng.random(n) < 0.55), rng.integers(2, 4, n), 0)
    orgs["story"] = towns["story"].to_numpy()[orgs["town"]]
    care = towns["diligence"].to_numpy()[orgs["town"]]
    orgs["diligence"] = np.where(care < 1, np.clip(rng.normal(care, 0.06), 0.2, 0.99), 1.0)
    _plant(orgs)
    return orgs
