"""Whether delivered files still are what was made: offline, number by number.

A file is untouched when its checksum is the manifest's. One that is not is compared with the same file
made again, and what differs is named: old → new, and where. With the store at hand the facts are
recomputed too.
"""

from __future__ import annotations

import math
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from pbanalysis.errors import Code, Exit, PbError
from pbanalysis.reports.facts import numbers_in, orphans
from pbanalysis.reports.files import read_json, sha256
from pbanalysis.reports.manifest import seal
from pbanalysis.reports.reading import Change, changes, lines_of, texts_of
from pbanalysis.reports.remake import Remaker

__all__ = ["FileVerdict", "VerifyReport", "verify"]

State = Literal["untouched", "changed", "missing", "unlisted"]
_STATES: Mapping[State, str] = {
    "untouched": "未改动",
    "changed": "已改动",
    "missing": "缺失",
    "unlisted": "不在清单中",
}
_MANIFEST = "manifest.json"
_MOST = 20
_TEXTS = {".json", ".csv", ".html"}


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """One delivered file: its state, what differs in it, and a remark where nothing can be named."""

    name: str
    state: State
    changes: tuple[Change, ...] = ()
    note: str = ""

    def lines(self) -> Iterator[str]:
        """The verdict for a person."""
        yield f"{'✔' if self.state == 'untouched' else '✘'} {self.name}：{_STATES[self.state]}{self.note and f'，{self.note}'}"
        yield from (f"    {change}" for change in self.changes[:_MOST])
        if len(self.changes) > _MOST:
            yield f"    ……共 {len(self.changes)} 处"


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """All verdicts; ``recomputed`` counts the facts compared with the store, ``disagreements`` those that differ."""

    files: tuple[FileVerdict, ...]
    recomputed: int = 0
    disagreements: tuple[Change, ...] = ()
    store: str = ""

    @property
    def ok(self) -> bool:
        """Whether every file is untouched and every recomputed number agrees."""
        return not self.disagreements and all(verdict.state == "untouched" for verdict in self.files)

    @property
    def exit_status(self) -> Exit:
        """0, or 1 when something was found."""
        return Exit.DONE if self.ok else Exit.ATTENTION

    def lines(self) -> list[str]:
        """The result for a person: what is wrong, then the sum."""
        wrong = [line for verdict in self.files if verdict.state != "untouched" for line in verdict.lines()]
        wrong += [f"✘ 与数据仓重算不一致：{change}" for change in self.disagreements[:_MOST]]
        good = sum(verdict.state == "untouched" for verdict in self.files)
        data = (
            f"；用数据仓重算 {self.recomputed} 个数，{len(self.disagreements)} 个不一致"
            if self.store
            else "；没有找到数据仓，未重算（可用 --store 指明）"
        )
        head = "通过" if self.ok else "未通过"
        return [*wrong, f"{head}：{len(self.files)} 个文件，{good} 个未改动{data}"]

    def to_dict(self) -> dict[str, Any]:
        """The result for a program."""
        return {
            "ok": self.ok,
            "files": [asdict(verdict) for verdict in self.files],
            "recomputed": self.recomputed,
            "disagreements": [asdict(change) for change in self.disagreements],
        }


def verify(path: Path, *, store: Path | None = None) -> VerifyReport:
    """Check a delivered file, a folder that ``report`` wrote, or a package.

    Parameters
    ----------
    path
        A file that lies where it was delivered (beside its manifest), a folder with a
        ``manifest.json``, or a package (zip).
    store
        The store to recompute from; by default where the notebooks say it was.

    Raises
    ------
    PbError
        There is no such file, or no manifest to check it by.
    """
    path = Path(path).absolute()
    if not path.exists():
        raise PbError(
            Code.UNKNOWN_PARAMETER, "没有这个文件或文件夹", where="verify", got=path.name, fix="请检查路径"
        )
    if path.suffix == ".zip":
        with tempfile.TemporaryDirectory() as folder:
            try:
                zipfile.ZipFile(path).extractall(folder)
            except zipfile.BadZipFile as error:
                raise PbError(
                    Code.INPUT_REFUSED, "压缩包已损坏", where=path.name, fix="请重新取得该文件"
                ) from error
            manifest = next(Path(folder).rglob(_MANIFEST), None)
            return _check(_found(manifest, path), store, None)
    if path.is_dir():
        return _check(_found(path / _MANIFEST, path), store, None)
    manifest = next((parent / _MANIFEST for parent in path.parents if (parent / _MANIFEST).exists()), None)
    out = _found(manifest, path)
    return _check(out, store, path.relative_to(out).as_posix())


