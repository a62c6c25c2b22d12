"""Sample blocks as the notebooks make them: a small, a middle and a large township; fictional."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat

from pbanalysis import __version__
from pbanalysis.exhibits.blocks import (
    Block,
    Box,
    Cell,
    Column,
    Fact,
    Figure,
    ListBlock,
    Paragraph,
    Row,
    Table,
    blocks_of,
)
from pbanalysis.reports.batch.incremental import document_inputs, report_inputs
from pbanalysis.reports.batch.tools import standard
from pbanalysis.reports.documents import attachments
from pbanalysis.reports.documents.html import render_html
from pbanalysis.reports.files import sha256, write_whole
from pbanalysis.reports.kernel.execute import to_bytes
from pbanalysis.reports.manifest import COUNTY_FILES, Entry, seal
from pbanalysis.reports.versions import code_digest, libraries
from pbanalysis.terms import REPORTS, STATES, THEMES

PACKAGE = f"{__version__}+{code_digest()}"
SETTING = {"status": "draft", "start_page": 1, "attachment_no": 1}

THEME_KEYS = ("study", "development", "rectification")
LETTER = {"study": "S", "development": "D", "rectification": "R"}
NAMES = {
    "study": ("三会一课按期开展率", "各项制度全部落实的支部比例", "主题党日按期开展率", "到会率", "第一议题落实率", "重要文件学习用时", "党员学时达标率", "书记学时达标率", "党务业务培训", "观摩互学", "跟班学习", "组织生活会和民主评议", "纪实台账完整率", "建议核实的会议记录", "抽测合格率", "学习增益"),
    "development": ("发展党员计划完成率", "培养期满一年", "公示期符合规定", "政审联审完成率", "集中培训学时达标", "预审后一个月内召开支部大会", "审批三个月内完成", "档案抽查比例", "档案抽查问题", "按期转正率", "两新组织发展党员", "三十五岁以下比例", "大专以上学历比例", "入党后跟踪考察"),
    "rectification": ("整改台账报送", "到期问题办结率", "按期办结率", "过半办结所需天数", "超期未办结问题", "重新打开的问题", "责任人明确率", "措施明确率", "销号经县级验收", "软弱涣散组织整顿", "换届按期完成率", "应换届组织提醒", "超五十人支部整改", "督办回复率", "年度评议等次覆盖", "形成制度文件"),
}  # fmt: skip


def number(fact_id: str, text: str, value: float, **about: Any) -> Fact:
    """A fact of one number."""
    return Fact(
        id=fact_id,
        text=text,
        value=value,
        indicator_id=fact_id.removeprefix("county.").split(".")[0],
        **about,
    )


def bars(seed: int, width: float = 150.0, height: float = 70.0) -> str:
    """A small drawing with hairlines, so that a blurry picture shows."""
    draw = random.Random(seed)
    body = "".join(
        f'<rect x="{10 + 9 * k}" y="{70 - (h := draw.randint(5, 60))}" width="6" height="{h}" fill="#808080"/>'
        for k in range(15)
    )
    grid = "".join(f'<path d="M8 {y}H148" stroke="#bdbdbd" stroke-width=".2"/>' for y in range(10, 71, 10))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" viewBox="0 0 156 74">'
        f"{grid}{body}</svg>"
    )


def scorecard(theme: str, township: str, draw: random.Random, branches: int) -> Table:
    """A theme's indicator table, with every state in it."""
    rows = [Row(("有目标，作评价",), kind="group")]
    for k, name in enumerate(NAMES[theme], start=1):
        fid = f"{LETTER[theme]}{k:02d}"
        whole = branches * draw.choice((1, 4, 12))
        part = whole - draw.choice((0, 0, 1, max(1, whole // 7)))
        share = part / whole
        state = draw.choice(("met", "not_met", "not_met", "not_due", "unknown", "info", "na", "suppressed"))
        if k == 5:
            rows.append(Row(("无目标或按规定只作背景，不作评价",), kind="group"))
        if state in ("unknown", "na", "not_due", "suppressed"):
            cells: tuple[Any, ...] = (
                "—",
                "—",
                "—",
                Cell((number(f"{fid}.target", "100%", 1.0), "（推定）")),
                "—",
                "—",
            )
        else:
            judged = state if part < whole or state == "info" else "met"
            state = judged
            of = {"n": part, "N": whole, "state": state, "source_tables": ("meetings", "organisations")}
            cells = (
                Cell((number(f"{fid}.numerator", str(part), part, **of), "/", number(f"{fid}.denominator", str(whole), whole, **of), "；另未到期 ", number(f"{fid}.n_not_due", "3", 3, **of))),
                number(f"{fid}.value", f"{share:.1%}", share, **of),
                Cell((number(f"{fid}.ci_low", f"{max(0, share - .07):.1%}", share - 0.07, **of), "—", number(f"{fid}.ci_high", f"{min(1, share + .05):.1%}", share + 0.05, **of))),
                Cell((number(f"{fid}.target", "100%", 1.0), "（推定）")),
                "？ 达标与否尚不能确定",
                Cell(("○ 无显著差异（全县 ", number(f"county.{fid}.value", "91.2%", 0.912), "）")),
            )  # fmt: skip
        rows.append(Row((f"{fid} {name}", *cells, Cell(STATES[state], state=state), f"措施{k % 13 + 1}")))
    return Table(
        id=f"{theme}.scorecard",
        role="scorecard",
        title=f"{township}2023年度{THEMES[theme]}指标一览",
        columns=(
            Column(key="name", title="指标", width=2.3),
            Column(key="fraction", title="分子/分母", align="right", width=1.5),
            Column(key="value", title="数值", align="right", width=1.05),
            Column(key="range", title="波动范围", align="right", width=1.35),
            Column(key="target", title="目标", align="right", width=1.0),
            Column(key="stands", title="与目标比", width=1.45),
            Column(key="county", title="与全县比", width=1.9),
            Column(key="state", title="状态", width=1.25),
            Column(key="clause", title="依据", width=0.85),
        ),
        rows=tuple(rows),
        unit="按各行",
        source="三会一课台账、党组织名册",
        notes=("波动范围反映偶然波动，不是抽样误差。",),
    )


def theme_notebook(
    theme: str, township: str, branches: int, seed: int, *, long: bool = False
) -> dict[str, Any]:
    """What a theme's notebook shows."""
    draw = random.Random(seed)
    letter = LETTER[theme]
    count = number(f"{theme}.branches_n", str(branches), branches)
    short = number(f"{theme}.short_n", "2", 2)
    card = scorecard(theme, township, draw, branches)
    sentence = (
        "应评价的指标中，有 ",
        short,
        " 项未达标，其余达标或尚未到期；涉及 ",
        count,
        " 个党支部，与全县水平相比没有显著差异。",
    )
    blocks: list[Block] = [
        Paragraph(id=f"{theme}.about", role="about", text="本报告按行动方案编制。"),
        Paragraph(id=f"{theme}.headline", role="headline", text=sentence),
        Box(id=f"{theme}.limits", role="limits", title="不能由本报告得出的结论", items=("会议次数多不等于学习质量高。", "样本过小的指标不作比较。")),
        card,
        ListBlock(id=f"{theme}.finding", role="finding", items=(("全镇 ", count, " 个党支部中，多数按期开展组织生活。"), ("有 ", short, " 个支部需要重点帮带，差距按件数列出。"))),
        *(
            Figure(
                id=f"{theme}.figure{k}",
                role="finding",
                title=(f"{township}多数支部按期开展，", short, "个支部缺口较大"),
                alt=("柱形图：", count, "个支部的完成情况，其中", short, "个支部缺口较大。"),
                unit="次",
                source="三会一课台账",
                n=("支部 ", count, " 个"),
                size=(156.0, 74.0),
                svg=bars(seed + k),
            )
            for k in range(1, 5)
        ),
        branch_table(theme, township, branches if not long else 60, draw),
        Table(
            id=f"{theme}.gaps",
            role="gaps",
            title="未达标事项与还差的数量",
            columns=(Column(key="name", title="事项", width=2.2), Column(key="gap", title="差距", align="right"), Column(key="due", title="期限"), Column(key="responsible", title="责任主体", width=1.6)),
            rows=(Row((f"{letter}01 {NAMES[theme][0]}", Cell(("还差", short, "次")), "2023-12-31", "乡镇党委")),),
            unit="按各行",
            source="三会一课台账",
        ),
        Table(
            id=f"{theme}.previous",
            role="previous",
            title="上期未达标事项的现状",
            columns=(Column(key="name", title="事项", width=2.4), Column(key="now", title="本期", align="right"), Column(key="state", title="现在状态")),
            rows=(Row((f"{letter}02 {NAMES[theme][1]}", Cell((number(f"{letter}02.previous_numerator", "7", 7), "/", number(f"{letter}02.previous_denominator", "9", 9))), Cell("未达标", state="not_met"))),),
            unit="按各行",
            source="上期报告",
        ),
        ListBlock(id=f"{theme}.onsite", role="onsite", items=(f"{township}石门村党支部：补记会议的原始记录", "兴隆村党支部：两次会议内容相近，建议核实", "堃河村、䶮山村：台账与档案是否一致（镕炉社区同查）")),
        Table(
            id=f"{theme}.definitions",
            role="definitions",
            title="指标口径",
            columns=(Column(key="name", title="指标", width=1.7), Column(key="formula", title="怎么算", width=3.2), Column(key="basis", title="方案原文", width=2.4), Column(key="caveats", title="说明", width=2.4)),
            rows=tuple(Row((f"{letter}{k:02d} {name}", "符合条件的次数 ÷ 应开展的次数，按支部和时段累计", f"措施{k % 13 + 1}：“提高‘三会一课’、主题党日质量”", "未到期、不适用、缺失的不计入分母")) for k, name in enumerate(NAMES[theme], 1)),
            unit="按各行",
            source="指标登记表",
        ),
        Paragraph(id="provenance", role="provenance", text="数据由各乡镇台账导入，截至截止日。"),
    ]  # fmt: skip
    if long:
        text = "该镇各党支部在组织生活、学习教育、问题整改等方面的情况，已经逐项核对台账和原始记录，具体情况见各表。"
        blocks.insert(5, Paragraph(id=f"{theme}.long", role="finding", text=text * 40))
    return notebook_of(blocks)


def branch_table(theme: str, township: str, rows: int, draw: random.Random) -> Table:
    """One row a branch."""
    villages = ("石门", "兴隆", "柳林", "北塬", "太平", "白杨", "马家河回族", "高平新区易地搬迁安置")
    cells = []
    for k in range(rows):
        done = draw.randint(6, 12)
        cells.append(Row((f"{draw.choice(villages)}第{'一二三四五六七八九十'[k % 10]}党支部", number(f"{theme}.b{k}.done_n", str(done), done), number(f"{theme}.b{k}.due_n", "12", 12), "按期" if done == 12 else "有缺口")))  # fmt: skip
    return Table(
        id=f"{theme}.branches",
        role="finding",
        title=f"{township}各党支部开展情况",
        columns=(Column(key="name", title="党支部", width=3), Column(key="done", title="已开展", align="right", group="主题党日"), Column(key="due", title="应开展", align="right", group="主题党日"), Column(key="note", title="情况")),
        rows=tuple(cells),
        unit="次",
        source="三会一课台账",
        notes=("按支部名册顺序排列。",),
    )  # fmt: skip


def overview_blocks() -> list[dict[str, Any]]:
    """What the county's overview shows on page 1: a sentence a theme, and its indicators by theme."""
    rows: list[Row] = []
    for theme in THEME_KEYS:
        rows.append(Row((THEMES[theme],), kind="group"))
        for k, name in enumerate(NAMES[theme][:7], start=1):
            fid = f"county.{LETTER[theme]}{k:02d}"
            said = [number(f"{fid}.townships_{s}_n", str(n), n) for s, n in (("met", 3 + k), ("not_met", 9 - k), ("unjudged", 2))]  # fmt: skip
            rows.append(Row((f"{LETTER[theme]}{k:02d} {name}", number(f"{fid}.value", "91.2%", 0.912), "—", Cell((number(f"{fid}.target", "100%", 1.0), "（推定）")), *said, Cell(STATES["not_met"], state="not_met"))))  # fmt: skip
    titles = ("指标", "全县", "波动范围", "目标", "达标", "未达标", "未评价", "全县状态")
    keys = ("name", "value", "range", "target", "met", "not_met", "unjudged", "state")
    table = Table(
        id="overview.indicators",
        role="scorecard",
        title="重点指标全县情况和各乡镇（街道）达标情况",
        columns=tuple(Column(key=key, title=title) for key, title in zip(keys, titles, strict=True)),
        rows=tuple(rows),
        unit="见各行",
        source="各台账",
    )
    said = ListBlock(
        id="overview.conclusions",
        role="headline",
        title="分专题结论",
        items=tuple(
            (f"{THEMES[theme]}纳入评价的 ", number(f"county.{theme}.evaluated_n", "7", 7), " 项指标中，", "情况" * 30, "。")
            for theme in THEME_KEYS
        ),
    )  # fmt: skip
    whole = Paragraph(id="overview.headline", role="headline", text="全县一句话。")
    return blocks_of(notebook_of([whole, said, table]))


def notebook_of(blocks: Sequence[Block]) -> dict[str, Any]:
    """An executed notebook that shows the blocks, one a cell."""
    parameters = 'store = ""\nperiod = "2023"\nas_of = "2023-12-31"\n'
    cells: list[dict[str, Any]] = [
        {"cell_type": "markdown", "id": "title", "metadata": {}, "source": "# 专题"},
        {
            "cell_type": "code",
            "id": "parameters",
            "metadata": {},
            "source": parameters,
            "outputs": [],
            "execution_count": 1,
        },
    ]
    for k, block in enumerate(blocks, start=2):
        output = {"output_type": "display_data", "metadata": {}, "data": block._repr_mimebundle_()}
        cells.append(
            {
                "cell_type": "code",
                "id": f"c{k}",
                "metadata": {},
                "source": "pb.show(report)",
                "outputs": [output],
                "execution_count": k,
            }
        )
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


TOWNS = {
    "small": ("629901200", "柳林乡"),
    "middle": ("629901106", "双河镇"),
    "large": ("629901204", "马家河回族乡"),
}


def notebooks_of(size: str) -> dict[str, dict[str, Any]]:
    """Executed notebooks of a township's themes.

    ``small`` has one branch and nothing on admissions, ``large`` forty branches, 60-row tables and
    more text than the budget allows.
    """
    branches = {"small": 1, "middle": 12, "large": 40}[size]
    themes = [theme for theme in THEME_KEYS if (size, theme) != ("small", "development")]
    return {
        theme: theme_notebook(theme, TOWNS[size][1], branches, seed, long=size == "large")
        for seed, theme in enumerate(themes, start=len(size))
    }


def parts_of(size: str) -> dict[str, list[dict[str, Any]]]:
    """Blocks of a township's themes, as they are read from its notebooks."""
    return {theme: blocks_of(notebook) for theme, notebook in notebooks_of(size).items()}


def about(size: str) -> dict[str, Any]:
    """What the batch tells the renderers."""
    code, name = TOWNS[size]
    checksums = {"数据": "9b1e" * 8, "程序": "a41c" * 8}
    frame = {"county_id": "629901", "county": "临河县", "period": "2023", "as_of": "2023-12-31"}
    return {**frame, "township_id": code, "township": name, "checksums": checksums}


def write_out(out: Path, sizes: Sequence[str] = ("small", "middle"), statement: str = "") -> Path:
    """A folder as ``pbanalysis report`` leaves it; ``statement`` is what every township says."""
    entries = []
    for size in sizes:
        code, name = TOWNS[size]
        folder = out / f"{code}_{name}"
        folder.mkdir(parents=True)
        notebooks, keys = notebooks_of(size), {}
        for theme, notebook in notebooks.items():
            stem = standard().stems[theme]
            node = nbformat.from_dict(notebook)
            pages = {
                f"{stem}.ipynb": to_bytes(node),
                f"{stem}.html": render_html(
                    notebook, title=f"{name}{REPORTS[theme]}（2023年度）", status=SETTING["status"]
                ),
            }
            keys[theme] = inputs_of(size, theme)["key"]
            entries.append(_entry(folder, code, theme, pages, inputs_of(size, theme)))
        inputs = document_inputs(
            reports=keys, package=PACKAGE, libraries=libraries(), setting=SETTING, statement=statement
        )
        told = {**about(size), **SETTING, "checksums": {"数据": inputs["key"], "程序": PACKAGE}}
        told["statement"] = statement
        made = {f"report.{k}": attachments.attachment(k, notebooks, told) for k in ("pdf", "docx", "xlsx")}
        made["facts.json"] = attachments.facts(notebooks, told)
        entries.append(_entry(folder, code, "document", made, inputs))
    (out / "index.html").write_text("<html><body>共 2 个乡镇</body></html>", encoding="utf-8")
    (out / "results.csv").write_text("indicator_id,value\nS01,0.977\n", encoding="utf-8")
    files = {name: sha256(out / name) for name in COUNTY_FILES}
    manifest = seal({"version": 1, "reports": entries, "files": files})
    (out / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")
    return out


def inputs_of(size: str, theme: str) -> dict[str, Any]:
    """Inputs of a report of the sample county, as the manifest keeps them."""
    code, name = TOWNS[size]
    return report_inputs(
        template="t",
        parameters={"township_id": code, "period": "2023", "as_of": "2023-12-31"},
        page={"status": SETTING["status"]},
        county="629901 临河县",
        unit=name,
        rows={},
        read="r",
        filings="",
        results=theme,
        rules="1.0",
        package=PACKAGE,
        libraries=libraries(),
    )


def _entry(
    folder: Path, code: str, theme: str, files: Mapping[str, bytes], inputs: Mapping[str, Any]
) -> dict[str, Any]:
    digests = {f"{folder.name}/{name}": write_whole(folder / name, data) for name, data in files.items()}
    return Entry(code, theme, "built", inputs, 1.5, digests).to_dict()


def vouch(out: Path) -> None:
    """The manifest as whoever knows how would make it anew: as if the files had been made as they are."""
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    for files in (manifest["files"], *(entry["files"] for entry in manifest["reports"])):
        files |= {name: sha256(out / name) for name in files}
    (out / "manifest.json").write_text(json.dumps(seal(manifest), ensure_ascii=False), encoding="utf-8")
