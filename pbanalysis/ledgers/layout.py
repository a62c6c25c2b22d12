"""Where the table of a sheet is: its header rows, and the field of every column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property

from pbanalysis.ledgers.grid import Sheet
from pbanalysis.ledgers.headers import Kind, header_keys, header_unit, header_year, kinds, match
from pbanalysis.ledgers.text import squash, tidy

__all__ = ["Column", "Layout", "Search", "find_layout", "header_words"]

_HEADER_WITHIN = 40  # non-empty rows in which a header is looked for
_MIN_MAPPED = 3


@dataclass(frozen=True)
class Column:
    """One column under the header."""

    index: int
    header: str  # as joined for people: parents first, "/" between
    path: tuple[str, ...]
    field: str | None  # None: the dictionary does not know it, or it may not be used
    unit: str = ""
    doubt: str = ""  # why a person should look: containment, place, duplicate_header or other_year
    meant: str | None = None  # field it would mean, were it not there twice


@dataclass(frozen=True)
class Layout:
    """The table found on a sheet."""

    kind: Kind
    top: int
    bottom: int
    columns: dict[int, Column]
    score: float
    texts: dict[int, dict[int, str]] = field(default_factory=dict, repr=False)

    @cached_property
    def fields(self) -> dict[str, Column]:
        """Column of every field."""
        return {c.field: c for c in self.columns.values() if c.field}


@dataclass(frozen=True)
class Search:
    """What the search for a header found: the layout, rivals of the same score, or what was missing."""

    layout: Layout | None
    rivals: tuple[str, ...] = ()
    nearest: str = ""
    missing: tuple[str, ...] = ()


@cache
def header_words() -> frozenset[str]:
    """Keys of all synonyms of all kinds."""
    return frozenset(
        k
        for kind in kinds().values()
        for f in kind.fields.values()
        for s in f.synonyms
        for k in header_keys(s)[:1]
    )


def find_layout(
    sheet: Sheet, hints: Sequence[str], *, year: int | None = None, only: str | None = None
) -> Search:
    """Find the header rows (one to three) that explain most columns.

    Parameters
    ----------
    sheet
        The sheet.
    hints
        Title, sheet name and file name: words that name a ledger kind.
    year
        Year of the ledger, to choose between columns of several years.
    only
        Layout that a template names; no other is tried.
    """
    rows = sheet.numbers()[:_HEADER_WITHIN]
    covers = _covers(sheet, rows)
    hopeful: list[_Candidate] = []
    for top, bottom in _bands(sheet, rows):
        texts = {r: _row_texts(sheet, r, covers) for r in range(top, bottom + 1)}
        band = _Band(top, bottom, texts, _paths(texts), 2.0 if _cut(sheet, top, bottom) else 0.0)
        for kind in kinds().values() if only is None else [kinds()[only]]:
            hopeful += _candidates(kind, band, hints, contained=False)
    best_first = sorted(hopeful, key=lambda c: (-c.score, c.band.top))[:_SECOND_LOOK]
    candidates = [again for c in best_first for again in _candidates(c.kind, c.band, hints, contained=True)]
    usable = [c for c in candidates if _complete(c.kind, set(c.found.values()))]
    best = max(usable or candidates, key=lambda c: (c.score, -c.band.top), default=None)
    if best is None:
        return Search(None)
    if not usable:
        mapped = set(best.found.values())
        missing = tuple(best.kind.fields[g[0]].label for g in best.kind.key if not mapped & set(g))
        return Search(None, nearest=best.kind.title, missing=missing)
    rivals = {
        c.kind.title
        for c in usable
        if (c.score, c.band.top) == (best.score, best.band.top) and c.kind.layout != best.kind.layout
    }
    columns = _columns(best.kind, best.band.paths, best.found, year)
    layout = Layout(best.kind, best.band.top, best.band.bottom, columns, best.score, best.band.texts)
    return Search(layout, tuple(sorted(rivals)))


_SECOND_LOOK = 6  # candidates whose unknown headers are looked up by containment too


@dataclass(frozen=True)
class _Band:
    """One to three rows that may be a header; ``spoilt`` is taken off its score."""

    top: int
    bottom: int
    texts: dict[int, dict[int, str]]
    paths: dict[int, tuple[str, ...]]
    spoilt: float


@dataclass(frozen=True)
class _Candidate:
    kind: Kind
    band: _Band
    found: dict[int, str]
    score: float


def _candidates(kind: Kind, band: _Band, hints: Sequence[str], *, contained: bool) -> list[_Candidate]:
    """The band read as a header of a kind, if at least two of the kind's own fields are there."""
    found = _map(kind, band.paths, contained=contained)
    mapped = set(found.values())
    own = mapped & kind.own
    if len(own) < 2:
        return []
    named = any(w in h for w in kind.words for h in hints)
    score = len(own) + 0.5 * len(mapped - own) + (1.5 if named else 0) - 0.3 * (band.bottom - band.top)
    return [_Candidate(kind, band, found, score - band.spoilt)]


def _complete(kind: Kind, mapped: set[str]) -> bool:
    return len(mapped) >= _MIN_MAPPED and all(mapped & set(group) for group in kind.key)


