"""Chinese fonts without root: configured folder → font package → system Noto CJK → clear error.

黑体 is Noto Sans SC, 宋体 is Noto Serif SC, wherever they come from. A proprietary font is never
loaded by itself; an office that owns one names its folder in ``PBANALYSIS_FONTS``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from pbanalysis.errors import Code, PbError

__all__ = ["GETA", "Fonts", "font_paths", "fonts", "missing_glyphs", "printable", "use_fonts"]

ENVIRONMENT = "PBANALYSIS_FONTS"
PACKAGE = "pylopdf_fonts_zh_cn"
GETA = "〓"  # what printers set for a character they do not have
Face = Literal["sans", "serif"]

# marks in file names, strongest first; the first pair also decides what "system Noto CJK" is
_NOTO = {
    "sans": ("notosanssc", "notosanscjksc", "notosanscjk", "sourcehansanssc", "sourcehansans"),
    "serif": ("notoserifsc", "notoserifcjksc", "notoserifcjk", "sourcehanserifsc", "sourcehanserif"),
}
_ANY = {
    "sans": (*_NOTO["sans"], "sans", "hei", "黑", "gothic"),
    "serif": (*_NOTO["serif"], "serif", "song", "sun", "宋", "ming"),
}
_SYSTEM = (
    "~/.local/share/fonts",
    "~/.fonts",
    "~/Library/Fonts",
    "~/AppData/Local/Microsoft/Windows/Fonts",
    "/usr/local/share/fonts",
    "/usr/share/fonts",
    "/Library/Fonts",
    "C:/Windows/Fonts",
)


@dataclass(frozen=True, slots=True)
class Fonts:
    """Font files in use, and where they were found (``folder``, ``package`` or ``system``)."""

    sans: Path
    serif: Path
    origin: str


def fonts(folder: str | None = None) -> Fonts:
    """The fonts to draw and set with.

    Parameters
    ----------
    folder
        Folder with a 黑体 and a 宋体 file; ``None`` reads ``PBANALYSIS_FONTS``.

    Raises
    ------
    PbError
        ``ENGINE_MISSING`` when no Chinese font is found, or when a folder is configured and holds
        none: a wrong setting is said, not passed over.
    """
    return _resolve(folder if folder is not None else os.environ.get(ENVIRONMENT, ""))


@cache
def _resolve(folder: str) -> Fonts:
    if folder:
        files = sorted(_font_files(Path(folder).expanduser()))
        sans, serif = _pick(files, _ANY["sans"], exclude="serif"), _pick(files, _ANY["serif"])
        if sans is None and serif is None:
            raise PbError(
                Code.ENGINE_MISSING,
                "字体目录中没有中文字体文件",
                where=ENVIRONMENT,
                got=folder,
                fix="请在该目录放入黑体和宋体（.otf/.ttf/.ttc），或清除该环境变量以使用随包字体",
            )
        return Fonts(sans or serif or Path(), serif or sans or Path(), "folder")
    if find_spec(PACKAGE) is not None:
        package = import_module(PACKAGE)
        return Fonts(package.sans_path(), package.serif_path(), "package")
    files = sorted(file for place in _SYSTEM for file in _font_files(Path(place).expanduser()))
    sans, serif = _pick(files, _NOTO["sans"]), _pick(files, _NOTO["serif"])
    if sans is None:
        raise PbError(
            Code.ENGINE_MISSING,
            "找不到可用的中文字体",
            where="字体",
            fix=f"请安装 Python 包 pylopdf-fonts-zh-cn，或把含中文字体的目录写入环境变量 {ENVIRONMENT}",
        )
    return Fonts(sans, serif or sans, "system")


def _font_files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (file for file in folder.rglob("*") if file.suffix.lower() in {".otf", ".ttf", ".ttc"})


def _pick(files: Iterable[Path], marks: Iterable[str], exclude: str = "\0") -> Path | None:
    """The first file whose name bears the strongest mark, the regular weight preferred."""
    names = [(file, file.stem.lower().replace("-", "").replace("_", "").replace(" ", "")) for file in files]
    for mark in marks:
        found = [(file, name) for file, name in names if mark in name and exclude not in name]
        if found:
            return next((file for file, name in found if "regular" in name), found[0][0])
    return None


def font_paths(folder: str | None = None) -> list[str]:
    """Folders to hand to Typst as ``font_paths`` (with ``ignore_system_fonts=True``)."""
    found = fonts(folder)
    return list(dict.fromkeys(str(path.parent) for path in (found.sans, found.serif)))


def use_fonts(face: Face = "sans", folder: str | None = None) -> str:
    """Make a font known to matplotlib, once per process, and return its family name.

    Nothing else of matplotlib changes: no backend is chosen, no default is set.
    """
    found = fonts(folder)
    return _added(found.sans if face == "sans" else found.serif)


@cache
def _added(path: Path) -> str:
    from matplotlib import font_manager

    manager = font_manager.fontManager
    manager.addfont(path)
    names = [entry.name for entry in manager.ttflist if Path(entry.fname) == path]
    return next((name for name in names if name.endswith("SC")), names[0])  # a collection holds JP first


@cache
def _characters(path: Path) -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(path).get_charmap())


def missing_glyphs(text: str, face: Face = "sans", folder: str | None = None) -> list[str]:
    """Characters of the text that the font cannot print, each named with its code point.

    Examples
    --------
    >>> missing_glyphs("堃䶮镕 −5 ℃")
    []
    >>> missing_glyphs("𠮷")
    ['𠮷（U+20BB7）']
    """
    found = fonts(folder)
    known = _characters(found.sans if face == "sans" else found.serif)
    lost = dict.fromkeys(ch for ch in text if ord(ch) not in known and ch.isprintable())
    return [f"{ch}（U+{ord(ch):04X}）" for ch in lost]


def printable(text: str, face: Face = "sans", folder: str | None = None) -> str:
    """The text with 〓 for each character that the font does not have, so that no box is drawn."""
    found = fonts(folder)
    known = _characters(found.sans if face == "sans" else found.serif)
    if known.issuperset(map(ord, text)):
        return text
    return "".join(ch if ord(ch) in known or not ch.isprintable() else GETA for ch in text)
