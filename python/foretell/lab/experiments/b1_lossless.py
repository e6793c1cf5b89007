"""B1: training is lossless compression: Bob restores a file from program and bits alone, or says that he cannot.

Two kinds of Bob, each a process of its own: ``foretell -d`` with the exact model of the default level, and the
laboratory's, whose GPT learns in float as Alice's did (`foretell.lab.archive`). Both restore what Alice coded.

Then single bits of two small archives are flipped. A flip may be found (Bob reports an error), or do no harm (a header
may say what nobody uses); none may lead to other data without an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

import foretell
from foretell.lab import plots
from foretell.lab.elsewhere import decompressed
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.verdict import Check
from foretell.lab.worlds.addition import Addition

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KINDS = ("exact", "float")


def sums(count: int, seed: int) -> bytes:
    """Return lines such as ``57+41=98``."""
    pairs = Addition(digits=2, held_out=0).pairs(count, seed)
    return "".join(f"{a}+{b}={a + b}\n" for a, b in pairs.tolist()).encode()


def measure(run: Run) -> Figures:
    """Let both restore a file, then damage small ones."""
    flips = run.settings["flips"]
    return {
        "exact": _exact(run) | {"flips": _exact_flips(run, flips)},
        "float": _float(run) | {"flips": _float_flips(run, flips)},
    }


def _exact(run: Run) -> dict[str, Any]:
    data = sums(run.settings["lines"], run.seed)
    path = run.folder / "sums.fore"
    path.write_bytes(foretell.compress(data, level=5))
    return {"bytes": len(data), "file_bytes": path.stat().st_size, "restored": decompressed(path.read_bytes()) == data}


def _float(run: Run) -> dict[str, Any]:
    from foretell.lab import archive, prequential

    learner, world, source = _alice(run, "nano")
    path = run.folder / "sums.lab"
    with run.progress(run.settings["steps"], "a GPT codes sums") as bar:
        curve = prequential.run(
            learner,
            source,
            run.settings["steps"],
            given=world.given,
            archive=path,
            checkpoint=run.folder / "sums.pt",
            progress=bar,
        )
    plain = run.settings["steps"] * curve.batch * world.length * np.log2(world.vocabulary) / 8
    return {
        "bytes": float(plain),
        "file_bytes": curve.file_bytes,
        "restored": archive.restored_elsewhere(path) == curve.digest,
    }


def _alice(run: Run, network: str) -> tuple[Any, Addition, Callable[[int], Any]]:
    from foretell.lab.learner import Learner, LearnerConfig

    world = Addition(digits=2, held_out=0)
    config = LearnerConfig(network, world.vocabulary, world.length, seed=run.seed)
    return Learner(config), world, lambda step: world.batch(run.settings["batch"], run.seed, step)


def _exact_flips(run: Run, flips: int | None) -> dict[str, Any]:
    data = sums(40, run.seed)

    def restores(archive: bytes) -> bool:
        return foretell.decompress(archive) == data

    return _flips(run, "exact", foretell.compress(data, level=5), restores, flips)


def _float_flips(run: Run, flips: int | None) -> dict[str, Any]:
    import torch

    from foretell.lab import archive, prequential

    learner, world, _ = _alice(run, "1,1,8")
    path = run.folder / "small.lab"
    curve = prequential.run(learner, lambda step: world.batch(8, run.seed, step), 2, given=world.given, archive=path)
    damaged = run.folder / "damaged.lab"
    threads = torch.get_num_threads()

    def restores(content: bytes) -> bool:
        damaged.write_bytes(content)
        digest = archive.Digest()
        try:
            for sequences in archive.restore(damaged):
                digest.add(sequences)
        finally:
            torch.set_num_threads(threads)  # a damaged header may have asked for others
        return digest.as_dict() == curve.digest

    return _flips(run, "float", path.read_bytes(), restores, flips)


def _flips(run: Run, kind: str, content: bytes, restores: Callable[[bytes], bool], most: int | None) -> dict[str, Any]:
    """Flip one bit at a time, each or some drawn at random, and see what becomes of it."""
    places = np.arange(8 * len(content))
    if most is not None and most < len(places):
        places = np.sort(np.random.default_rng(run.seed).choice(places, most, replace=False))
    found = {"bits": 8 * len(content), "tried": len(places), "error": 0, "other_error": 0, "harmless": 0, "wrong": 0}
    with run.progress(len(places), f"flipped bits, {kind}", "bit") as bar:
        for place in places.tolist():
            damaged = bytearray(content)
            damaged[place // 8] ^= 1 << place % 8
            try:
                found["harmless" if restores(bytes(damaged)) else "wrong"] += 1
            except foretell.Error:
                found["error"] += 1
            except Exception:  # Bob stops, whatever stopped him
                found["other_error"] += 1
            bar.update()
    return found


def judge(figures: Figures) -> list[Check]:
    """All is restored; no flip goes unnoticed."""
    checks = []
    for kind in KINDS:
        one, flips = figures[kind], figures[kind]["flips"]
        checks += [
            Check(f"{kind}: restored by another process (1 = yes)", float(one["restored"]), 1, 1),
            Check(f"{kind}: file over plain size", one["file_bytes"] / one["bytes"], high=1, full_only=True),
            Check(f"{kind}: flipped bits that led to other data without an error", flips["wrong"], 0, 0),
            Check(
                f"{kind}: flipped bits that Bob reported, or that did no harm, of those tried",
                (flips["error"] + flips["other_error"] + flips["harmless"]) / flips["tried"],
                1,
                1,
            ),
            Check(
                f"{kind}: share of the file's bits that were flipped", flips["tried"] / flips["bits"], 1, full_only=True
            ),
        ]
    checks.append(Check("exact: flipped bits that did no harm", figures["exact"]["flips"]["harmless"], 0, 0))
    return checks


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Show what became of flipped bits."""
    values = {
        f"{kind}: {name.replace('_', ' ')}": float(figures[kind]["flips"][name])
        for kind in KINDS
        for name in ("error", "other_error", "harmless", "wrong")
    }
    return {"flips": plots.bars(values, title="What became of single flipped bits", y="bits")}


EXPERIMENT = Experiment(
    id="B1",
    name="lossless",
    claim="Bob restores the file from the program and the bits alone; one flipped bit does not go unnoticed.",
    sizes={
        "toy": {"lines": 300, "steps": 2, "batch": 32, "flips": 20},
        "quick": {"lines": 20_000, "steps": 100, "batch": 64, "flips": 500},
        "full": {"lines": 100_000, "steps": 400, "batch": 128, "flips": None},
    },
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=3,
    quick_cannot="every bit of an archive: it flips some, drawn at random",
)
