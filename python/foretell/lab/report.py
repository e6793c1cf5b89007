"""One HTML page of all results in a folder, with its pictures inside: it can be sent as it is."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foretell.lab.results import Result, measured, read_all, summary

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
td, th { border-bottom: 1px solid #ddd; padding: 0.25rem 0.6rem; text-align: left; vertical-align: top; }
.pass { color: #1e8449; } .fail { color: #c0392b; } .inconclusive { color: #b9770e; }
section { border-top: 2px solid #ddd; margin-top: 2.5rem; } img { max-width: 100%; height: auto; }
.about { color: #666; font-size: 0.85rem; } summary { cursor: pointer; }
"""


def write_page(folder: Path, target: Path) -> int:
    """Write the page; return how many results it holds.

    Raises
    ------
    ValueError
        See `foretell.lab.results.read_all`.
    """
    results = read_all(folder)
    rows = "".join(_row(result) for _, result in results)
    sections = "".join(_section(path, result) for path, result in results)
    target.write_text(
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width'><title>foretell-lab</title>"
        f"<style>{_STYLE}</style><h1>Prediction is compression is learning</h1>"
        f"<p>{summary(results)}.</p>"
        f"<table><tr><th>id<th>name<th>claim<th>verdict<th>run</tr>{rows}</table>{sections}</html>\n",
        encoding="utf-8",
    )
    return len(results)


def _row(result: Result) -> str:
    name, verdict = _escaped(result["id"]), _escaped(result["verdict"])
    return (
        f"<tr><td><a href='#{name}'>{name}</a><td>{_escaped(result['name'])}<td>{_escaped(result['claim'])}"
        f"<td class={verdict}>{verdict}<td>{_escaped(result['size'])}, {result['seconds']:.0f} s</tr>"
    )


def _section(folder: Path, result: Result) -> str:
    name, verdict = _escaped(result["id"]), _escaped(result["verdict"])
    checks = "".join(_check(check, result["size"]) for check in result["checks"])
    pictures = "".join(_picture(folder / picture) for picture in result["pictures"])
    cannot = f"<p>A {_escaped(result['size'])} run cannot show: {_escaped(result['cannot_show'])}</p>"
    machine = ", ".join(f"{key} {value}" for key, value in result["machine"].items())
    settings = ", ".join(f"{key} {value}" for key, value in result["settings"].items())
    return (
        f"<section id='{name}'><h2>{name} {_escaped(result['name'])}: <span class={verdict}>{verdict}</span></h2>"
        f"<p>{_escaped(result['claim'])}</p>{cannot if result['cannot_show'] else ''}"
        f"<table><tr><th>figure<th>measured<th>threshold<th>holds</tr>{checks}</table>{pictures}"
        f"<p class=about>{_escaped(result['date'])}, {_escaped(result['size'])} run of {result['seconds']:.0f} s, "
        f"seed {_escaped(result['seed'])}, {_escaped(result['device'])}; {_escaped(settings)}. {_escaped(machine)}.</p>"
        "</section>"
    )


def _check(check: Mapping[str, Any], size: str) -> str:
    mark, style = {True: ("yes", "pass"), False: ("no", "fail"), None: ("–", "inconclusive")}[check["holds"]]
    if check["full_only"] and size != "full":
        mark, style = f"{mark} (a full run judges)", "inconclusive"
    kind = "" if check["kind"] == "claim" else " (condition)"
    return (
        f"<tr><td>{_escaped(check['what'])}{kind}<td>{measured(check)}<td>{_escaped(check['threshold'])}"
        f"<td class={style}>{mark}</tr>"
    )


def _picture(path: Path) -> str:
    data = base64.b64encode(path.read_bytes()).decode()
    return f"<p><img alt='{_escaped(path.stem)}' src='data:image/png;base64,{data}'></p>"


def _escaped(value: object) -> str:
    return html.escape(str(value), quote=True)
