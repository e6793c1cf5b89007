"""Bit-exact neural network training in torch: the same bits on any CPU, SIMD level, thread count, batch split or GPU.

A small library of its own: it needs torch and nothing else of foretell. See ``docs/exact.md`` for the contract, the
recipe for a layer, and what it costs. Every function here uses only

* integer arithmetic, comparisons, look-ups, minima and maxima;
* single IEEE-754 operations ``+ - * / sqrt`` and conversions, element by element, one rounding each;
* sums and matrix products of integers (held in floats while every partial sum stays below 2^24 or 2^53), which no
  order of summation can change.

Importing this package imports torch.
"""

from foretell.exact.activation import clipped_relu, clipped_relu_gradient
from foretell.exact.attention import KeyValueCache
from foretell.exact.embedding import Embedding
from foretell.exact.gate import gelu, sigmoid, silu
from foretell.exact.grid import dither, exponent_for, power_of_two, quantise
from foretell.exact.linear import Linear
from foretell.exact.matmul import matmul
from foretell.exact.noise import NoiseBank, hash32, uniform
from foretell.exact.norm import check_norm, layer_norm, rms_norm
from foretell.exact.optim import Adagrad, Adam
from foretell.exact.root import sqrt
from foretell.exact.rotary import Rotary
from foretell.exact.rows import quantise_rows
from foretell.exact.softmax import FRACTION_BITS, cdf_from_logits, logit_gradient
from foretell.exact.wide_linear import WideLinear, settled

__all__ = [
    "FRACTION_BITS",
    "Adagrad",
    "Adam",
    "Embedding",
    "KeyValueCache",
    "Linear",
    "NoiseBank",
    "Rotary",
    "WideLinear",
    "cdf_from_logits",
    "check_norm",
    "clipped_relu",
    "clipped_relu_gradient",
    "dither",
    "exponent_for",
    "gelu",
    "hash32",
    "layer_norm",
    "logit_gradient",
    "matmul",
    "power_of_two",
    "quantise",
    "quantise_rows",
    "rms_norm",
    "settled",
    "sigmoid",
    "silu",
    "sqrt",
    "uniform",
]
