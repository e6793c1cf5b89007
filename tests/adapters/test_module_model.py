"""Any module that maps tokens to logits, as a model for files."""

from __future__ import annotations

from types import SimpleNamespace

import foretell
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from foretell.adapters.module_model import ByteTokens, ModuleModel  # noqa: E402  (torch may be missing)

ONCE = np.random.default_rng(0).permutation(256).astype(np.uint8).tobytes()
TEXT = 3 * ONCE


class Follower(torch.nn.Module):
    """Knows which byte follows which, and counts how many tokens it was shown."""

    def __init__(self, text: bytes, wrapped: bool = False, extra: int = 0) -> None:
        super().__init__()
        table = torch.zeros(257, 257 + extra)
        for before, after in zip([256, *text], text, strict=False):
            table[before, after] = 6
        self.table = torch.nn.Parameter(table)
        self.wrapped = wrapped
        self.longest = 0

    def forward(self, tokens):
        self.longest = max(self.longest, tokens.shape[1])
        logits = self.table[tokens]
        return SimpleNamespace(logits=logits) if self.wrapped else logits


def model(wrapped: bool = False, text: bytes = ONCE, **settings) -> ModuleModel:
    module = Follower(text, wrapped)
    return ModuleModel(module, ByteTokens(), **{"vocabulary": 257, "context": 40, **settings})


@pytest.mark.parametrize("wrapped", [False, True])
def test_what_the_module_knows_costs_little(wrapped: bool) -> None:
    used = model(wrapped)
    archive = foretell.compress(TEXT, model=used)
    assert len(archive) < len(ONCE)  # other models have to be told the first of the three
    assert used._module.longest == 40
    assert foretell.decompress(archive, model=model(wrapped)) == TEXT
    assert foretell.frame_info(archive)[0].numerics == "native"


def test_other_weights_are_another_model() -> None:
    archive = foretell.compress(TEXT, model=model())
    with pytest.raises(foretell.ModelMismatchError, match="the very same weights"):
        foretell.decompress(archive, model=model(text=TEXT[:100]))
    assert model().digest == model(wrapped=True).digest  # how logits are handed over is no number


def test_what_does_not_fit_is_told() -> None:
    with pytest.raises(ValueError, match="vocabulary 255"):
        ByteTokens(255)
    with pytest.raises(ValueError, match="the module knows 300 tokens, the tokenizer 257"):
        model(vocabulary=300)
    with pytest.raises(ValueError, match="window is 41"):
        model(window=41)
    wrong = ModuleModel(Follower(ONCE, extra=1), ByteTokens(), vocabulary=257, context=40)
    with pytest.raises(ValueError, match=r"logits are \[1, 1, 258\], expected \[1, 1, 257\]"):
        foretell.compress(TEXT, model=wrong)
