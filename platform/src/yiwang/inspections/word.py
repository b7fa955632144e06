"""The report as a Word file: three small XML parts in a zip, so that no template and no library stands in between."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from xml.sax.saxutils import escape

from yiwang.inspections.reports import FINDING_HEAD, RESULT_HEAD, TITLE, facts, finding_rows, result_rows
from yiwang.model.inspection import Ledger

OFFICE = "http://schemas.openxmlformats.org"
TYPES = (
    f'<?xml version="1.0" encoding="UTF-8"?><Types xmlns="{OFFICE}/package/2006/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/word/document.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
RELATIONS = (
    f'<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="{OFFICE}/package/2006/relationships"><Relationship Id="rId1" '
    f'Type="{OFFICE}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>'
)
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
SAME_MOMENT = (1980, 1, 1, 0, 0, 0)
"""Entries carry no time, so that one ledger makes one file, byte for byte."""


def docx(ledger: Ledger, now: datetime) -> bytes:
    """Return the report as DOCX."""
    parts = [_line(TITLE, 36), *(_line(text) for text in facts(ledger, now))]
    parts += [_line("巡检结果", 28), _table(RESULT_HEAD, result_rows(ledger))]
    parts += [_line("待处理问题", 28), _table(FINDING_HEAD, finding_rows(ledger)), _line("")]
    page = '<w:sectPr><w:pgSz w:w="16838" w:h="11906" w:orient="landscape"/>'
    page += '<w:pgMar w:top="900" w:right="900" w:bottom="900" w:left="900"/></w:sectPr>'
    document = (
        f'<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="{OFFICE}/wordprocessingml/2006/main"><w:body>'
        f"{''.join(parts)}{page}</w:body></w:document>"
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (("[Content_Types].xml", TYPES), ("_rels/.rels", RELATIONS), ("word/document.xml", document)):
            archive.writestr(zipfile.ZipInfo(name, SAME_MOMENT), text.encode("utf-8"), zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _line(text: str, size: int = 21) -> str:
    """Return a paragraph; characters that XML cannot carry become a visible mark."""
    said = escape(UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text))
    font = '<w:rFonts w:ascii="Noto Sans CJK SC" w:hAnsi="Noto Sans CJK SC" w:eastAsia="宋体"/>'
    return f'<w:p><w:r><w:rPr>{font}<w:sz w:val="{size}"/></w:rPr><w:t xml:space="preserve">{said}</w:t></w:r></w:p>'


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    borders = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:color="999999"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    lines = "".join(
        "<w:tr>" + "".join(f"<w:tc><w:tcPr/>{_line(cell, 18)}</w:tc>" for cell in row) + "</w:tr>"
        for row in (head, *rows)
    )
    grid = "".join('<w:gridCol w:w="2000"/>' for _ in head)
    return (
        f"<w:tbl><w:tblPr><w:tblBorders>{borders}</w:tblBorders></w:tblPr><w:tblGrid>{grid}</w:tblGrid>{lines}</w:tbl>"
    )
