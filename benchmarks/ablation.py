"""What each part of model mix/1 is worth: bytes and seconds with one of them taken out.

    python benchmarks/ablation.py --corpora DIR [--parts NAME...] [--jobs N] [--json OUT]

DIR is ratio.py's. For each part (ablation_parts.py) a copy of the source is edited and built, and compresses what the
part serves: text at level 5 (10^6 bytes of enwik8 and of dickens), records at level 5 (250 000 bytes of six files of
Silesia), or text at level 1 (10^7 bytes of enwik8). Bytes are exact. Seconds are those of encoding; the whole model is
measured again after every few parts, and a part's seconds are told as a share of the median of those. --jobs measures
several at once, each on a core of its own, which the seconds of machines whose cores share caches do not like. Needs
cmake, ninja and pybind11 (`pip install '.[dev]' pybind11`).
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from ablation_parts import Part, parts
from foretell.lab.contestant_process import run
from foretell.lab.contestants import WORKER
from ratio_corpora import Case, of_field
from report import write_report

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 3600  # seconds after which a call has failed
BETWEEN = 6  # parts between two measurements of the whole
WHOLE = "all parts"

KINDS = {  # files of ratio.py's cases, how many bytes of each, and the level
    "text": (("enwik6", "silesia/dickens"), 10**6, 5),
    "records": (tuple(f"silesia/{name}" for name in ("mozilla", "mr", "ooffice", "osdb", "sao", "x-ray")), 250_000, 5),
    "light": (("enwik7",), 10**7, 1),
}


class Workshop:
    """A copy of the source and its build, on one core."""

    def __init__(self, folder: Path, core: int) -> None:
        self.core = core
        self.source = folder / "source"
        self.build = folder / "build"
        for name in ("cpp", "python"):
            shutil.copytree(ROOT / name, self.source / name)
        shutil.copy(ROOT / "CMakeLists.txt", self.source)
        import pybind11

        self._call(
            "cmake", "-S", self.source, "-B", self.build, "-G", "Ninja", "-DFORETELL_BUILD_PYTHON=ON",
            "-DCMAKE_INTERPROCEDURAL_OPTIMIZATION=OFF",  # of the bindings alone, and slow
            f"-Dpybind11_DIR={pybind11.get_cmake_dir()}", f"-DPython_EXECUTABLE={sys.executable}",
        )  # fmt: skip

    def _call(self, *command: str | Path) -> None:
        done = subprocess.run([*map(str, command)], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")

    def measure(self, part: Part | None, kind: str, files: dict[str, Path]) -> dict[str, Any]:
        """Return bytes and seconds of a kind's files without a part (None: with all)."""
        edited = {self.source / file: (self.source / file).read_text() for file, _ in (part.edits if part else ())}
        try:
            if part:
                part.take_out(self.source)
            self._call("cmake", "--build", self.build, "--target", "_core")
            for module in self.build.glob("_core*"):
                if module.is_file():
                    shutil.copy(module, self.source / "python" / "foretell")
            return self._compressed(kind, files)
        finally:
            for path, text in edited.items():
                path.write_text(text)

    def _compressed(self, kind: str, files: dict[str, Path]) -> dict[str, Any]:
        names, _, level = KINDS[kind]
        sizes, seconds = {}, 0.0
        environment = ["env", f"PYTHONPATH={self.source / 'python'}", "taskset", "--cpu-list", str(self.core)]
        for name in names:
            with tempfile.TemporaryDirectory() as folder:
                target = Path(folder) / "coded"
                command = [*WORKER, "foretell", "encode", files[name], target, level, 1]
                seconds += run([*environment, *map(str, command)], Path(folder), None, True, LIMIT)["seconds"]
                sizes[name] = target.stat().st_size
        return {"bytes": sum(sizes.values()), "files": sizes, "seconds": round(seconds, 3)}


def worked_through(
    tasks: list[tuple[Part | None, str]], files: dict[str, Path], shops: list[Workshop]
) -> list[dict[str, Any]]:
    """Measure each task in whichever workshop is free; return the rows in the tasks' order."""
    free: SimpleQueue[Workshop] = SimpleQueue()
    for shop in shops:
        free.put(shop)

    def one(task: tuple[Part | None, str]) -> dict[str, Any]:
        part, kind = task
        shop = free.get()
        try:
            row = shop.measure(part, kind, files)
        finally:
            free.put(shop)
        name = f"{part.group}: {part.name}" if part else WHOLE
        print(f"{kind:<8} {row['bytes']:>10,} bytes {row['seconds']:>7.2f} s  {name}", flush=True)
        return {"group": part.group if part else "", "name": part.name if part else WHOLE, "kind": kind, **row}

    with ThreadPoolExecutor(len(shops)) as pool:
        return list(pool.map(one, tasks))


def tasks_of(chosen: list[Part]) -> list[tuple[Part | None, str]]:
    """Return parts with kinds, kind after kind, and the whole again and again among them."""
    tasks: list[tuple[Part | None, str]] = []
    for kind in KINDS:
        own = [part for part in chosen if kind in part.kinds]
        for index, part in enumerate(own):
            if index % BETWEEN == 0:
                tasks.append((None, kind))
            tasks.append((part, kind))
        if own:
            tasks.append((None, kind))
    return tasks


def compared(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one row for each part: what the files grow by without it, and its share of the seconds, in percent."""
    out = []
    for kind in KINDS:
        whole = [row for row in rows if row["kind"] == kind and row["name"] == WHOLE]
        if not whole:
            continue
        seconds = statistics.median(row["seconds"] for row in whole)
        out.append({**whole[0], "seconds": seconds})
        for row in rows:
            if row["kind"] == kind and row["name"] != WHOLE:
                grown = 100 * (row["bytes"] / whole[0]["bytes"] - 1)
                saved = 100 * (1 - row["seconds"] / seconds)
                out.append({**row, "percent_bytes": round(grown, 3), "percent_seconds": round(saved, 1)})
    return out


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--corpora", type=Path, metavar="DIR", required=True, help="holds enwik6, enwik7 and silesia/*")
    parser.add_argument("--parts", nargs="+", metavar="NAME", help="only those whose group and name contain this")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--jobs", type=int, default=1, help="how many at once, each on one core (1)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures here")
    options = parser.parse_args(arguments)
    chosen = [
        part
        for part in parts(ROOT)
        if not options.parts or any(word in f"{part.group}: {part.name}" for word in options.parts)
    ]
    tasks = [task for task in tasks_of(chosen) if task[1] in options.kinds]
    cores = sorted(os.sched_getaffinity(0))[-options.jobs :]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = {}
        for case in of_field(options.corpora):
            for names, size, _ in KINDS.values():
                if case.name in names:
                    files[case.name] = _written(replace(case, size=size), folder)
        shops = [Workshop(folder / str(core), core) for core in cores]
        rows = compared(worked_through(tasks, files, shops))
    if options.json:
        write_report(options.json, {"rows": rows}, one_line_rows=True, jobs=options.jobs)
    return 0


def _written(case: Case, folder: Path) -> Path:
    path = folder / case.name.replace("/", "-")
    case.write(path)
    return path


if __name__ == "__main__":
    sys.exit(main())
