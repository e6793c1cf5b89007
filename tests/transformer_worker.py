"""One process of test_transformer_exact.py: the logits of small networks under this process's settings, as JSON."""

import hashlib
import json
from typing import TypeVar

import tiny_transformer as tiny
import torch
from foretell import exact
from foretell.adapters.decoder import Decoder
from foretell.adapters.transformer import Transformer
from foretell.adapters.transformer_exact import ExactTransformer

TOKENS = exact.hash32(torch.arange(120), 1).view(3, 40) % 300

Kind = TypeVar("Kind", Transformer, ExactTransformer)


def network(kind: type[Kind], config: tiny.TinyConfig, device: str = "cpu") -> Kind:
    return kind(config, tiny.tensors(config), device=device)


def at_once(decoder: Decoder) -> torch.Tensor:
    decoder.begin(len(TOKENS))
    return decoder.forward(TOKENS)


def by_step(decoder: Decoder) -> torch.Tensor:
    decoder.begin(len(TOKENS))
    return torch.stack([decoder.step(TOKENS[:, t]) for t in range(TOKENS.shape[1])], 1)


def digest(logits: torch.Tensor) -> str:
    return hashlib.sha256(logits.numpy().tobytes()).hexdigest()


def main() -> None:
    report: dict[str, dict[str, list[str]]] = {}
    for kind in (ExactTransformer, Transformer):
        report["exact" if kind is ExactTransformer else "float"] = digests = {}
        for config in (tiny.LLAMA, tiny.GPT2):
            decoder = network(kind, config)
            digests[config.architecture] = found = []
            torch.set_num_threads(1)
            found += [digest(at_once(decoder)), digest(by_step(decoder))]
            torch.set_num_threads(2)
            found.append(digest(at_once(decoder)))
    print(json.dumps(report))


if __name__ == "__main__":
    main()
