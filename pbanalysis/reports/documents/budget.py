"""The length of an attachment: a summary of one page, a body of at most 4,000 characters."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pbanalysis.reports.documents.summary import PAGE, height, title_height
from pbanalysis.reports.documents.text import Block, plain, prose

if TYPE_CHECKING:
    from pbanalysis.reports.documents.document import Document

__all__ = ["BODY_MOST", "Budget", "Cut", "budget"]

BODY_MOST = 4000
_SENTENCE_LEAST = 40
# what is cut first: background before findings, findings before what is owed
_KEPT = {"gaps": 3, "limits": 2, "previous": 2, "onsite": 2, "finding": 1}


@dataclass(frozen=True, slots=True)
class Cut:
    """A text to shorten: its block, the heading it stands under, its length and by how much."""

    block_id: str
    place: str
    chars: int
    by: int

    def __str__(self) -> str:
        return f"{self.place}（{self.block_id or '无编号'}）：现{self.chars}字，建议减少{self.by}字"


@dataclass(frozen=True, slots=True)
class Budget:
    """What is used of the two limits, and what to cut where one is passed."""

    summary_points: float
    body_chars: int
    body_most: int
    cuts: tuple[Cut, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing has to be cut."""
        return not self.cuts

    def lines(self) -> list[str]:
        """One line per text to cut."""
        return [str(cut) for cut in self.cuts]


def budget(doc: Document, *, body_most: int = BODY_MOST) -> Budget:
    """Measure a document against its limits.

    The body's characters are those of its headings, paragraphs, lists and boxes, white space left
    out; tables and captions are not running text. The cuts named for the body add up to what is
    too much.
    """
    points = title_height(len(doc.title)) + sum(map(height, doc.summary))
    placed = list(_placed(doc.body))
    chars = sum(count for _, _, count in placed)
    cuts = [*_summary_cuts(doc, points), *_body_cuts(placed, chars - body_most)]
    return Budget(points, chars, body_most, tuple(cuts))


def _count(text: str) -> int:
    return len("".join(text.split()))


def _placed(blocks: Sequence[Block]) -> Iterator[tuple[Block, str, int]]:
    place = ""
    for block in blocks:
        if block["type"] == "heading":
            place = block["text"]
        yield block, place, _count(prose(block))


def _summary_cuts(doc: Document, points: float) -> Iterator[Cut]:
    """The longest lines of page 1 first, until as many characters are named as are too many."""
    excess = math.ceil((points - PAGE) / 18.0) * 36  # lines of the three sentences, in characters
    items = [(_count(plain(item)), block) for block in doc.summary for item in block.get("items", ())]
    for chars, block in sorted(items, key=lambda at: -at[0]):
        by = min(excess, max(0, chars - _SENTENCE_LEAST))
        if by <= 0:
            return
        yield Cut(block["id"], f"首页“{block['title']}”", chars, by)
        excess -= by


def _body_cuts(placed: Sequence[tuple[Block, str, int]], excess: int) -> Iterator[Cut]:
    texts = [
        (block, place, count) for block, place, count in placed if block["id"] and block["type"] != "heading"
    ]
    for block, place, count in sorted(texts, key=lambda at: (_KEPT.get(at[0]["role"], 0), -at[2])):
        if excess <= 0:
            return
        by = min(excess, count)
        if by:
            yield Cut(block["id"], place, count, by)
            excess -= by
