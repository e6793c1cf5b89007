"""The addition experiment's training runs, which several experiments look at: each is made once in a results folder."""

from __future__ import annotations

import hashlib
import itertools
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foretell.lab import instruments
from foretell.lab.experiment import Figures, Run
from foretell.lab.worlds.addition import Addition

if TYPE_CHECKING:
    from foretell.lab.learner import Learner

_LAST = 100
"""Batches after the end over which the training loss is averaged."""


@dataclass(frozen=True)
class Plan:
    """One training run.

    Attributes
    ----------
    size : str
        Of the network (`foretell.lab.networks.gpt.SIZES`).
    steps, batch, cooldown : int
        See `foretell.lab.learner.LearnerConfig`; the batch is of examples.
    digits, leading_zeros, reverse, held_out
        See `foretell.lab.worlds.addition.Addition`.
    dropout : float
    coded : bool
        Whether a file is written.
    """

    size: str
    steps: int
    batch: int
    cooldown: int
    digits: int
    leading_zeros: bool = False
    reverse: bool = False
    held_out: int = 10_000
    dropout: float = 0.0
    coded: bool = False

    @property
    def world(self) -> Addition:
        """Where the examples come from."""
        return Addition(self.digits, self.leading_zeros, self.reverse, self.held_out)


def addition_run(run: Run, plan: Plan) -> Figures:
    """Make a training run, or find it made: curves, falls, validation and the size of the file.

    Losses are in nats a token, bits in bits; curves of `thinned` points over all steps.
    """
    key = json.dumps([asdict(plan), run.seed, run.device])
    folder = run.shared / f"addition-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    folder.mkdir(exist_ok=True)
    done = folder / "figures.json"
    if not done.exists():
        figures = _make(run, plan, folder)
        done.write_text(json.dumps(figures))
    return json.loads(done.read_text())  # type: ignore[no-any-return]


