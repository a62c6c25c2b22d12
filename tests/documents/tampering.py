"""One digit changed in a delivered file, as somebody would who wants a better number."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from pypdf import PdfReader, PdfWriter
from pypdf.generic import ContentStream, NameObject

__all__ = ["parts_of_zip", "tamper", "write_zip"]

Changed = tuple[str, str]  # the text as it was, and as it is


def tamper(kind: str, path: Path, draw: random.Random) -> Changed:
    """Change one digit of a file that is of the kind of ``kind`` (a name of a delivered file)."""
    name = PurePosixPath(kind)
    return (_HOW.get(name.name) or _HOW[name.suffix])(path, draw)


def _digit(text: str, pattern: str, draw: random.Random) -> tuple[str, Changed]:
    """The text with a digit changed inside what ``pattern`` finds."""
    found = draw.choice([m for m in re.finditer(pattern, text) if re.search("[0-9]", m[1])])
    place = draw.choice([k for k in range(*found.span(1)) if text[k] in "0123456789"])
    digit = str((int(text[place]) + draw.randint(1, 9)) % 10)
    changed = text[:place] + digit + text[place + 1 :]
    return changed, (found[1], changed[slice(*found.span(1))])


def _text(pattern: str) -> Callable[[Path, random.Random], Changed]:
    def change(path: Path, draw: random.Random) -> Changed:
        text, changed = _digit(path.read_text(encoding="utf-8"), pattern, draw)
        path.write_text(text, encoding="utf-8")
        return changed

    return change


def _part(patterns: Mapping[str, str]) -> Callable[[Path, random.Random], Changed]:
    def change(path: Path, draw: random.Random) -> Changed:
        parts = parts_of_zip(path)
        member = draw.choice([name for name in patterns if name in parts])
        text, changed = _digit(parts[member].decode(), patterns[member], draw)
        write_zip(path, {**parts, member: text.encode()})
        return changed

    return change


def parts_of_zip(path: Path) -> dict[str, bytes]:
    """The members of an archive."""
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


def write_zip(path: Path, parts: Mapping[str, bytes]) -> None:
    """An archive of the members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in parts.items():
            package.writestr(name, data)


def _glyphs(font: Mapping[str, object]) -> dict[bytes, str]:
    """Digits of a font by their code, from its table for copying text."""
    cmap = font["/ToUnicode"].get_object().get_data().decode("latin-1")  # type: ignore[attr-defined]
    pairs = re.findall(r"<([0-9A-Fa-f]{4})>\s*<([0-9A-Fa-f]{4})>", cmap)
    return {bytes.fromhex(code): chr(int(char, 16)) for code, char in pairs if chr(int(char, 16)).isdigit()}


def _digits(writer: PdfWriter) -> Iterator[tuple[int, ContentStream, list[Any]]]:
    """Per page its drawing, and where in it stands a digit that another can stand in for."""
    for number, page in enumerate(writer.pages):
        fonts = {name: _glyphs(f.get_object()) for name, f in page["/Resources"]["/Font"].items()}  # type: ignore[index]
        content = ContentStream(page["/Contents"].get_object(), writer)  # type: ignore[union-attr]
        places, glyphs = [], {}
        for operands, operator in content.operations:
            if operator == b"Tf":
                glyphs = fonts[operands[0]]
            pieces = operands[0] if operator == b"TJ" else operands if operator == b"Tj" else []
            for k, piece in enumerate(pieces):
                data = getattr(piece, "original_bytes", b"")
                within = [at for at in range(0, len(data), 2) if data[at : at + 2] in glyphs]
                places += [(pieces, k, at, glyphs) for at in within if len(glyphs) > 1]
        yield number, content, places


def _pdf(path: Path, draw: random.Random) -> Changed:
    """Another digit's glyph in place of one; what stands around it is the line it is on."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(path.read_bytes())))
    number, content, places = draw.choice([found for found in _digits(writer) if found[2]])
    before = writer.pages[number].extract_text().splitlines()
    pieces, k, at, glyphs = draw.choice(places)
    data = pieces[k].original_bytes
    other = draw.choice([code for code in sorted(glyphs) if code != data[at : at + 2]])
    pieces[k] = type(pieces[k])(data[:at] + other + data[at + 2 :])
    writer.pages[number][NameObject("/Contents")] = writer._add_object(content)
    with path.open("wb") as file:
        writer.write(file)
    after = PdfReader(path).pages[number].extract_text().splitlines()
    return next((a, b) for a, b in zip(before, after) if a != b)


_HOW: Mapping[str, Callable[[Path, random.Random], Changed]] = {
    "index.html": _text(r">([^<>{}]*)<(?!/style|/script)"),
    "results.csv": _text(r"[,\n]([^,\n]*)(?=[,\n])"),
    "facts.json": _text(r'"(?:text|value|n|N|as_of|start_page|数据)": "?([^",\n]*)'),
    ".docx": _part({"word/document.xml": r"<w:t[^>]*>([^<]*)</w:t>"}),
    ".xlsx": _part(
        {
            "xl/sharedStrings.xml": r"<t[^>]*>([^<]*)</t>",
            "xl/worksheets/sheet1.xml": r'<c r="\w+" s="\d+"><v>([\d.]+)</v>',  # a number, not a text's number
        }
    ),
    ".pdf": _pdf,
    ".html": _text(r"<data[^>]*>([^<]*)</data>"),
    ".ipynb": _text(r'"t":\s*"([^"]*)"'),
}
