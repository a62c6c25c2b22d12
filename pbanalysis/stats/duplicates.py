"""Copied texts: sets of minutes that say nearly the same, the common template left aside."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from typing import NamedTuple

__all__ = ["CopiedTexts", "copied_texts"]


class CopiedTexts(NamedTuple):
    """Indices of texts that are nearly the same, and the least similarity that links them."""

    members: tuple[int, ...]
    similarity: float


def copied_texts(
    texts: Sequence[str],
    groups: Sequence[Hashable] | None = None,
    *,
    templates: Sequence[str] = (),
    threshold: float = 0.8,
    template_share: float = 0.5,
    min_grams: int = 20,
) -> list[CopiedTexts]:
    """Find sets of nearly identical texts, what everybody's template says left aside.

    Parameters
    ----------
    texts : sequence of str
        Minutes; empty ones are skipped.
    groups : sequence, optional
        Organisation of each text; then only sets that span two or more are returned.
    templates : sequence of str
        Known template texts, removed first.
    threshold : float
        Least Jaccard similarity of the remaining character 3-grams.
    template_share : float
        3-grams in more than this share of at least ten texts count as template.
    min_grams : int
        Texts with fewer 3-grams of their own are skipped.

    Returns
    -------
    list of CopiedTexts
        Chains of similar texts are joined into one set; in order of the first member.

    Notes
    -----
    Digits, spaces and punctuation are ignored: a changed date does not make a text new. Assumes that
    independent writers do not share 80 % of their 3-grams. Broder (1997); all pairs above the
    threshold are found by prefix filtering (Bayardo, Ma & Srikant 2007).

    Examples
    --------
    >>> a = "会议传达了上级关于乡村振兴工作的重要部署并结合本村产业实际讨论了下一步安排"
    >>> b = "党员们围绕人居环境整治逐一发言，提出了清理河道、修缮道路等七条具体的意见建议"
    >>> copied_texts([a, b, a.replace("本村", "我村")], templates=["会议记录"])[0].members
    (0, 2)
    """
    if not 0 < threshold <= 1 or not 0 < template_share <= 1:
        raise ValueError("相似度阈值与模板比例应在 0 与 1 之间")
    if groups is not None and len(groups) != len(texts):
        raise ValueError(f"文本与组织数量不一致：{len(texts)}、{len(groups)}")
    grams = _own_grams(texts, templates, template_share)
    sets: dict[frozenset[str], list[int]] = defaultdict(list)
    for index, own in enumerate(grams):
        if len(own) >= min_grams:
            sets[own].append(index)
    distinct = list(sets)
    links = _similar(distinct, threshold)
    found = []
    for component, weakest in _components(len(distinct), links):
        members = tuple(sorted(index for c in component for index in sets[distinct[c]]))
        spans = len(members) if groups is None else len({groups[m] for m in members})
        if spans > 1:
            found.append(CopiedTexts(members, weakest))
    return sorted(found)


def _own_grams(texts: Sequence[str], templates: Sequence[str], share: float) -> list[frozenset[str]]:
    known = frozenset[str]().union(*(_grams(t) for t in templates))
    sets = [_grams(t) - known for t in texts]
    if len(texts) < 10:
        return sets
    frequency = Counter(g for s in sets for g in s)
    common = {g for g, n in frequency.items() if n > share * len(texts)}
    return [s - common for s in sets]


def _grams(text: str) -> frozenset[str]:
    letters = "".join(c for c in text if c.isalpha())
    return frozenset(letters[i : i + 3] for i in range(len(letters) - 2))


def _similar(sets: Sequence[frozenset[str]], threshold: float) -> list[tuple[int, int, float]]:
    """All pairs with Jaccard similarity ≥ threshold.

    Two such sets share one of their ⌊(1 − threshold)·size⌋ + 1 rarest grams, so only those are indexed.
    """
    frequency = Counter(g for s in sets for g in s)
    index: dict[str, list[int]] = defaultdict(list)
    pairs = []
    for i, own in enumerate(sets):
        rarest = sorted(own, key=lambda g: (frequency[g], g))[: int((1 - threshold) * len(own) + 1e-9) + 1]
        for j in {j for g in rarest for j in index[g]}:
            shared = len(own & sets[j])
            similarity = shared / (len(own) + len(sets[j]) - shared)
            if similarity >= threshold:
                pairs.append((j, i, similarity))
        for g in rarest:
            index[g].append(i)
    return pairs


def _components(size: int, links: Sequence[tuple[int, int, float]]) -> list[tuple[list[int], float]]:
    """Connected components with the weakest link used in each (1.0 where none was needed)."""
    root = list(range(size))

    def find(i: int) -> int:
        while root[i] != i:
            root[i] = i = root[root[i]]
        return i

    weakest = [1.0] * size
    for i, j, similarity in sorted(links, key=lambda link: -link[2]):
        a, b = find(i), find(j)
        if a != b:
            root[b] = a
            weakest[a] = min(weakest[a], weakest[b], similarity)
    members: dict[int, list[int]] = defaultdict(list)
    for i in range(size):
        members[find(i)].append(i)
    return [(component, weakest[r]) for r, component in members.items()]