def _found(manifest: Path | None, path: Path) -> Path:
    if manifest is None or not manifest.exists():
        raise PbError(
            Code.UNKNOWN_PARAMETER,
            "旁边没有 manifest.json，无从核对",
            where=path.name,
            fix="请把文件放回报告目录（或解开的附件包）中原来的位置再核对",
        )
    return manifest.parent


def _check(out: Path, store: Path | None, only: str | None) -> VerifyReport:
    listed = _listed(out)
    names = sorted(listed) if only is None else [_listed_name(only, listed)]
    states: dict[str, State] = {name: _state(out, name, listed) for name in names}
    if only is not None and names[0] != only:  # a renamed copy is compared with the file it is a copy of
        states = {only: "untouched" if sha256(out / only) == listed[names[0]] else "changed"}
    others = {} if only is None else {name: _state(out, name, listed) for name in listed}
    touched = frozenset(name for name, state in {**others, **states}.items() if state != "untouched")
    remaker = Remaker(out, store, touched)
    verdicts = [
        _verdict(out, name, _listed_name(name, listed), state, remaker) for name, state in states.items()
    ]
    if only is None or only == _MANIFEST:
        verdicts += _manifest_verdicts(out)
    folders = {PurePosixPath(name).parent.as_posix() for name in states}
    compared, wrong = _recomputed(out, folders, remaker)
    return VerifyReport(tuple(verdicts), compared, tuple(wrong), str(remaker.store or ""))


def _listed(out: Path) -> dict[str, str]:
    """Every file with its checksum: the reports', and the county's own."""
    manifest = read_json(out / _MANIFEST)
    if not manifest:
        raise PbError(
            Code.INPUT_REFUSED, "manifest.json 已损坏", where=out.name, fix="请取得未改动的清单后再核对"
        )
    listed = dict(manifest.get("files") or {})
    for entry in manifest.get("reports", []):
        listed |= entry.get("files") or {}
    return listed


def _listed_name(name: str, listed: Mapping[str, str]) -> str:
    """The listed file that ``name`` is, or is a renamed copy of."""
    if name in listed or name == _MANIFEST:
        return name
    path = PurePosixPath(name)
    alike = [
        n for n in listed if PurePosixPath(n).parent == path.parent and PurePosixPath(n).suffix == path.suffix
    ]
    alike = [n for n in alike if path.stem.startswith(PurePosixPath(n).stem)] or alike
    return alike[0] if len(alike) == 1 else name


def _state(out: Path, name: str, listed: Mapping[str, str]) -> State:
    if name == _MANIFEST:
        return "untouched"
    if not (out / name).exists():
        return "missing"
    if name not in listed:
        return "unlisted"
    return "untouched" if sha256(out / name) == listed[name] else "changed"


def _verdict(out: Path, name: str, listed_as: str, state: State, remaker: Remaker) -> FileVerdict:
    if state != "changed":
        return FileVerdict(name, state)
    data = (out / name).read_bytes()
    try:
        now = texts_of(name, data)
    except ValueError:
        made = remaker.file(listed_as) if PurePosixPath(name).suffix in _TEXTS else None
        found = changes(lines_of(made), lines_of(data)) if made else []
        return FileVerdict(name, state, tuple(found), "文件已损坏，打不开")
    if now is None:
        return FileVerdict(name, state, note="这种文件只能核对校验码")
    made = remaker.file(listed_as)
    if made == data:
        return FileVerdict(name, state, note="内容与重新生成的一致，清单中的校验码被改动")
    before = texts_of(listed_as, made) if made else None
    if before is None:
        return _without_original(out, name, now, remaker)
    found = changes(before, now)
    known = _facts(out, listed_as)
    named = tuple(replace(change, fact=_fact_of(change, known)) for change in found)
    return FileVerdict(name, state, named, "" if named else "改动不在印出的文字和数字里")


