"""H: a stream of additions from a seeded generator holds a seed and no more, but a network does not find it.

The operands of all examples come from one MT19937 that Python seeds. A network learns nothing about them: it pays their
52.85 bits in every example, though all there is to know has 20 bits. A mixture that tries all seeds pays for the seed
once, and half a bit on each side of its prior, and nothing after the first example. One who knows a seed of 32 bits
sends it in place of the first example. Not all generators withstand: the same network learns a small congruential one
to the end. The files of both who use the generator are restored by a process of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from foretell.lab import plots
from foretell.lab.elsewhere import restored, said
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.instruments import standard_error, thinned
from foretell.lab.verdict import Check
from foretell.lab.worlds import generators
from foretell.lab.worlds.generators import WORLD, Congruential

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from foretell.lab.prequential import Curve, Source

MODULE = "foretell.lab.worlds.generators"
SEED = 0x9E3779B1
"""Of the sender who knows it: 32 bits."""


def _learned(run: Run, name: str, world: Any, source: Source) -> Curve:
    from foretell.lab.learner import Learner, LearnerConfig
    from foretell.lab.prequential import run as code

    steps = run.settings[f"{name}_steps"]
    config = LearnerConfig(
        run.settings["network"],
        world.vocabulary,
        world.length,
        rate=run.settings["rate"],
        warmup=30,
        steps=steps,
        cooldown=steps // 3,
        seed=run.seed,
    )
    with run.progress(steps, name) as progress:
        return code(
            Learner(config, run.device),
            source,
            steps,
            given=world.given,
            checkpoint=run.folder / f"{name}.pt",
            progress=progress,
        )


def _twister(run: Run, seed: int) -> Figures:
    """Let the network learn from the seeded stream; return what its operands cost."""
    batch, steps = run.settings["batch"], run.settings["twister_steps"]
    examples = WORLD.tokens(generators.pairs(seed, batch * steps))
    curve = _learned(run, "twister", WORLD, lambda step: examples[step * batch : (step + 1) * batch])
    bits = curve.nats[:, WORLD.operands].astype(np.float64).sum(axis=1) / math.log(2)
    late = bits[-max(steps // 10, 2) :]
    return {"operands": float(late.mean()), "error": standard_error(late), "curve": thinned(bits)}


def _congruential(run: Run) -> Figures:
    """Let it learn the small generator; return what a state costs after the first."""
    world = Congruential()
    batch, steps = run.settings["batch"], run.settings["congruential_steps"]
    curve = _learned(run, "congruential", world, lambda step: world.batch(batch, run.seed, step))
    bits = curve.nats[:, 1:].astype(np.float64).mean(axis=1) / math.log(2)
    return {"state": float(bits[-max(steps // 10, 1) :].mean()), "curve": thinned(bits)}


def _searched(run: Run, seed: int) -> Figures:
    """Write the file of one who tries all seeds."""
    bits, count = run.settings["seed_bits"], run.settings["examples"]
    numbers = generators.pairs(seed, count)
    path = run.folder / "searched"
    with run.progress(count, "seed search", "example") as progress:
        ideal = generators.write_search(path, numbers, bits, progress.update)
    return {
        "bits": bits,
        "ideal": float(ideal.sum()),
        "later": float(ideal[1:].mean()),
        "file_bits": 8 * path.stat().st_size,
        "curve": np.cumsum(ideal)[:8].tolist(),
        "restored": restored(MODULE, path) == said(WORLD.tokens(numbers)),
    }


def _known(run: Run, examples: int) -> Figures:
    """Write the file of one who knows the seed, of 32 bits."""
    path = run.folder / f"known-{examples}"
    size = generators.write_seed(path, SEED, examples)
    numbers = generators.pairs(SEED, examples)
    return {"file_bits": 8 * size, "restored": restored(MODULE, path) == said(WORLD.tokens(numbers))}


def measure(run: Run) -> Figures:
    """Let the network, the search and the one who knows work on streams from seeds."""
    seed = int(np.random.default_rng(run.seed).integers(1 << run.settings["seed_bits"]))
    return {
        "entropy": WORLD.entropy,
        "examples": run.settings["examples"],
        "twister": _twister(run, seed),
        "congruential": _congruential(run),
        "searched": _searched(run, seed),
        "known_one": _known(run, 1),
        "known_all": _known(run, run.settings["examples"]),
    }


def judge(figures: Figures) -> list[Check]:
    """Hold the network against the entropy of free operands, and the search against the bits of a seed."""
    twister, searched, floor = figures["twister"], figures["searched"], figures["entropy"]
    known = figures["known_one"], figures["known_all"]
    whole = all(one["restored"] for one in (searched, *known))
    return [
        Check(
            "network, bits of the operands, against their entropy less 3 standard errors",
            twister["operands"],
            low=floor - 3 * twister["error"],
        ),
        Check("network, bits of the operands over their entropy", twister["operands"] / floor, high=1.01),
        Check("network, bits of a state of the small generator", figures["congruential"]["state"], high=0.1),
        Check(
            "seed search, bits in all",
            searched["ideal"],
            low=searched["bits"] + 0.9,
            high=searched["bits"] + 1.1,
        ),
        Check("seed search, bits an example after the first", searched["later"], high=0.01),
        # 4 bytes say what the file is; the coder rounds up to a byte, and a digit that is certain costs 9 / 2^24.
        Check("seed search, file bits less ideal", searched["file_bits"] - searched["ideal"], high=4 * 8 + 9),
        Check("seed of 32 bits, file bits, one example", known[0]["file_bits"], high=floor),
        Check("seed of 32 bits, file bits, all examples", known[1]["file_bits"], high=2 * floor),
        Check("files restored by a process of its own (1 = yes)", float(whole), 1, 1),
    ]


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Draw what the network learns of each generator, and what the first examples cost in all."""
    entropy, searched = figures["entropy"], figures["searched"]
    count = len(searched["curve"])
    axis = list(range(1, count + 1))
    return {
        "network": plots.many_curves(
            {
                "MT19937, 8-digit operands": [bits / entropy for bits in figures["twister"]["curve"]],
                "congruential, mod 256": [bits / 8 for bits in figures["congruential"]["curve"]],
            },
            1,
            title="What a network learns of two generators",
            x="share of the run",
            y="bits over the bits of free numbers",
            levels={"unlearned": 1.0},
        ),
        "seed": plots.lines(
            axis,
            {
                "no generator": [entropy * at for at in axis],
                f"search among 2^{searched['bits']} seeds": searched["curve"],
                "seed of 32 bits known": [33.0] * count,
            },
            title="Operands from a seeded MT19937",
            x_label="examples",
            y_label="bits so far",
        ),
    }


_SETTINGS = {"network": "2,4,64", "rate": 3e-3, "batch": 64}

EXPERIMENT = Experiment(
    id="H",
    name="generator",
    claim="A seeded stream holds its seed and no more, and gradient descent does not find it.",
    sizes={
        "toy": {
            "network": "1,1,16",
            "rate": 5e-3,
            "batch": 16,
            "twister_steps": 10,
            "congruential_steps": 10,
            "seed_bits": 8,
            "examples": 20,
        },
        "quick": {**_SETTINGS, "twister_steps": 150, "congruential_steps": 400, "seed_bits": 16, "examples": 500},
        "full": {**_SETTINGS, "twister_steps": 1000, "congruential_steps": 600, "seed_bits": 20, "examples": 1000},
    },
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=4,
)
