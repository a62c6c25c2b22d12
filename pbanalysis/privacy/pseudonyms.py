"""Pseudonyms: keyed BLAKE2 at the door, so that a person can be followed but never found.

A plain hash of an identity number is no pseudonym: the numbers can be counted through. The key stays in
a file outside every store and output; without it no person-level row is loaded.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pbanalysis.errors import Code, PbError

__all__ = ["Pseudonyms", "load_key", "mask", "valid_id_number"]

_PERSON = b"pbanalysis"
_KEY_BYTES = 32


@dataclass(frozen=True)
class Pseudonyms:
    """Makes pseudonyms under one key; the key never shows in ``repr``.

    Examples
    --------
    >>> p = Pseudonyms(bytes(32))
    >>> p.of_id("11010519491231002x") == p.of_id("１１０１０５１９４９１２３１００２X"), len(p.of_name("629901100", "甲支部", "某某"))
    (True, 22)
    """

    _key: bytes

    def __repr__(self) -> str:
        return f"Pseudonyms(key_id={self.key_id!r})"

    @property
    def key_id(self) -> str:
        """First six hex digits of the key's hash: says which key was used, not what it is."""
        return hashlib.sha256(self._key).hexdigest()[:6]

    def _make(self, prefix: str, text: str) -> str:
        shaped = unicodedata.normalize("NFKC", text)
        return (
            prefix
            + hashlib.blake2b(
                shaped.encode("utf-8"), key=self._key, person=_PERSON, digest_size=10
            ).hexdigest()
        )

    def of_id(self, id_number: str) -> str:
        """Pseudonym of a person by identity number."""
        return self._make("p-", "v1|id|" + unicodedata.normalize("NFKC", id_number).strip().upper())

    def of_name(self, township_id: str, organisation: str, name: str) -> str:
        """Weak pseudonym by name within a branch: homonyms collide, a changed name breaks it."""
        return self._make("w-", f"v1|nm|{township_id}|{organisation}|{''.join(name.split())}")


def load_key(path: Path, *, forbidden: Path | None = None) -> Pseudonyms:
    """Read the key file, or make one (mode 0600) where it is absent.

    Parameters
    ----------
    path
        Key file.
    forbidden
        Folder (the store) that must not hold the key.

    Raises
    ------
    PbError
        The key would lie in the store, cannot be written, or is no key.
    """
    path = Path(path)
    if forbidden is not None and path.resolve().is_relative_to(Path(forbidden).resolve()):
        raise PbError(
            Code.KEY_MISSING,
            "密钥不能放在数据仓里",
            where=path.name,
            fix="请把 --key-file 指到数据仓以外的位置",
        )
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(
                os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii"
            ) as file:
                file.write(secrets.token_hex(_KEY_BYTES) + "\n")
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeError) as error:
        raise PbError(
            Code.KEY_MISSING, "密钥文件读不出来或建不了", where=path.name, fix="请检查路径和权限"
        ) from error
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise PbError(
            Code.KEY_MISSING,
            "这不是密钥文件（应为 64 位十六进制数）",
            where=path.name,
            fix="请换一个路径，程序会自动生成新密钥",
        )
    return Pseudonyms(bytes.fromhex(text))


_ID = re.compile(r"(?<![\dA-Za-z])\d{17}[\dXx](?![\dA-Za-z])|(?<![\dA-Za-z-])\d{15}(?![\dA-Za-z])")
_PHONE = re.compile(r"(?<![\dA-Za-z_])(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?![\dA-Za-z_])")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def valid_id_number(text: str) -> bool:
    """Whether text holds something shaped like an identity number."""
    return bool(_ID.search(unicodedata.normalize("NFKC", text)))


@lru_cache(maxsize=256)
def _any_of(names: frozenset[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))))


@lru_cache(maxsize=65536)
def mask(text: str, names: frozenset[str] = frozenset()) -> str:
    """Text with identity numbers, mobile numbers, mail addresses and the given names replaced.

    Examples
    --------
    >>> mask("由张某某（13900000000）负责", frozenset({"张某某"}))
    '由〔姓名〕（〔电话〕）负责'
    """
    shaped = text
    if not text.isascii() and any("０" <= c <= "９" or c in "Ｘｘ" for c in text):
        shaped = "".join(unicodedata.normalize("NFKC", c) if "０" <= c <= "ｚ" else c for c in text)
    found = _MAIL.sub("〔邮箱〕", _PHONE.sub("〔电话〕", _ID.sub("〔证件号〕", shaped)))
    if names:
        found = _any_of(names).sub("〔姓名〕", found)
    return text if found == shaped else found
