"""G: RSA as next-token prediction.

A stream of m and c = m^d mod n under one key holds |m| = log2 n bits an example, since c follows from m. Who learns the
map sends |m| bits, who does not |m| + |c|. A network that sees fresh examples learns the map of a small modulus by
heart, example by example, and nothing of a large one; the same network should learn the identity, a XOR with a key and
an affine map of as many bits as that large modulus. One who knows what the stream is, and factors n, needs |m| bits and
a header, whatever the modulus: his files are restored by a process that factors n again. So is what the network made
of the smallest modulus.

The full run fails: of the affine map's 16 bits one or two were still unlearned after 5000 steps, though the others cost
nothing. Two layers, a multiplier of 257 and an offset of 77 learned less of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from foretell.lab import plots
from foretell.lab.elsewhere import restored, said
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.verdict import Check
from foretell.lab.worlds import rsa

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LARGE = 16
EXAMPLES = 2000


def _learned(run: Run, world: rsa.Mapped, steps: int, keep: bool) -> Figures:
    """Let a network learn a map; return what m and c cost in the last tenth."""
    from foretell.lab.archive import restored_elsewhere
    from foretell.lab.learner import Learner, LearnerConfig
    from foretell.lab.prequential import run as code

    settings = run.settings
    config = LearnerConfig(
        settings["network"],
        rsa.VOCABULARY,
        2 * world.width,
        rate=settings["rate"],
        warmup=30,
        steps=steps,
        cooldown=steps // 3,
        seed=run.seed,
    )
    name = world.name.replace(" ", "-")
    archive = run.folder / f"{name}.lab" if keep else None
    with run.progress(steps, world.name) as progress:
        curve = code(
            Learner(config, run.device),
            lambda step: world.batch(settings["batch"], run.seed, step),
            steps,
            given=rsa.START,
            archive=archive,
            checkpoint=run.folder / f"{name}.pt",
            progress=progress,
        )
    late = curve.nats[-max(steps // 10, 1) :].astype(np.float64).mean(axis=0) / math.log(2)
    return {
        "bits": world.width,
        "entropy": world.entropy,
        "m": float(late[: world.width].sum()),
        "c": float(late[world.width :].sum()),
        "restored": restored_elsewhere(archive) == curve.digest if archive else None,
    }


def _factored(run: Run, key: rsa.Key) -> Figures:
    """Write the file of one who factors."""
    pairs = rsa.rsa(key).pairs(EXAMPLES, run.seed)
    path = run.folder / f"factored-{key.modulus.bit_length()}"
    size = rsa.write(path, key, pairs)
    header = len(path.read_bytes().split(b"\n", 1)[0]) + 1
    return {
        "file_bits": 8 * size,
        "header_bits": 8 * header,
        "m_bits": EXAMPLES * math.log2(key.modulus),
        "restored": restored("foretell.lab.worlds.rsa", path) == said(pairs),
    }


def measure(run: Run) -> Figures:
    """Learn each modulus and each control, and factor each modulus."""
    settings = run.settings
    keys = {bits: rsa.key(bits, run.seed) for bits in settings["moduli"]}
    smallest = min(keys)
    return {
        "rsa": [_learned(run, rsa.rsa(key), settings["steps"], bits == smallest) for bits, key in keys.items()],
        "controls": {
            world.name: _learned(run, world, settings["control_steps"][world.name], False)
            for world in rsa.controls(settings["control_bits"])
        },
        "factored": [_factored(run, key) for key in keys.values()],
    }


def judge(figures: Figures) -> list[Check]:
    """Call a map learned if m and c cost at most 1.05 |m|, and not learned if c costs at least 0.9 |c|."""
    checks = [
        Check(f"rsa {one['bits']}: bits of c over |c|", one["c"] / one["entropy"], low=0.9)
        for one in figures["rsa"]
        if one["bits"] >= LARGE
    ]
    small = min(figures["rsa"], key=lambda one: one["bits"])
    total = (small["m"] + small["c"]) / small["entropy"]
    checks.append(Check(f"rsa {small['bits']}: bits of m and c over |m|", total, high=1.05, full_only=True))
    checks.append(Check("its file restored by a process of its own (1 = yes)", float(small["restored"]), 1, 1))
    for name, one in figures["controls"].items():
        over = (one["m"] + one["c"]) / one["entropy"]
        checks.append(
            Check(
                f"{name}, {one['bits']} bits: bits of m and c over |m|", over, high=1.05, full_only=name != "identity"
            )
        )
    over = max(one["file_bits"] - one["header_bits"] - one["m_bits"] for one in figures["factored"])
    whole = all(one["restored"] for one in figures["factored"])
    checks.append(Check("files of one who factors, less headers and |m|: the most bits", over, high=8))
    checks.append(Check("these files restored by a process of its own (1 = yes)", float(whole), 1, 1))
    return checks


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Draw what c costs, against the modulus, and under the controls."""
    moduli = [one["bits"] for one in figures["rsa"]]
    series = {
        "network": [one["c"] / one["entropy"] for one in figures["rsa"]],
        "one who factors": [one["file_bits"] / one["m_bits"] - 1 for one in figures["factored"]],
    }
    return {
        "moduli": plots.lines(
            moduli,
            series,
            title="What c = m^d mod n costs after m",
            x_label="bits of the modulus",
            y_label="bits of c over |c|",
            levels={"unlearned": 1.0},
        ),
        "controls": plots.bars(
            {name: one["c"] / one["entropy"] for name, one in figures["controls"].items()},
            title="What the image of m costs after m, maps that can be learned",
            y="bits of c over |c|",
            levels={"unlearned": 1.0},
        ),
    }


_CONTROLS = ("identity", "xor", "affine")
_SETTINGS = {"network": "1,8,64", "rate": 5e-3, "batch": 64}

EXPERIMENT = Experiment(
    id="G",
    name="rsa",
    claim="A network does not learn RSA of 16 bits and more from its stream; one who factors compresses it.",
    sizes={
        "toy": {
            "network": "1,1,16",
            "rate": 5e-3,
            "batch": 16,
            "moduli": [6, 16],
            "steps": 20,
            "control_bits": 4,
            "control_steps": dict.fromkeys(_CONTROLS, 20),
        },
        "quick": {
            **_SETTINGS,
            "moduli": [6, 16],
            "steps": 150,
            "control_bits": 16,
            "control_steps": dict.fromkeys(_CONTROLS, 150),
        },
        "full": {
            **_SETTINGS,
            "moduli": [6, 8, 12, 16, 24, 32],
            "steps": 600,
            "control_bits": 16,
            "control_steps": {"identity": 500, "xor": 1000, "affine": 5000},
        },
    },
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=8,
    quick_cannot="that a small modulus, XOR and an affine map are learned to the end, and moduli between the extremes",
)