def _make(run: Run, plan: Plan, folder: Any) -> Figures:
    from foretell.lab import archive, learner, prequential
    from foretell.lab.networks import gpt

    world = plan.world
    config = learner.LearnerConfig(
        plan.size,
        world.vocabulary,
        world.length,
        steps=plan.steps,
        cooldown=plan.cooldown,
        dropout=plan.dropout,
        seed=run.seed,
    )
    student = learner.Learner(config, run.device)
    validation = world.tokens(world.validation)
    some = validation[:500]
    log = folder / "validation.json"
    looks: dict[str, list[float]] = json.loads(log.read_text()) if log.exists() else {}

    def watch(step: int, student: Learner) -> None:
        if step % max(1, plan.steps // 40) == 0:
            looks[str(step)] = [float(student.measure(some).mean()), exact_match(student, world, some)]
            log.write_text(json.dumps(looks))

    what = f"{plan.size}, {plan.digits} digits"
    with run.progress(plan.steps, what) as progress:
        curve = prequential.run(
            student,
            lambda step: world.batch(plan.batch, run.seed, step),
            plan.steps,
            given=world.given,
            archive=folder / "examples.lab" if plan.coded else None,
            checkpoint=folder / "checkpoint.pt",
            progress=progress,
            watch=watch,
        )
    losses = student.measure(validation)  # [N, T]
    entropy = world.position_entropy
    window = max(1, plan.steps // 150)
    gap = instruments.smoothed(instruments.epistemic(curve.nats, entropy), window)  # [S, T]
    settle = plan.steps // 50
    answer = range(world.length)[world.answer]
    falls = {str(place): instruments.fall(gap[:, place], settle=settle) for place in answer}
    program = instruments.program_bytes(learner, gpt, prequential, archive)
    examples = plan.batch * np.arange(1, plan.steps + 1)
    bits = np.cumsum(curve.bits)
    ratios = instruments.ratio(bits, examples * world.length, world.vocabulary, 8 * program)
    # Of the network that the validation is of: the last losses of the run are of earlier ones, which knew less.
    coming = ((world.batch(plan.batch, run.seed, plan.steps + ahead), ahead) for ahead in range(min(_LAST, plan.steps)))
    last = np.array([student.measure_training(batch, ahead).mean() for batch, ahead in coming])
    return {
        "plan": asdict(plan),
        "parameters": student.parameters,
        "entropy": float(entropy.mean()),
        "operands": world.operands,
        "answer": list(answer),
        "position_entropy": entropy.tolist(),
        "curve": instruments.thinned(curve.nats.mean(1)),
        "position_curves": [instruments.thinned(curve.nats[:, place]) for place in range(world.length)],
        "lowest_operand_gap": float(gap[:, world.operands].min()),
        "falls": {place: fall and fall.as_dict() for place, fall in falls.items()},
        "others_during_falls": _others(gap, falls),
        "train": float(last.mean()),
        "train_error": instruments.standard_error(last),
        "valid": float(losses.mean()),
        "valid_error": instruments.standard_error(losses.mean(1)),
        "valid_by_position": losses.mean(0).tolist(),
        "exact_match": exact_match(student, world, validation),
        "looks": looks,
        "examples": int(examples[-1]),
        "area": curve.area,
        "entropy_bits": world.entropy * float(examples[-1]),
        "ratio": instruments.thinned(ratios),
        "ratio_end": float(ratios[-1]),
        "ratio_limit": 1 - world.entropy / (world.length * float(np.log2(world.vocabulary))),
        "ratio_crosses_at": _examples_at(examples, instruments.crossing(ratios, 0.0)),
        "ladder_ratio_end": _ladder_ratio(curve.nats, entropy, plan.batch, world, 8 * program),
        "program_bytes": program,
        "ideal_bits": curve.ideal_bits,
        "file_bytes": curve.file_bytes,
        "digest": curve.digest,
        "archive": str((folder / "examples.lab").name if plan.coded else ""),
        "folder": folder.name,
    }


def exact_match(student: Learner, world: Addition, examples: NDArray[np.int64]) -> float:
    """Return the share of examples, int64 [N, T + 1], whose sum the network writes right in every digit."""
    asked = world.answer.start + 1
    parts = [examples[at : at + 512] for at in range(0, len(examples), 512)]
    right = sum(int((student.complete(part[:, :asked]) == part).all(1).sum()) for part in parts)
    return right / len(examples)


def epistemic_bits(figures: Figures) -> float:
    """Return the cost of learning: the area of a run above what no one could have saved, in bits."""
    return float(figures["area"] - figures["entropy_bits"])


def _others(gap: instruments.Floats, falls: dict[str, instruments.Fall | None]) -> dict[str, float]:
    """Return for each fall how much the median of the digits not yet fallen changed meanwhile, as a share of it."""
    changes = {}
    for place, own in falls.items():
        if own is None:
            continue
        waiting = [
            int(other) for other, fall in falls.items() if other != place and (fall is None or fall.start > own.end)
        ]
        if waiting:
            moved = 1 - gap[own.end, waiting] / gap[own.start, waiting]
            changes[place] = float(np.median(moved))
    return changes


def _ladder_ratio(
    nats: NDArray[np.float32], entropy: instruments.Floats, batch: int, world: Addition, program: float
) -> float:
    """Return what r_n at the end should be if each position only ever had three levels, in turn.

    log(V) at first, then what is known without the sum (the entropy of an operand's digit, log 10 of the sum's), then
    its entropy. A position goes on when its smoothed loss is past the middle between two levels.
    """
    steps = len(nats)
    smooth = instruments.smoothed(nats, max(1, steps // 150))
    total = 0.0
    for place in range(world.length):
        between = np.log(10) if place in range(world.length)[world.answer] else entropy[place]
        levels = [np.log(world.vocabulary), float(between), float(entropy[place])]
        at = [
            0,
            *(instruments.first_below(smooth[:, place], (high + low) / 2) for high, low in itertools.pairwise(levels)),
            steps,
        ]
        at = list(np.maximum.accumulate(at))
        total += sum(level * (end - begin) for level, begin, end in zip(levels, at, at[1:], strict=False))
    bits = total * batch / np.log(2)
    return float(instruments.ratio(bits, batch * steps * world.length, world.vocabulary, program))


def _examples_at(examples: NDArray[np.int64], index: int | None) -> int | None:
    return None if index is None else int(examples[index])
