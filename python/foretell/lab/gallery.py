"""A gallery page in Markdown, for a repository: what one set of runs measured and said, with the pictures beside it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foretell.lab.results import Result, measured, read_all, summary

_HEAD = """# The article as a laboratory

*Made by `foretell-lab report DIR --gallery {name}` from the runs of `foretell-lab run all --out DIR`.*

Prediction is compression is learning: each claim below is one command, `foretell-lab ID`, which draws data of known
entropy, codes them, measures, and says pass, fail or inconclusive by a threshold that was there before the run. A size
is that of a file which another process has restored. Results that failed stay.

"""


def write_gallery(folder: Path, target: Path) -> int:
    """Write the page, and its pictures to a folder of its stem beside it; return how many results it holds.

    Raises
    ------
    ValueError
        See `foretell.lab.results.read_all`.
    """
    results = read_all(folder)
    pictures = target.with_suffix("")
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir(parents=True)
    lines = [_HEAD.format(name=target.name), f"{summary(results)}.\n"]
    lines += ["| id | claim | verdict | run |", "|---|---|---|---|"]
    lines += [
        f"| [{one['id']}](#{_anchor(one)}) | {_escaped(one['claim'])} | {one['verdict']} | {_run(one)} |"
        for _, one in results
    ]
    for path, result in results:
        lines += ["", *_section(path, result, pictures)]
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(results)


def write_summary(folder: Path, target: Path) -> None:
    """Write all results but their curves and pictures as one JSON file, a list."""
    kept = [
        {key: value for key, value in result.items() if key not in ("figures", "pictures")}
        for _, result in read_all(folder)
    ]
    target.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _section(folder: Path, result: Result, pictures: Path) -> list[str]:
    lines = [f"## {result['id']} {result['name']}", "", f"{result['claim']} **{result['verdict']}**", ""]
    if result["cannot_show"]:
        lines += [f"A {result['size']} run cannot show: {result['cannot_show']}.", ""]
    lines += ["| figure | measured | threshold | holds |", "|---|---|---|---|"]
    lines += [_check(check, result["size"]) for check in result["checks"]]
    for picture in result["pictures"]:
        name = f"{result['id'].lower()}-{picture}"
        shutil.copyfile(folder / picture, pictures / name)
        lines += ["", f"![{result['id']}: {Path(picture).stem}]({pictures.name}/{name})"]
    machine = result["machine"]
    versions = ", ".join(f"{key} {machine[key]}" for key in ("foretell", "torch", "numpy") if key in machine)
    made = f"{result['date']}, seed {result['seed']}, {result['device']}; {machine['cpu']}, {machine['cores']} cores"
    lines += ["", f"{made}; {versions}."]
    return lines


def _check(check: Mapping[str, Any], size: str) -> str:
    mark = {True: "yes", False: "**no**", None: "–"}[check["holds"]]
    if check["full_only"] and size != "full":
        mark += " (a full run judges)"
    kind = "" if check["kind"] == "claim" else " (condition)"
    return f"| {_escaped(check['what'])}{kind} | {measured(check)} | {check['threshold']} | {mark} |"


def _run(result: Result) -> str:
    return f"{result['size']}, {result['seconds']:.0f} s"


def _anchor(result: Result) -> str:
    return f"{result['id']}-{result['name']}".lower().replace(" ", "-")


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
