"""The processing report as one self-contained page: no script, nothing loaded from anywhere."""

from __future__ import annotations

from html import escape
from typing import Any

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:64rem;padding:0 1rem;
color:#1b1f24;background:#fff}
h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2.2rem 0 .5rem}
.sub{color:#57606a}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #d8dee4;
vertical-align:top}
td.l{overflow-wrap:anywhere}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.sum{display:flex;flex-wrap:wrap;gap:1rem;margin:1rem 0}
.sum div{border:1px solid #d8dee4;border-radius:.5rem;padding:.6rem 1rem;min-width:7rem}
.sum b{display:block;font-size:1.5rem;font-variant-numeric:tabular-nums}
.good{border-left:.4rem solid #1a7f37!important}.bad{border-left:.4rem solid #cf222e!important}
h2.bad{padding-left:.6rem;color:#a40e26}
.bar{fill:#0969da}svg{display:block}
"""

_LONG_WORD = 24  # characters; paths and digests may break anywhere, other words never


def page(data: dict[str, Any]) -> str:
    """HTML of a report made by :func:`ediscovery.store.reports.processing`."""
    sums = data["reconciliation"]
    balanced = sums["difference"] == 0
    tiles = "".join(
        f'<div class="{_mark(name, balanced)}"><b>{sums[name]:,}</b>{name}</div>'
        for name in ("seen", "documents", "containers", "suppressed", "failed", "difference")
    )
    verdict = (
        "Every item seen is accounted for."
        if balanced
        else "The sums do not balance: run ediscovery verify."
    )
    parts = [
        f"<h1>Processing report: {escape(data['matter'])}</h1>",
        f'<p class="sub">{escape(data["at"])} · {data["source"]["files"]:,} source files, '
        f"{data['source']['bytes']:,} bytes · {data['documents']['families']:,} families · "
        f"{data['documents']['duplicates']:,} duplicates · "
        f"{data['documents']['indexed']:,} documents searchable</p>",
        "<h2>Conservation: seen = documents + containers + suppressed + failed</h2>",
        f'<div class="sum">{tiles}</div><p>{verdict}</p>',
        _section(
            "Red flag: containers that lack children they announce"
            if data["gaps"]
            else "Containers that lack children they announce",
            ("container", "expected", "found", "why"),
            [
                (g["path"], g["expected_children"], g["actual_children"], g["message"])
                for g in data["gaps"]
            ],
            empty="None.",
            flag=True,
        ),
        _section(
            "Exceptions",
            ("state", "type", "count", "accepted", "meaning", "next step"),
            [
                (e["state"], e["type"], e["count"], e["ignored"], e["meaning"], e["next_step"])
                for e in data["exceptions"]
            ],
            empty="None.",
        ),
        f"<h2>Documents by type</h2>{_bars(data['by_type'])}",
        _section(
            "Custodians",
            ("custodian", "documents", "containers", "suppressed", "failed"),
            [
                (n, c["documents"], c["containers"], c["suppressed"], c["failed"])
                for n, c in data["by_custodian"].items()
            ],
        ),
        _section(
            "Set aside by rule", ("rule", "count"), list(data["suppressed_by_rule"].items()),
            empty="None.",
        ),
        _section(
            "Custody",
            ("collection", "custodian", "taken by", "accepted", "files", "bytes",
             "manifest SHA-256", "profile", "sandbox"),
            [
                (c["id"], c["custodian"], f"{c['who']}@{c['host']}", c["accepted_at"] or "",
                 c["files"] or 0, c["bytes"] or 0, c["manifest_sha256"] or "", c["profile"],
                 c["sandbox"] or "")
                for c in data["collections"]
            ],
        ),
    ]  # fmt: skip
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Processing report: {escape(data['matter'])}</title><style>{_STYLE}</style>"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _mark(name: str, balanced: bool) -> str:
    if name != "difference":
        return ""
    return "good" if balanced else "bad"


def _section(
    title: str,
    heads: tuple[str, ...],
    rows: list[tuple[Any, ...]],
    *,
    empty: str = "",
    flag: bool = False,
) -> str:
    if not rows:
        return f"<h2>{escape(title)}</h2><p>{escape(empty)}</p>" if empty else ""
    numeric = [all(isinstance(row[i], int) for row in rows) for i in range(len(heads))]
    head = "".join(_cell("th", h, n) for h, n in zip(heads, numeric, strict=True))
    body = "".join(
        f"<tr>{''.join(_cell('td', v, n) for v, n in zip(row, numeric, strict=True))}</tr>"
        for row in rows
    )
    mark = " class=bad" if flag else ""
    return f"<h2{mark}>{escape(title)}</h2><table><thead><tr>{head}</tr></thead>{body}</table>"


def _cell(tag: str, value: Any, numeric: bool) -> str:
    shown = f"{value:,}" if isinstance(value, int) else escape(str(value))
    breaks = any(len(word) > _LONG_WORD for word in shown.split())
    mark = " class=n" if numeric else " class=l" if breaks else ""
    return f"<{tag}{mark}>{shown}</{tag}>"


def _bars(counts: dict[str, int]) -> str:
    """A bar chart with its numbers beside the bars, so that the picture needs no colour."""
    most = max(counts.values(), default=1)
    return f"<table>{''.join(_bar(name, count, most) for name, count in counts.items())}</table>"


def _bar(name: str, count: int, most: int) -> str:
    width = max(2, round(400 * count / most))
    svg = (
        f'<svg width="{width}" height="14" role="img" aria-label="{count}">'
        f'<rect class="bar" width="{width}" height="14"/></svg>'
    )
    return f"<tr><td>{escape(name)}</td>{_cell('td', count, True)}<td>{svg}</td></tr>"
