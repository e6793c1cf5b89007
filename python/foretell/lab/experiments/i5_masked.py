"""I5: a network that fills in masks is a compressor too, but its pseudo-likelihood is no size of a file.

Short sequences of a binary Markov source of known entropy. Places revealed one by one in a random order, each foretold
from those before it, make a file that a process of its own restores, about as long as the entropy. The sum over all
places of -log2 p(place | all others) is smaller than the entropy: it uses every place to foretell its neighbours, and
they it. No code has such lengths: 2^-length, summed over all sequences, is more than 1 (Kraft). With so few sequences
all can be listed, so all three are known exactly for the source itself, and counted for the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from foretell.lab import plots
from foretell.lab.elsewhere import restored, said
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.instruments import standard_error, thinned
from foretell.lab.verdict import Check
from foretell.lab.worlds.markov import Markov

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

SOURCE = Markov(np.array([[0.9, 0.1], [0.2, 0.8]]))


def everything(length: int) -> NDArray[np.int64]:
    """Return all binary sequences, int64 [2^length, length]; row r is r in binary."""
    return np.arange(1 << length)[:, None] >> np.arange(length)[::-1] & 1


def exact(source: Markov, length: int) -> tuple[Floats, Floats]:
    """Return the probability of each binary sequence and its pseudo-likelihood in bits, [2^length] each."""
    rows = everything(length)
    p = source.stationary[rows[:, 0]] * source.table[rows[:, :-1], rows[:, 1:]].prod(axis=1)
    pseudo = np.zeros(len(p))
    for place in range(length):
        other = np.arange(len(p)) ^ 1 << place
        pseudo -= np.log2(p / (p + p[other]))
    return p, pseudo


def measure(run: Run) -> Figures:
    """Code with learning, then add up what the network says of the last sequences, and of all there are."""
    from foretell.lab.masked import MaskedConfig, MaskedLearner, write

    settings = run.settings
    length, batch, steps, late = (settings[name] for name in ("length", "batch", "steps", "late"))
    config = MaskedConfig(
        settings["network"], 2, length, settings["rate"], steps=steps, passes=settings["passes"], seed=run.seed
    )
    learner = MaskedLearner(config, run.device)
    path = run.folder / "masked"

    def sequences(step: int) -> NDArray[np.int64]:
        return SOURCE.sample(batch * length, run.seed, step).astype(np.int64).reshape(batch, length)

    with run.progress(steps, "masked") as progress:
        coded = write(path, learner, sequences, late, progress.update)
    last = batch * late
    pseudo = learner.pseudo_lengths(coded.sequences[-last:])
    p, exact_pseudo = exact(SOURCE, length)
    rows = everything(length)
    return {
        "length": length,
        "entropy": float(-(p * np.log2(p)).sum()),
        "pseudo_exact": float((p * exact_pseudo).sum()),
        "kraft_exact": float(np.exp2(-exact_pseudo).sum()),
        "file": coded.stream_bits[1] / last,
        "file_error": standard_error(coded.ideal[-last:]),
        "pseudo": float(pseudo.mean()),
        "pseudo_error": standard_error(pseudo),
        "kraft_code": float(np.exp2(-learner.code_lengths(rows)).sum()),
        "kraft_pseudo": float(np.exp2(-learner.pseudo_lengths(rows)).sum()),
        "curve": thinned(coded.ideal.reshape(steps, batch).mean(axis=1)),
        "restored": restored("foretell.lab.masked", path) == said(coded.sequences),
    }


def judge(figures: Figures) -> list[Check]:
    """Hold the file against the entropy, and the pseudo-likelihood against what a code may have."""
    entropy = figures["entropy"]
    below = (entropy - figures["pseudo"]) / figures["pseudo_error"]
    return [
        Check(
            "file of the last sequences, bits each, against the entropy less 3 standard errors",
            figures["file"],
            low=entropy - 3 * figures["file_error"],
        ),
        Check("file over entropy", figures["file"] / entropy, high=1.05),
        Check("file restored by a process of its own (1 = yes)", float(figures["restored"]), 1, 1),
        Check("pseudo-likelihood of the source itself over entropy", figures["pseudo_exact"] / entropy, high=0.95),
        Check("pseudo-likelihood of the network, standard errors below the entropy", below, low=3),
        Check("sum of 2^-length over all sequences, the network's code", figures["kraft_code"], 0.999, 1.001),
        Check("the same, its pseudo-likelihood: a code needs at most 1", figures["kraft_pseudo"], low=1.001),
        Check("the same, that of the source itself", figures["kraft_exact"], low=1.001),
    ]


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Draw the curve of the code, and the sums beside the entropy."""
    return {
        "curve": plots.many_curves(
            {"random-order code": figures["curve"]},
            1,
            title=f"Masked network on a Markov source, {figures['length']} bits a sequence",
            x="share of the run",
            y="bits a sequence",
            levels={"entropy": figures["entropy"]},
        ),
        "sums": plots.bars(
            {
                "file": figures["file"],
                "pseudo-likelihood, network": figures["pseudo"],
                "pseudo-likelihood, source": figures["pseudo_exact"],
            },
            title="A file, and sums that are none",
            y="bits a sequence",
            levels={"entropy": figures["entropy"]},
        ),
    }


_SETTINGS = {"network": "2,2,32", "rate": 5e-3, "length": 12, "batch": 64, "passes": 4}

EXPERIMENT = Experiment(
    id="I5",
    name="masked",
    claim="Masked prediction in a random order is a code; the sum of pseudo-likelihoods is none, and is smaller.",
    sizes={
        "toy": {
            "network": "1,1,16",
            "rate": 1e-2,
            "length": 6,
            "batch": 64,
            "passes": 3,
            "steps": 20,
            "late": 5,
        },
        "quick": {**_SETTINGS, "steps": 120, "late": 30},
        "full": {**_SETTINGS, "steps": 500, "late": 100},
    },
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=2,
)
