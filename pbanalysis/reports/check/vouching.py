"""Whether the manifest itself is to be believed: its seal, its keys, its entries, and who is missing in it.

A seal shows a mistake or a quick edit; whoever knows how makes it anew. What the entries say of each other,
and of the store, is not as easily made to fit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property
from pathlib import PurePosixPath

from pbanalysis.calendar import Period
from pbanalysis.errors import PbError
from pbanalysis.reports.batch.incremental import key_of
from pbanalysis.reports.batch.planning import DOCUMENT
from pbanalysis.reports.batch.tools import Tools
from pbanalysis.reports.check.comparing import Change
from pbanalysis.reports.check.delivery import Delivery
from pbanalysis.reports.check.packing import packed_name, title_of
from pbanalysis.reports.check.remake import stem_of
from pbanalysis.reports.manifest import COUNTY_FILES, Entry
from pbanalysis.terms import OVERVIEW, REPORTS

__all__ = ["Vouching"]

_CALLED = {**REPORTS, DOCUMENT: "汇总附件"}


class Vouching:
    """What the manifest of a delivery says, and what in it cannot be.

    Parameters
    ----------
    out
        The delivery.
    tools
        Of the batch: they say which files a report has.
    """

    def __init__(self, out: Delivery, tools: Tools) -> None:
        self._out, self._tools = out, tools

    @cached_property
    def frame(self) -> tuple[str, str]:
        """Period and cut-off of the reports, as most entries have them; empty where none has."""
        counted = Counter(frame for entry in self._out.entries if (frame := _frame(entry)))
        return counted.most_common(1)[0][0] if counted else ("", "")

    def frames(self, folder: str) -> set[tuple[str, str] | None]:
        """Period and cut-off of the reports in a folder."""
        return {_frame(entry) for entry in self._out.entries_of(folder).values()}

    @cached_property
    def _units(self) -> Mapping[str, str]:
        """Folders by code, as the entries of the reports tell."""
        found = {}
        for entry in self._out.entries:
            if entry.theme == OVERVIEW:
                found[entry.township_id] = "county"
            elif isinstance(entry.inputs.get("unit"), str):
                found[entry.township_id] = f"{entry.township_id}_{entry.inputs['unit']}"
        return found

    def code(self, folder: str) -> str:
        """The code of a folder's unit; empty where the manifest does not know it."""
        return next((code for code, own in self._units.items() if own == folder), "")

    @cached_property
    def cards(self) -> frozenset[str]:
        """The error cards of reports that could not be built."""
        failed = [entry for entry in self._out.entries if entry.state == "failed"]
        named = ((entry, self._units.get(entry.township_id, "").removesuffix("county")) for entry in failed)
        return frozenset(f"errors/{unit}_{entry.theme}.html" for entry, unit in named)

    @cached_property
    def foreign(self) -> frozenset[str]:
        """Files in the list that no report of this program is called by, or that lie elsewhere."""
        allowed = {*COUNTY_FILES, *self.cards}
        for entry in self._out.entries:
            folder = self._units.get(entry.township_id)
            allowed |= {f"{folder}/{file}" for file in self._files(entry.theme)} & {*entry.files}
        return frozenset(self._out.listed) - allowed

    def _files(self, theme: str) -> set[str]:
        """Files that an entry may have."""
        attachments = {f"report.{kind}" for kind in self._tools.documents} if theme == DOCUMENT else set()
        return self._needed(theme) | attachments

    def _needed(self, theme: str) -> set[str]:
        """Files that an entry has, whatever formats were asked for."""
        if theme == DOCUMENT:
            return {"facts.json"}
        if theme not in (*self._tools.stems, OVERVIEW):
            return set()
        return {f"{stem_of(theme, self._tools)}.{suffix}" for suffix in ("ipynb", *self._tools.pages)}

    def doubts(
        self, towns: Mapping[str, str] | None, same: Callable[[str], Collection[str]]
    ) -> Iterator[Change]:
        """What in the manifest cannot be: where, what it should be, what it says.

        Parameters
        ----------
        towns
            Names by code of the store's units; ``None`` without a store.
        same
            Themes of a folder whose inputs still are those of the store: an attachment holds them all.
        """
        seen: dict[tuple[str, str], str] = {}
        for entry in self._out.entries:
            where = self._called(entry)
            if entry.key in seen:
                yield Change(where, "一项", "重复的一项")
            seen[entry.key] = str(entry.inputs.get("key", ""))
            if (made := key_of(entry.inputs)) != seen[entry.key]:
                yield Change(f"{where}的输入校验码", made, seen[entry.key])
            if (own := _frame(entry)) and own != self.frame:
                yield Change(f"{where}的报告期和截止日", " ".join(self.frame), " ".join(own))
            unit = entry.inputs.get("parameters", {}).get("township_id", entry.township_id)
            if unit != entry.township_id:
                yield Change(f"{where}的乡镇代码", entry.township_id, str(unit))
            if entry.state != "failed":
                has = {PurePosixPath(name).name for name in entry.files}
                yield from (Change(f"{where}的文件", file, "") for file in self._needed(entry.theme) - has)
        for entry in self._out.entries:
            inside = entry.inputs.get("reports", {})
            standing = same(self._units.get(entry.township_id, "")) if entry.theme == DOCUMENT else ()
            for theme in {*standing} - {*inside, DOCUMENT}:
                yield Change(f"{self._called(entry)}的专题", _CALLED[theme], "")
            for theme, key in inside.items():
                if (own_key := seen.get((entry.township_id, theme), "")) != key:
                    what = f"{self._called(entry)}所依据的{_CALLED.get(theme, theme)}"
                    yield Change(what, own_key, str(key))
        if not self._out.packed:
            yield from (Change("清单中的文件", n, "") for n in COUNTY_FILES if n not in self._out.listed)
        if towns is not None:
            yield from self._missing(towns)
        if self._out.packed:
            yield from self._package()

    def _called(self, entry: Entry) -> str:
        folder = self._units.get(entry.township_id, entry.township_id)
        return f"{folder.partition('_')[2] or '全县'}　{_CALLED.get(entry.theme, entry.theme)}"

    def _missing(self, towns: Mapping[str, str]) -> Iterator[Change]:
        """Units that the store does not have, and reports that a whole run would have made."""
        there = {entry.key for entry in self._out.entries}
        for code, folder in self._units.items():
            name = folder.partition("_")[2]
            if code not in towns or (name and towns[code] != name):
                yield Change("清单中的乡镇", towns.get(code, ""), f"{code} {name}".strip())
        themes = {theme for _, theme in there}
        if OVERVIEW not in themes:  # reports of some townships only
            return
        county = {code for code, theme in there if theme == OVERVIEW}
        for code, name in towns.items():
            for theme in (*self._tools.stems, DOCUMENT):
                if theme in themes and code not in county and (code, theme) not in there:
                    yield Change("清单中的报告", f"{name}　{_CALLED[theme]}", "")

    def _package(self) -> Iterator[Change]:
        """A package's own names, title and date."""
        manifest, names = self._out.manifest, self._out.names
        try:
            period = Period.parse(self.frame[0])
        except PbError:
            return
        for path, name in names.items():
            if (own := packed_name(name, period)) != path:
                yield Change("包内文件名", own, path)
        title = title_of(self._out.entries, period, whole=manifest.get("whole") is True)
        for what, should in (("title", title), ("as_of", self.frame[1])):
            if manifest.get(what) != should:
                yield Change(f"清单的 {what}", should, str(manifest.get(what)))


def _frame(entry: Entry) -> tuple[str, str] | None:
    parameters = entry.inputs.get("parameters")
    if not parameters:
        return None
    return str(parameters.get("period")), str(parameters.get("as_of"))
