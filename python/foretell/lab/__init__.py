"""The article as a laboratory: prediction is compression is learning, each claim a command with a verdict.

``foretell-lab list`` names the experiments. Each is one file in `foretell.lab.experiments`, on one frame: a world whose
entropy is known, a network that learns while it codes (`foretell.lab.prequential`), instruments
(`foretell.lab.instruments`), and a verdict (`foretell.lab.verdict`). Training here is float (numerics ``native``): a
file decodes where it was made. What decodes anywhere is the models of `foretell.models`.
"""
