"""``facts.json``: every number printed in the reports, and the check that none is printed without.

A number of the frame (a date, a clause, an indicator's id, a heading's number) is no fact.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pbanalysis.errors import Code, PbError
from pbanalysis.exhibits.figures.caption import METHOD
from pbanalysis.plan.rules import rules
from pbanalysis.reports.documents.text import Block
from pbanalysis.reports.manifest import seal
from pbanalysis.themes.reading import FEW

if TYPE_CHECKING:
    from pbanalysis.reports.documents.document import Document

__all__ = ["as_json", "collect", "numbers_in", "orphans"]

_FIELDS = (
    "id",
    "indicator_id",
    "name",
    "value",
    "text",
    "n",
    "N",
    "state",
    "source_tables",
    "rows",
    "clause",
)
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?[%‰]?")
_FRAME = re.compile(
    "|".join(
        (
            r"\d{4}-\d{1,2}-\d{1,2}",  # dates of the frame and deadlines
            r"\d{4}\s*年(?:\s*\d{1,2}\s*月(?:\s*\d{1,2}\s*日)?)?",
            r"\d{1,2}\s*月\s*(?:\d{1,2}\s*日|底|末)",
            r"\d{4}H[12]",
            r"(?:措施|要求)\s*\d+(?:[、—-]\d+)*",  # clauses
            r"第\s*\d+\s*(?:条|款|项要求|页|版)",
            r"〔\d{4}〕\s*\d+\s*号",
            r"附件\s*\d+",
            r"[0-9a-f]{16,}",  # checksums
            r"[A-Za-z]+[-_.]?\d[A-Za-z0-9_.-]*",  # ids of indicators and items, names of files and versions
            r"—\s*\d+\s*—",  # page numbers
            r"^\s*(?:（\d+）|\d+[.、．](?!\d))",  # numbers of headings and items
        )
    ),
    re.MULTILINE,
)


def collect(blocks: Iterable[Block], document: Document | None = None) -> dict[str, Any]:
    """The content of ``facts.json`` (contract/cli.md).

    Parameters
    ----------
    blocks
        Blocks of a township's themes, or of the county's overview, in order.
    document
        The attachment made of them: its frame is kept beside the facts and sealed, so that ``verify``
        can set the attachment again and sees when the frame itself was edited.

    Raises
    ------
    PbError
        Two facts of one id say different things: such a report must not leave the house.

    Examples
    --------
    >>> fact = {"id": "R03.value", "text": "84%", "value": 0.84}
    >>> [f["id"] for f in collect([{"facts": [fact]}, {"facts": [fact]}])["facts"]]
    ['R03.value']
    """
    facts: dict[str, Mapping[str, Any]] = {}
    for block in blocks:
        for fact in block["facts"]:
            known = facts.setdefault(fact["id"], fact)
            if known != fact:
                raise PbError(
                    Code.NOTEBOOK_FAILED,
                    "同一个数在两处不一致",
                    where=str(fact["id"]),
                    got=f"{known['text']} 与 {fact['text']}",
                    fix="这是程序的错误，请告诉维护人员",
                )
    frame = {} if document is None else {"document": seal(document.frame)}
    # a notebook that was saved has its keys sorted: the order is ours
    every = (*facts.values(), *_of_rules(document.as_of if document else None))
    return {**frame, "facts": [{key: fact.get(key) for key in _FIELDS} for fact in every]}


def _of_rules(day: dt.date | None) -> Iterator[Mapping[str, Any]]:
    """Numbers of the method and the rules that stand in sentences, e.g. 「分母不足10，只列件数」."""
    if day is None:
        return
    largest = rules().on(day).rule("branch.most_members")
    said = (
        ("rule.few", "只列件数、不作比较的分母界限", FEW, str(FEW), METHOD),
        ("rule.range", "波动范围的把握程度", 0.95, "95%", METHOD),
        (
            "rule.branch.most_members",
            "党支部党员人数一般不超过",
            largest.value,
            f"{largest.value:g}",
            largest.source,
        ),
    )
    for fact_id, name, value, text, clause in said:
        given = {"id": fact_id, "name": name, "value": value, "text": text, "clause": clause}
        yield {**given, "state": "", "source_tables": []}


def as_json(content: Mapping[str, Any]) -> bytes:
    """The bytes of ``facts.json``."""
    return json.dumps(content, ensure_ascii=False, indent=1).encode("utf-8")


def numbers_in(text: str) -> list[str]:
    """Numbers of a text that are not of its frame, in order.

    >>> numbers_in("截至2023年12月31日，R03到期31项，已办结26项（83.9%），依据措施8。")
    ['31', '26', '83.9%']
    """
    return _NUMBER.findall(_FRAME.sub(" ", text))


def _ours(text: str, facts: Mapping[str, Any]) -> str:
    """The text without the township's statement: its words are its own, page furniture may stand in it."""
    words = "".join(facts.get("document", {}).get("statement", "").split())
    between = r"(?:\s|—\s*\d+\s*—|草稿|核实中)*"
    return re.sub(between.join(map(re.escape, words)), " ", text) if words else text


def orphans(text: str, facts: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> list[str]:
    """Numbers of a text that no fact says, each once.

    Parameters
    ----------
    text
        Running text of a report, of whatever format.
    facts
        The content of ``facts.json``, or its list. What stands in a township's statement is no fact of
        ours: as long as it stands word for word, its numbers are not looked for.

    Examples
    --------
    >>> orphans("已办结26项，占84%", [{"text": "26"}, {"text": "83.9%"}])
    ['84%']
    """
    if isinstance(facts, Mapping):
        return orphans(_ours(text, facts), facts["facts"])
    said = {number for fact in facts for number in _NUMBER.findall(fact["text"])}
    return list(dict.fromkeys(number for number in numbers_in(text) if number not in said))