def _covers(sheet: Sheet, rows: Sequence[int]) -> dict[tuple[int, int], tuple[int, int]]:
    """Anchor of every cell that a merge of the header region covers."""
    last = rows[-1] if rows else 0
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for merge in sheet.merges:
        if merge.top <= last and (merge.bottom - merge.top) < 10 and (merge.right - merge.left) < 300:
            found |= dict.fromkeys(merge.cells(), (merge.top, merge.left))
    return found


def _row_texts(sheet: Sheet, row: int, covers: dict[tuple[int, int], tuple[int, int]]) -> dict[int, str]:
    texts = {c: tidy(str(cell.value)) for c, cell in sheet.rows.get(row, {}).items()}
    for (r, c), (top, left) in covers.items():
        if r == row and c not in texts and (text := sheet.text(top, left)):
            texts[c] = text
    return texts


def _bands(sheet: Sheet, rows: Sequence[int]) -> list[tuple[int, int]]:
    """Runs of one to three rows that may be a header: one of them names at least two known columns."""
    words, likely = header_words(), set()
    for r in rows:
        cells = sheet.rows[r].values()
        texts = [c.value for c in cells if isinstance(c.value, str) and len(c.value) <= 40]
        hits = sum(any(k in words for k in header_keys(t)) for t in texts)
        if hits >= 2 and hits >= 0.25 * len(cells):
            likely.add(r)
    bands = {
        (top, top + more) for r in likely for top in range(max(r - 2, 1), r + 1) for more in range(r - top, 3)
    }
    return sorted(b for b in bands if all(len(sheet.rows.get(r, {})) >= 2 for r in range(b[0], b[1] + 1)))


def _cut(sheet: Sheet, top: int, bottom: int) -> bool:
    """Whether a band of header rows cuts through a merge that begins in or above it."""
    merges = (m for m in sheet.merges if m.top < m.bottom)
    return any(m.top < top <= m.bottom or m.top <= bottom < m.bottom for m in merges)


def _paths(texts: dict[int, dict[int, str]]) -> dict[int, tuple[str, ...]]:
    """Header path of every column, parents first; a parent reaches over blanks to its right."""
    columns = sorted({c for row in texts.values() for c in row})
    paths, carried = {}, dict.fromkeys(texts, "")
    rows = sorted(texts)
    for c in columns:
        path: list[str] = []
        for r in rows:
            if text := texts[r].get(c, ""):
                carried |= {r: text, **{below: "" for below in rows if below > r}}
            elif r != rows[-1] and any(texts[below].get(c) for below in rows if below > r):
                text = carried[r]
            if text and (not path or squash(path[-1]) != squash(text)):
                path.append(text)
        if path:
            paths[c] = tuple(path)
    return paths


def _map(kind: Kind, paths: dict[int, tuple[str, ...]], *, contained: bool) -> dict[int, str]:
    found = {}
    for c, path in paths.items():
        if any(len(p) > 60 for p in path):
            continue
        hit = match(kind.layout, path, contained=contained)
        if hit.field:
            found[c] = hit.field
    places = {h: list(f) for h, f in kind.by_place.items()}
    for c, path in paths.items():
        waiting = places.get(header_keys(path[-1])[0])
        if waiting and c not in found:
            found[c] = waiting.pop(0)
    return found


def _columns(
    kind: Kind, paths: dict[int, tuple[str, ...]], found: dict[int, str], year: int | None
) -> dict[int, Column]:
    columns: dict[int, Column] = {}
    for c, path in paths.items():
        hit, doubt = match(kind.layout, path), ""
        if hit.field and hit.how == "containment":
            doubt = "containment"
        elif found.get(c) and not hit.field:
            doubt = "place"
        header = "/".join(" ".join(p.split()) for p in path)
        unit = next((u for part in reversed(path) if (u := header_unit(part))), "")
        columns[c] = Column(c, header, path, found.get(c), unit, doubt)
    for name in set(found.values()):
        same = [columns[c] for c in sorted(columns) if columns[c].field == name]
        if len(same) > 1:
            for column in _one_field_twice(same, year):
                columns[column.index] = column
    return columns


def _one_field_twice(same: list[Column], year: int | None) -> list[Column]:
    """Several columns mean one field: of several years the ledger's, of sure and unsure the sure, else the first."""
    years = {c.index: next((y for p in c.path if (y := header_year(p))), None) for c in same}
    sure = [c for c in same if not c.doubt]
    if year and sum(y == year for y in years.values()) == 1 and all(years.values()):
        doubt, unused = "other_year", [c for c in same if years[c.index] != year]
    elif len(sure) == 1:
        doubt, unused = "duplicate_header", [c for c in same if c.doubt]
    else:
        first = (sure or same)[0]
        doubt, unused = "duplicate_header", [c for c in same if c is not first]
        return [
            replace(first, meant=first.field, doubt=doubt),
            *(replace(c, field=None, meant=c.field, doubt=doubt) for c in unused),
        ]
    return [replace(c, field=None, meant=c.field, doubt=doubt) for c in unused]
