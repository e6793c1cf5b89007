"""Small files of one kind, each compressed alone: a model that was trained on half of them beside zstd's dictionaries.

    python benchmarks/domain.py [--corpora DIR] [--files N] [--level L] [--memory MIB] [--json OUT] [--check]

The kinds: source files of 1000 to 8000 bytes of Python's own library; and, with --corpora, molecules, the first records
of Silesia's file nci (DIR/silesia/nci). Every second one is for training, the others are compressed, N of them at most,
evenly picked (all). Every archive is restored and compared.

Beside it zstd -19 with a dictionary: trained on the same files, of zstd's usual size and of half their size, the
largest that its trainer can fill; and, the best that a dictionary of any size can hold, all these files themselves. A
dictionary may have as many bytes as the model; none of these has more. "saved" is against the best of them.
--check: exit status 1 unless at least 30 % are saved of every kind.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import Any

import foretell
from foretell.adapters.domain_model import DomainModel
from foretell.adapters.training import Training, parameters_for
from report import write_report

TARGET = 0.30
USUAL_DICTIONARY = 112_640  # bytes, of zstd --train
RECORDS = 2000
SEPARATOR = b"$$$$\n"


def source_files() -> list[bytes]:
    root = Path(sysconfig.get_paths()["stdlib"])
    paths = [path for path in sorted(root.rglob("*.py")) if "site-packages" not in path.parts]
    return [path.read_bytes() for path in paths if 1000 <= path.stat().st_size <= 8000]


def molecules(nci: Path) -> list[bytes]:
    return [record + SEPARATOR for record in nci.read_bytes().split(SEPARATOR)[:RECORDS]]


class Zstd:
    """Zstandard's command with a dictionary, in a folder of its own."""

    def __init__(self, lessons: list[bytes], files: list[bytes]) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._root = Path(self._folder.name)
        self._lessons = self._written("lessons", lessons)
        self._files = self._written("files", files)

    def _written(self, name: str, contents: list[bytes]) -> list[str]:
        folder = self._root / name
        folder.mkdir()
        for number, content in enumerate(contents):
            (folder / f"{number:06}").write_bytes(content)
        return [str(path) for path in sorted(folder.iterdir())]

    def trained(self, size: int) -> Path:
        path = self._root / f"dictionary{size}"
        command = ["zstd", "-q", "--train", "-19", f"--maxdict={size}", "-o", str(path), *self._lessons]
        subprocess.run(command, check=True, capture_output=True)
        return path

    def whole(self) -> Path:
        path = self._root / "whole"
        path.write_bytes(b"".join(Path(lesson).read_bytes() for lesson in self._lessons))
        return path

    def bytes_with(self, dictionary: Path) -> int:
        with tempfile.TemporaryDirectory() as out:
            command = ["zstd", "-q", "-19", "--no-check", "-D", str(dictionary), "--output-dir-flat", out, *self._files]
            subprocess.run(command, check=True)
            return sum(path.stat().st_size for path in Path(out).iterdir())


def measured(kind: str, documents: list[bytes], options: argparse.Namespace) -> dict[str, Any]:
    lessons, others = documents[::2], documents[1::2]
    count = min(len(others), options.files or len(others))
    others = [others[number * len(others) // count] for number in range(count)]
    total = sum(map(len, lessons))
    training = Training(parameters_for(total, options.level, options.memory << 20))
    began = time.perf_counter()
    for lesson in lessons:
        training.read(lesson)
    data = training.serialized()
    training_seconds = time.perf_counter() - began
    model = DomainModel(data)
    there, back, size, payload = [], [], 0, 0
    for document in others:
        began = time.perf_counter()
        archive = foretell.compress(document, model=model)
        there.append(time.perf_counter() - began)
        size += len(archive)
        payload += foretell.frame_info(archive)[0].payload_bytes
        began = time.perf_counter()
        if foretell.decompress(archive, model=model) != document:
            raise SystemExit(f"{kind}: an archive restores something else")
        back.append(time.perf_counter() - began)
    zstd = Zstd(lessons, others)
    dictionaries = {}
    for name, path in (
        ("usual", zstd.trained(min(USUAL_DICTIONARY, total // 2))),
        ("large", zstd.trained(total // 2)),
        ("all files", zstd.whole()),
    ):
        dictionaries[name] = {"dictionary_bytes": path.stat().st_size, "file_bytes": zstd.bytes_with(path)}
    assert max(row["dictionary_bytes"] for row in dictionaries.values()) <= len(data)
    best = min(row["file_bytes"] for row in dictionaries.values())
    raw = sum(map(len, others))
    return {
        "kind": kind,
        "lessons": len(lessons),
        "lesson_bytes": total,
        "training_seconds": round(training_seconds, 1),
        "weights_bytes": len(data),
        "files": len(others),
        "raw_bytes": raw,
        "file_bytes": size,
        "payload_bytes": payload,
        "bits_per_byte": round(8 * size / raw, 4),
        "untrained_file_bytes": sum(len(foretell.compress(document, options.level)) for document in others),
        "encode_ms": round(1000 * statistics.median(there), 1),
        "decode_ms": round(1000 * statistics.median(back), 1),
        "zstd": dictionaries,
        "saved": round(1 - size / best, 4),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--corpora", type=Path, metavar="DIR")
    parser.add_argument("--files", type=int, default=0, help="to compress, of each kind (0: all)")
    parser.add_argument("--level", type=int, default=foretell.DEFAULT_LEVEL)
    parser.add_argument("--memory", type=int, default=256, metavar="MIB", help="of the model (256)")
    parser.add_argument("--json", type=Path, metavar="OUT")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    kinds = {"source files": source_files()}
    if options.corpora is not None:
        kinds["molecules"] = molecules(options.corpora / "silesia" / "nci")
    rows = []
    for kind, documents in kinds.items():
        rows.append(measured(kind, documents, options))
        print(rows[-1], flush=True)
    if options.json:
        write_report(
            options.json, {"kinds": rows}, level=options.level, memory_mib=options.memory, python=sys.version.split()[0]
        )
    short = [row["kind"] for row in rows if row["saved"] < TARGET]
    if options.check and short:
        print(f"less than {TARGET:.0%} saved: {', '.join(short)}", file=sys.stderr)
    return 1 if options.check and short else 0


if __name__ == "__main__":
    raise SystemExit(main())
