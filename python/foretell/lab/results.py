"""`result.json`: what a run was, what it measured and what that says."""

from __future__ import annotations

import datetime
import json
import shutil
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foretell.lab import plots
from foretell.lab.experiment import Run
from foretell.lab.machine import machine
from foretell.lab.verdict import Size, verdict

if TYPE_CHECKING:
    from foretell.lab.experiment import Experiment

FILE = "result.json"

Result = dict[str, Any]


def prepared(
    experiment: Experiment,
    out: Path,
    size: Size,
    *,
    seed: int = 0,
    device: str = "cpu",
    text: Path | None = None,
    quiet: bool = False,
    fresh: bool = False,
) -> Run:
    """Return a run with folders that exist; what an earlier run of the same arguments left there is kept.

    Parameters
    ----------
    experiment : Experiment
    out : Path
        Holds a folder for each experiment.
    size : {"toy", "quick", "full"}
    seed, device, text, quiet
        See `foretell.lab.experiment.Run`.
    fresh : bool
        Remove what is there.
    """
    folder, shared = out / experiment.id, out / "shared"
    arguments = {
        "size": size,
        "settings": dict(experiment.sizes[size]),
        "seed": seed,
        "device": device,
        "text": str(text) if text else None,
    }
    kept = folder / "arguments.json"
    same = kept.exists() and kept.read_text() == json.dumps(arguments)
    if folder.exists() and (fresh or not same):
        shutil.rmtree(folder)
    for path in (folder, shared):
        path.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(arguments))
    return Run(folder, size, experiment.sizes[size], seed, device, shared, text, quiet)


def perform(experiment: Experiment, run: Run) -> Result:
    """Run an experiment; write its result and its pictures to the run's folder, and return the result."""
    begun = time.monotonic()
    figures = json.loads(json.dumps(experiment.measure(run)))  # as a reader will find them
    checks = experiment.judge(figures)
    result = {
        "id": experiment.id,
        "name": experiment.name,
        "claim": experiment.claim,
        "verdict": verdict(checks, run.size),
        "size": run.size,
        "cannot_show": experiment.quick_cannot if run.size != "full" else "",
        "seconds": round(time.monotonic() - begun, 1),
        "date": datetime.date.today().isoformat(),
        "seed": run.seed,
        "device": run.device,
        "settings": dict(run.settings),
        "machine": machine(),
        "checks": [check.as_dict() for check in checks],
        "pictures": [],
        "figures": figures,
    }
    for name, figure in experiment.draw(figures).items():
        plots.save(figure, run.folder / f"{name}.png")
        result["pictures"].append(f"{name}.png")
    write(run.folder, result)
    return result


def write(folder: Path, result: Mapping[str, Any]) -> None:
    """Write a result to its folder; a reader finds the old one or the new one."""
    new = folder / f"{FILE}.new"
    new.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    new.replace(folder / FILE)


def read_all(folder: Path) -> list[tuple[Path, Result]]:
    """Return the results in the folders of a folder, and those folders, in the order of the article's list.

    Raises
    ------
    ValueError
        There are none, or a file is not a result; the message names it.
    """
    found = []
    for path in folder.glob(f"*/{FILE}"):
        try:
            result = json.loads(path.read_text())
            found.append((_place(result["id"]), path.parent, result))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}: not a result of foretell-lab ({error!r}); remove it or run it again") from None
    if not found:
        raise ValueError(f"{folder}: holds no results; foretell-lab NAME --out {folder} makes them")
    return [(path, result) for _, path, result in sorted(found, key=lambda one: one[:2])]


def summary(results: Iterable[tuple[Path, Result]]) -> str:
    """Return how many experiments there are, and with which verdicts."""
    verdicts = [result["verdict"] for _, result in results]
    kinds = [one for one in ("pass", "fail", "inconclusive") if one in verdicts]
    return f"{len(verdicts)} experiments: " + ", ".join(f"{verdicts.count(one)} {one}" for one in kinds)


def measured(check: Mapping[str, Any]) -> str:
    """Return a check's value for people."""
    return "not measured" if check["value"] is None else f"{check['value']:.6g}"


def _place(name: str) -> tuple[str, int]:
    """Return what sorts A1, A2, … I18 as people would."""
    return name[0], int(name[1:] or 0)


def as_text(result: Mapping[str, Any]) -> str:
    """Return a result in lines for people."""
    lines = [f"{result['id']} {result['name']}: {result['claim']}"]
    for check in result["checks"]:
        mark = {True: "yes", False: "NO", None: "-"}[check["holds"]]
        only = " [only a full run can show this]" if check["full_only"] and result["size"] != "full" else ""
        kind = "" if check["kind"] == "claim" else " (condition)"
        lines.append(f"  {mark:>3}  {check['what']}: {measured(check)}  ({check['threshold']}){kind}{only}")
    lines.append(f"  verdict: {result['verdict']} ({result['size']} run, {result['seconds']:.0f} s)")
    if result["cannot_show"]:
        lines.append(f"  a {result['size']} run cannot show: {result['cannot_show']}")
    return "\n".join(lines)
