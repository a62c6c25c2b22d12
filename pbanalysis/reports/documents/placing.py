"""Where figures stand: between blocks, so that no page is left with an empty foot.

A figure is not broken. Where it does not fit, text that follows may fill the page before it, or it stands
a little earlier, or it is set a little smaller. The pages are reckoned beforehand (``heights``), and the order
that leaves the least white is chosen. What is reckoned may be a line or two off, so that each order is laid
out three times: as reckoned, a little shorter, a little longer. No figure leaves its section, and a tall one,
which takes most of a page, not its chapter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from pbanalysis.reports.documents.heights import MM, PAGE, Piece, pieces
from pbanalysis.reports.documents.text import Block, Engine, figure_size, is_tall

__all__ = ["placed"]

_FACTORS = (0.95, 0.975, 1.0, 1.01, 1.025)  # of what is reckoned, pictures apart
_MOVED, _EARLY, _TALL_MOVED = 1.0, 0.5, 0.3  # what a block passed, a look ahead costs
_SIZES: Mapping[float, float] = {
    1.0: 0.0,
    0.96: 0.2,
    0.92: 0.4,
    0.88: 0.7,
    0.85: 1.0,
}  # of a figure, and what they cost
_LITTLE, _MUCH = 0.05, 0.13  # of a page: a line or two are always left; what a reader sees
_MARGIN = 16.0  # what the engines' breaks may differ by
_KEPT = 24  # orders followed up at each step


@dataclass(frozen=True, slots=True)
class _Set:
    """A block as it is set."""

    block: Block
    pieces: tuple[Piece, ...]
    cost: float = 0.0  # of a figure that is set smaller

    @property
    def is_heading(self) -> bool:
        return bool(self.block["type"] == "heading")

    @property
    def is_figure(self) -> bool:
        return bool(self.block["type"] == "figure")


_Used: TypeAlias = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Laid:
    """An order so far: what of the page is used by each reckoning, headings that wait, what it costs."""

    used: _Used = (0.0,) * len(_FACTORS)
    waiting: float = 0.0
    cost: float = 0.0
    order: tuple[Block, ...] = ()

    def then(self, item: _Set, moved: float = 0.0) -> _Laid:
        """The order with one more block, broken over pages where it must be."""
        order = (*self.order, item.block)
        if item.is_heading:
            return replace(self, waiting=self.waiting + item.pieces[0].height, order=order)
        cost, used = self.cost + item.cost + moved, []
        for at, factor in zip(self.used, _FACTORS):
            more, at = _set_down(at, item, self.waiting, factor)
            cost += more / len(_FACTORS)
            used.append(at)
        return _Laid(tuple(used), 0.0, cost, order)


def _set_down(used: float, item: _Set, waiting: float, factor: float) -> tuple[float, float]:
    """What the white costs that a block leaves behind, and what of its last page is used."""
    cost, page = 0.0, PAGE
    if item.is_figure:
        factor, page = 1.0, page - _MARGIN
    for piece in item.pieces:
        height = piece.height * factor + waiting
        waiting = 0.0
        if used and used + height - piece.empty > page:
            cost += _cost_of_white(1 - used / PAGE)
            used = piece.again
        used += height
    return cost, used


def _cost_of_white(share: float) -> float:
    return 250.0 * max(0.0, share - _LITTLE) ** 2 + 2000.0 * max(0.0, share - _MUCH) ** 2


def placed(blocks: Sequence[Block], engine: Engine) -> list[Block]:
    """The blocks in the order in which the pages fill best.

    The first block begins a page.
    """
    texts, figures, tall = _sorted(blocks, engine)
    best = {(0, 0): [_Laid()]}
    for i in range(len(texts) + 1):
        then: dict[tuple[int, int], list[_Laid]] = {}
        for j in range(len(figures) + 1):
            for k in range(len(tall) + 1):
                here = best.get((j, k), [])
                if j and figures[j - 1].may_stand(i):
                    here = [*here, *figures[j - 1].after(then.get((j - 1, k), []), i)]
                if k and tall[k - 1].may_stand(i):
                    here = [*here, *tall[k - 1].after(then.get((j, k - 1), []), i)]
                if here:
                    then[j, k] = _fittest(here)
        best = then
        if i < len(texts):
            late = {(j, k) for j, k in then if any(f.last == i for f in (*figures[j:], *tall[k:]))}
            best = {key: [at.then(texts[i]) for at in laid] for key, laid in then.items() if key not in late}
    return list(min(best[len(figures), len(tall)], key=lambda at: at.cost).order)


@dataclass(frozen=True, slots=True)
class _Figure:
    """A figure, with the places (how many texts stand before it) where it may stand."""

    sizes: tuple[_Set, ...]
    home: int
    places: frozenset[int]
    moved: float

    @property
    def last(self) -> int:
        return max(self.places)

    def may_stand(self, place: int) -> bool:
        return place in self.places

    def after(self, laid: Sequence[_Laid], place: int) -> Iterator[_Laid]:
        """The orders with the figure set down here, as large as it may be and a little smaller."""
        off = place - self.home  # texts passed, or looked ahead
        moved = self.moved * (abs(off) + _EARLY * max(0, -off))
        return (at.then(size, moved) for size in self.sizes for at in laid)


def _sorted(blocks: Sequence[Block], engine: Engine) -> tuple[list[_Set], list[_Figure], list[_Figure]]:
    """The texts, the figures and the tall figures, each in their order."""
    texts = [_Set(block, pieces(block, engine)) for block in blocks if block["type"] != "figure"]
    figures: list[_Figure] = []
    tall: list[_Figure] = []
    home = 0
    for block in blocks:
        if block["type"] != "figure":
            home += 1
            continue
        high = is_tall(block)
        (tall if high else figures).append(
            _Figure(
                tuple(_sizes(block, engine)),
                home,
                frozenset(_places(texts, home, 1 if high else 9)),
                _TALL_MOVED if high else _MOVED,
            )
        )
    return texts, figures, tall


def _places(texts: Sequence[_Set], home: int, level: int) -> Iterator[int]:
    """Places of a figure: in its section, up to a heading of the level; not below the heading of another."""
    begin = next((k for k in range(home, 0, -1) if texts[k - 1].is_heading), 0)
    for place in range(begin, len(texts) + 1):
        if place == begin or not texts[place - 1].is_heading:
            yield place
        if place < len(texts) and texts[place].is_heading and texts[place].block["level"] <= level:
            return


def _sizes(block: Block, engine: Engine) -> Iterator[_Set]:
    """The figure as large as it may be, and a little smaller."""
    (whole,) = pieces(block, engine)
    picture = figure_size(block)[1] * MM
    for scale, cost in _SIZES.items():
        smaller = block if scale == 1.0 else {**block, "scale": scale}
        yield _Set(smaller, (whole._replace(height=whole.height - (1 - scale) * picture),), cost)


def _fittest(laid: Sequence[_Laid]) -> list[_Laid]:
    """The cheapest order for each place on the page, and of these the best."""
    by_place: dict[_Used, _Laid] = {}
    for at in sorted(laid, key=lambda at: at.cost):
        by_place.setdefault(tuple(round(used / 6) for used in at.used), at)
    return list(by_place.values())[:_KEPT]
