"""What is constant in the Word attachment: styles, fonts and page set-up, as WordprocessingML.

Fonts are named as offices have them (方正小标宋, 仿宋_GB2312 …), with the free names beside them:
an office that owns a font gets it, nothing is bundled.
"""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

__all__ = ["FONT_TABLE", "NAMESPACES", "SONG", "STYLES", "footer", "section", "watermark"]

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
NAMESPACES = (
    f'xmlns:w="{_W}" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture" '
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
)
_TITLE, _BODY, _KAI, _HEI, _SONG = "方正小标宋简体", "仿宋_GB2312", "楷体_GB2312", "黑体", "宋体"
_ALIASES = {
    _TITLE: "FZXiaoBiaoSong-B05S",
    _BODY: "FangSong",
    _KAI: "KaiTi",
    _HEI: "SimHei",
    _SONG: "SimSun",
}
FONT_TABLE = (
    f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:fonts xmlns:w="{_W}">'
    + "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{alias}"/><w:charset w:val="86"/></w:font>'
        for name, alias in _ALIASES.items()
    )
    + "</w:fonts>"
).encode()


SONG = (
    f'<w:rPr><w:rFonts w:hint="eastAsia" w:ascii="{_SONG}" w:hAnsi="{_SONG}" w:eastAsia="{_SONG}"/></w:rPr>'
)

_FRAME = "".join(
    ("<w:pBdr>", *(f'<w:{side} w:val="single" w:sz="4" w:space="5" w:color="000000"/>' for side in ("top", "left", "bottom", "right")), "</w:pBdr>")
)  # fmt: skip


def _style(
    style_id: str,
    name: str,
    font: str,
    size: float,
    line: float | None,
    *,
    indent: int = 0,
    align: str = "both",
    before: float = 0,
    after: float = 0,
    outline: int | None = None,
    grid: bool = False,
    keep: bool = False,
    framed: bool = False,
) -> str:
    """A paragraph style; ``line`` is its exact pitch in points, ``indent`` in characters.

    ``framed`` paragraphs that follow each other stand in one frame, as wide as the type area.
    """
    side = 110 if framed else 0
    spacing = f'w:before="{before * 20:.0f}" w:after="{after * 20:.0f}" '
    spacing += f'w:line="{line * 20:.0f}" w:lineRule="exact"' if line else 'w:line="240" w:lineRule="auto"'
    inside = [
        "<w:keepNext/>" if keep else "",
        "<w:widowControl/>",
        _FRAME if framed else "",
        '<w:overflowPunct w:val="0"/>',
        # in a narrow column 措施5 stays on one line: no space between Chinese and figures
        '<w:autoSpaceDE w:val="0"/><w:autoSpaceDN w:val="0"/>' if size < 10 else "",
        f'<w:snapToGrid w:val="{int(grid)}"/>',
        f"<w:spacing {spacing}/>",
        f'<w:ind w:left="{side}" w:right="{side}" w:firstLineChars="{indent * 100}" w:firstLine="{indent * size * 20:.0f}"/>',
        f'<w:jc w:val="{align}"/>',
        "" if outline is None else f'<w:outlineLvl w:val="{outline}"/>',
    ]
    default = (
        ' w:default="1"' if style_id == "Normal" else ' w:customStyle="1"' if style_id[:2] == "Pb" else ""
    )
    based = "" if style_id == "Normal" else '<w:basedOn w:val="Normal"/>'
    half = f"{size * 2:.0f}"
    latin = font if font in (_HEI, _SONG) and not style_id.startswith("PbHead") else "Times New Roman"
    # 28 characters of 16 pt on 156 mm; a character grid would do the same in Word alone
    squeeze = '<w:spacing w:val="-4"/>' if grid else ""
    return (
        f'<w:style {NAMESPACES} w:type="paragraph" w:styleId="{style_id}"{default}><w:name w:val="{name}"/>{based}'
        f"<w:qFormat/><w:pPr>{''.join(inside)}</w:pPr><w:rPr>"
        f'<w:rFonts w:hint="eastAsia" w:ascii="{latin}" w:hAnsi="{latin}" w:eastAsia="{font}" w:cs="Times New Roman"/>'
        f'<w:b w:val="0"/><w:bCs w:val="0"/><w:i w:val="0"/><w:color w:val="000000"/>{squeeze}<w:kern w:val="0"/>'
        f'<w:sz w:val="{half}"/><w:szCs w:val="{half}"/><w:lang w:val="en-US" w:eastAsia="zh-CN"/></w:rPr></w:style>'
    )