def _without_original(out: Path, name: str, now: Any, remaker: Remaker) -> FileVerdict:
    """A changed file that cannot be made again: by its page, or by the facts."""
    path = PurePosixPath(name)
    if path.suffix == ".ipynb":
        page = str(path.with_suffix(".html"))
        made = remaker.page(name, page, even_changed=True)
        if made is not None and (out / page).exists():
            found = changes(texts_of(page, (out / page).read_bytes()) or [], texts_of(page, made) or [])
            return FileVerdict(name, "changed", tuple(found), "" if found else "改动不在印出的文字和数字里")
    if path.name == "facts.json" and remaker.frame(str(path.parent)) is None:
        return FileVerdict(name, "changed", note="改动在“document”部分：稿别、编号、乡镇说明或校验码")
    known = _facts(out, name)
    if not known or path.suffix in (".json", ".ipynb", ".csv"):
        return FileVerdict(name, "changed", note="缺少重新生成所需的文件，不能指出改动之处")
    strange = [Change(place, "", number) for place, text in now for number in orphans(text, known)]
    return FileVerdict(
        name, "changed", tuple(strange), "以下各数不在 facts.json 中" if strange else "各数均在 facts.json 中"
    )


def _facts(out: Path, name: str) -> list[Mapping[str, Any]]:
    return list(read_json((out / name).parent / "facts.json").get("facts", []))


def _fact_of(change: Change, facts: Iterable[Mapping[str, Any]]) -> str:
    """The fact whose printed text is the old number, where only one is."""
    found = [
        fact["id"] for fact in facts if change.old and change.old in (fact["text"], *numbers_in(fact["text"]))
    ]
    return str(found[0]) if len(found) == 1 else ""


def _manifest_verdicts(out: Path) -> Iterator[FileVerdict]:
    manifest = read_json(out / _MANIFEST)
    if "seal" in manifest and seal(manifest)["seal"] != manifest["seal"]:
        yield FileVerdict(_MANIFEST, "changed", note="清单自身的校验码不符")
    else:
        yield FileVerdict(_MANIFEST, "untouched")


_PARTS = (
    "value",
    "numerator",
    "denominator",
    "ci_low",
    "ci_high",
    "n_not_due",
    "n_na",
    "n_unknown",
    "target",
)


def _recomputed(out: Path, folders: Iterable[str], remaker: Remaker) -> tuple[int, list[Change]]:
    """Facts of the folders against results recomputed from the store."""
    folders = [folder for folder in sorted(folders) if (out / folder / "facts.json").exists()]
    if not folders or remaker.results is None:
        return 0, []
    rows = {(r["indicator_id"], r["unit_id"]): r for r in remaker.results.to_dict("records")}
    county = next((unit for (_, unit), row in rows.items() if row["unit_level"] == "county"), "")
    compared, wrong = 0, []
    for folder in folders:
        unit = county if folder == "county" else folder.partition("_")[0]
        for fact in _facts(out, f"{folder}/facts.json"):
            whose, part = _whose(fact, unit, county)
            row = rows.get((str(fact.get("indicator_id")), whose))
            if row is None or part not in _PARTS or fact["state"] == "suppressed":
                continue
            compared += 1
            if not _same(fact["value"], row[part]):
                wrong.append(Change(f"{folder}/facts.json", f"{row[part]}", f"{fact['value']}", fact["id"]))
    return compared, wrong


def _whose(fact: Mapping[str, Any], unit: str, county: str) -> tuple[str, str]:
    """The unit a fact is about, and which number of its row."""
    name = str(fact["id"])
    of_county = name.startswith("county.")
    part = name.removeprefix("county.").removeprefix(f"{fact.get('indicator_id')}.")
    return (county if of_county else unit), part


def _same(printed: Any, computed: Any) -> bool:
    if printed is None or computed is None or computed != computed:
        return printed is None and (computed is None or computed != computed)
    try:
        return math.isclose(float(printed), float(computed), rel_tol=1e-9, abs_tol=1e-12)
    except (TypeError, ValueError):
        return False
