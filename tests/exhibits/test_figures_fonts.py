"""Fonts: the order in which they are found, what they can print, and that a character is named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pbanalysis.errors import Code, PbError
from pbanalysis.exhibits import fonts as module
from pbanalysis.exhibits.fonts import GETA, font_paths, fonts, missing_glyphs, printable, use_fonts


@pytest.fixture(autouse=True)
def no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests start without a configured folder."""
    monkeypatch.delenv("PBANALYSIS_FONTS", raising=False)


def test_the_package_is_found_without_any_setting() -> None:
    """黑体 and 宋体 come from the font package, and Typst is told its folder."""
    found = fonts()
    assert found.origin == "package"
    assert (found.sans.exists(), found.serif.exists()) == (True, True)
    assert font_paths() == [str(found.sans.parent)]


def test_a_configured_folder_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with fonts wins over the package; one with only 黑体 gives it for both faces."""
    shutil.copy(fonts().sans, tmp_path / "MyHei-Regular.otf")
    monkeypatch.setenv("PBANALYSIS_FONTS", str(tmp_path))
    found = fonts()
    assert found.origin == "folder"
    assert found.sans == found.serif == tmp_path / "MyHei-Regular.otf"


def test_a_configured_folder_without_fonts_is_said(tmp_path: Path) -> None:
    """A wrong setting is an error that names it, not a silent fall-back."""
    with pytest.raises(PbError, match="PBANALYSIS_FONTS") as error:
        fonts(str(tmp_path / "none"))
    assert error.value.code is Code.ENGINE_MISSING


def test_system_fonts_are_the_last_resort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package the system's Noto CJK is used; without that the error says what to do."""
    (tmp_path / "noto").mkdir()
    names = ["NotoSansCJK-Bold.ttc", "NotoSansCJK-Regular.ttc", "NotoSerifCJK-Regular.ttc", "DejaVuSans.ttf"]
    for name in names:
        (tmp_path / "noto" / name).touch()
    monkeypatch.setattr(module, "PACKAGE", "no_such_package")
    monkeypatch.setattr(module, "_SYSTEM", (str(tmp_path),))
    module._resolve.cache_clear()
    try:
        found = fonts()
        assert (found.origin, found.sans.name, found.serif.name) == ("system", names[1], names[2])
        monkeypatch.setattr(module, "_SYSTEM", ())
        module._resolve.cache_clear()
        with pytest.raises(PbError, match="pylopdf-fonts-zh-cn") as error:
            fonts()
        assert error.value.code is Code.ENGINE_MISSING
    finally:
        module._resolve.cache_clear()


def test_rare_village_characters_print() -> None:
    """堃 䶮 镕, the true minus sign and every mark the reports use are in both fonts."""
    from pbanalysis.exhibits.style import STATE_MARKS, VS_COUNTY_MARKS

    marks = "".join((*STATE_MARKS.values(), *VS_COUNTY_MARKS.values()))
    for face in ("sans", "serif"):
        assert missing_glyphs(f"堃䶮镕 −5℃ ①⑳〇﹪≥≤→…—{marks}", face) == []


def test_a_missing_character_is_named_and_printed_as_geta() -> None:
    """A character the font lacks is named with its code point, once, and never becomes a box."""
    assert missing_glyphs("上𠮷村𠮷\n") == ["𠮷（U+20BB7）"]
    assert printable("上𠮷村") == f"上{GETA}村"
    assert missing_glyphs(GETA) == []


def test_a_font_is_added_once() -> None:
    """Asking for the family again neither loads nor lists the font again."""
    from matplotlib import font_manager

    name = use_fonts()
    before = len(font_manager.fontManager.ttflist)
    assert use_fonts() == name == "Noto Sans SC"
    assert use_fonts("serif") == "Noto Serif SC"
    assert use_fonts("serif") == "Noto Serif SC"
    assert len(font_manager.fontManager.ttflist) <= before + 1