STYLES = (
    _style("Normal", "Normal", _BODY, 16, 28.95, grid=True),
    _style("PbBody", "公文正文", _BODY, 16, 28.95, indent=2, grid=True),
    _style("Title", "Title", _TITLE, 22, 28.95, align="center", before=28.95),
    _style("Subtitle", "Subtitle", _KAI, 16, 22, align="center"),
    _style("PbAbout", "摘要说明", _BODY, 10.5, 20, align="center"),
    _style("PbAttachment", "附件编号", _HEI, 16, 28.95, align="left"),
    _style("Heading1", "heading 1", _HEI, 16, 28.95, indent=2, outline=0, grid=True, keep=True),
    _style("Heading2", "heading 2", _KAI, 16, 28.95, indent=2, outline=1, grid=True, keep=True),
    _style("Heading3", "heading 3", _BODY, 16, 28.95, indent=2, outline=2, grid=True, keep=True),
    _style("Heading4", "heading 4", _BODY, 16, 28.95, indent=2, outline=3, grid=True, keep=True),
    _style("PbLabel", "摘要小标题", _HEI, 12, 18, align="left", outline=0, keep=True),
    _style("PbSentence", "摘要结论", _BODY, 11, 15.6),
    _style("PbLine", "摘要条目", _BODY, 10, 13.8),
    _style("PbAnnex", "附注正文", _BODY, 12, 20, indent=2),
    _style("PbCaption", "图表题注", _HEI, 12, 16, align="center", before=8, after=4, keep=True),
    _style("PbUnit", "单位", _BODY, 9, 12, align="right", after=2, keep=True),
    _style("PbNote", "图表注", _BODY, 9, 12, align="left"),
    _style("PbCell", "表格文字", _BODY, 9, 11, align="left"),
    _style("PbCellSmall", "表格小字", _BODY, 8, 10, align="left"),
    _style("PbCellTiny", "表格六号字", _BODY, 7.5, 9.5, align="left"),
    _style("PbHead", "表头", _HEI, 9, 11, align="center"),
    _style("PbHeadSmall", "表头小字", _HEI, 8, 10, align="center"),
    _style("PbHeadTiny", "表头六号字", _HEI, 7.5, 9.5, align="center"),
    _style("PbFigure", "图", _BODY, 9, None, align="center", before=6, keep=True),
    _style("PbBox", "框内文字", _BODY, 12, 18),
    _style("PbBoxTitle", "方框标题", _HEI, 12, 18, align="left", before=6, outline=0, keep=True, framed=True),
    _style("PbBoxed", "方框文字", _BODY, 12, 18, framed=True),
)


def section(start_page: int, references: str) -> str:
    """Page set-up of GB/T 9704: A4, 37/28/35/26 mm, 22 lines of 28 characters."""
    return (
        f"<w:sectPr {NAMESPACES}>{references}"
        '<w:pgSz w:w="11906" w:h="16838"/>'
        '<w:pgMar w:top="2098" w:right="1474" w:bottom="1984" w:left="1588" w:header="851" w:footer="1304" w:gutter="0"/>'
        f'<w:pgNumType w:start="{start_page}"/>'
        '<w:docGrid w:type="lines" w:linePitch="579"/></w:sectPr>'
    )


def footer(align: str) -> str:
    """— 1 —, one character in from the outer edge."""
    run = (
        f'<w:rPr><w:rFonts w:ascii="{_SONG}" w:hAnsi="{_SONG}" w:eastAsia="{_SONG}"/>'
        '<w:sz w:val="28"/><w:szCs w:val="28"/></w:rPr>'
    )
    field = "".join(
        f"<w:r>{run}{inside}</w:r>"
        for inside in (
            "<w:t>— </w:t>".replace("<w:t>", '<w:t xml:space="preserve">'),
            '<w:fldChar w:fldCharType="begin"/>',
            '<w:instrText xml:space="preserve"> PAGE </w:instrText>',
            '<w:fldChar w:fldCharType="separate"/>',
            "<w:t>1</w:t>",
            '<w:fldChar w:fldCharType="end"/>',
            '<w:t xml:space="preserve"> —</w:t>',
        )
    )
    side = "right" if align == "right" else "left"
    return (
        f'<w:p {NAMESPACES}><w:pPr><w:snapToGrid w:val="0"/><w:spacing w:line="240" w:lineRule="auto"/>'
        f'<w:ind w:{side}="280" w:firstLine="0"/><w:jc w:val="{align}"/></w:pPr>{field}</w:p>'
    )


def watermark(text: str, number: int) -> str:
    """A header paragraph that holds the watermark behind the page, or nothing."""
    shape = (
        f'<w:r><w:pict><v:shapetype id="_x0000_t136" coordsize="21600,21600" o:spt="136" adj="10800" '
        'path="m@7,l@8,m@5,21600l@6,21600e"><v:formulas><v:f eqn="sum #0 0 10800"/><v:f eqn="prod #0 2 1"/>'
        '<v:f eqn="sum 21600 0 @1"/><v:f eqn="sum 0 0 @2"/><v:f eqn="sum 21600 0 @3"/><v:f eqn="if @0 @3 0"/>'
        '<v:f eqn="if @0 21600 @1"/><v:f eqn="if @0 0 @2"/><v:f eqn="if @0 @4 21600"/><v:f eqn="mid @5 @6"/>'
        '<v:f eqn="mid @8 @5"/><v:f eqn="mid @7 @8"/><v:f eqn="mid @6 @7"/><v:f eqn="sum @6 0 @5"/></v:formulas>'
        '<v:path textpathok="t" o:connecttype="custom"/><v:textpath on="t" fitshape="t"/></v:shapetype>'
        f'<v:shape id="pbWaterMark{number}" o:spid="_x0000_s{2048 + number}" type="#_x0000_t136" alt={quoteattr(text)} '
        'style="position:absolute;margin-left:0;margin-top:0;width:300pt;height:120pt;rotation:315;z-index:-251658752;'
        "mso-position-horizontal:center;mso-position-horizontal-relative:margin;"
        'mso-position-vertical:center;mso-position-vertical-relative:margin" fillcolor="#f0f0f0" stroked="f">'
        f'<v:textpath style="font-family:&quot;{_HEI}&quot;;font-size:1pt" string={quoteattr(escape(text))}/>'
        "</v:shape></w:pict></w:r>"
    )
    return (
        f'<w:p {NAMESPACES}><w:pPr><w:snapToGrid w:val="0"/><w:spacing w:line="240" w:lineRule="auto"/></w:pPr>'
        f"{shape if text else ''}</w:p>"
    )
