"""Any causal language model that transformers loads from a local folder, in floats: `load_causal`."""

from __future__ import annotations

import importlib
from pathlib import Path

import torch

from foretell.adapters.module_model import ModuleModel
from foretell.adapters.tokenizer_json import read_tokenizer
from foretell.errors import CorruptError, UnsupportedError

_CONTEXT = 2048  # of networks that state none


def load_causal(
    path: Path, *, device: str, lanes: int, window: int | None = None, adapt: bool = False, tokens_only: bool = False
) -> ModuleModel:
    """Load a model, with float32 weights; code that comes with it is not run.

    Parameters
    ----------
    path : Path
        A folder with ``config.json``, ``tokenizer.json`` and the weights.
    device, lanes, window, adapt, tokens_only
        As of `foretell.adapters.language_model.LanguageModel`.

    Raises
    ------
    UnsupportedError
        transformers is not installed or does not know the network, or its tokenizer cannot be read.
    CorruptError
        A file is damaged or missing.
    """
    try:
        transformers = importlib.import_module("transformers")
    except ModuleNotFoundError as error:
        raise UnsupportedError(
            f"{path} needs the package {error.name}, which is not installed: pip install 'foretell[transformers]'"
        ) from None
    try:
        # The plainest attention: others choose their sums by size, and size differs between an encoder and a decoder.
        module = transformers.AutoModelForCausalLM.from_pretrained(
            path, local_files_only=True, dtype=torch.float32, attn_implementation="eager"
        ).to(device)
    except (ValueError, KeyError) as error:
        raise UnsupportedError(f"{path}: transformers does not load it: {error}") from None
    except (OSError, RuntimeError) as error:
        raise CorruptError(f"{path}: transformers does not load it: {error}") from None
    config = module.config
    starts = (getattr(config, name, None) for name in ("bos_token_id", "eos_token_id"))
    start = next((token for token in starts if isinstance(token, int)), 0)
    return ModuleModel(
        module,
        read_tokenizer(path / "tokenizer.json", start, config.vocab_size),
        vocabulary=config.vocab_size,
        context=getattr(config, "max_position_embeddings", None) or _CONTEXT,
        device=device,
        cached=True,
        lanes=lanes,
        window=window,
        adapt=adapt,
        tokens_only=tokens_only,
    )
