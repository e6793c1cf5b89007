"""`load_model`: any trained model in a file or folder, as what `foretell.compress` takes as ``model=``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from foretell.adapters.domain_model import DomainModel, is_domain_model
from foretell.errors import UnsupportedError

if TYPE_CHECKING:
    from foretell.models import Pretrained


def load_model(
    path: str | Path,
    *,
    tokenizer: str | Path | None = None,
    exact: bool = True,
    device: str = "cpu",
    lanes: int | None = None,
    window: int | None = None,
    adapt: bool = False,
    tokens_only: bool = False,
) -> Pretrained:
    """Read a model, for ``model=`` of `foretell.compress`, `foretell.decompress` and the rest.

    Parameters
    ----------
    path : path
        What ``foretell-train`` wrote; or a language model: a GGUF file, a llama2.c checkpoint or a Hugging Face folder.
    tokenizer : path, optional
        Of a llama2.c checkpoint: "tokenizer.bin" beside it if not given.
    exact, device, lanes, window, adapt, tokens_only
        Of language models, as for `foretell.adapters.language_model.LanguageModel`. What that cannot compute of a
        Hugging Face folder, transformers does in floats, if `exact` is not set.

    Raises
    ------
    CorruptError, UnsupportedError, OSError
        The file is damaged; is of an unknown kind, needs a package that is missing, or is exact and `exact` is not set;
        or cannot be read.
    ValueError
        An option is out of its range.
    """
    path = Path(path)
    if path.is_file() and is_domain_model(path):
        if not exact:
            raise UnsupportedError(f"{path}: a model of foretell-train is exact, and does not compute in floats")
        if adapt:
            raise UnsupportedError(f"{path}: a model of foretell-train always learns while it codes, without adapt")
        if lanes is not None or window is not None:
            raise UnsupportedError(f"{path}: a model of foretell-train takes no lanes and no window")
        return DomainModel.load(path)
    # These import torch.
    from foretell.adapters.language_model import LanguageModel
    from foretell.adapters.pretrained_tokens import LANES
    from foretell.adapters.weights import load

    lanes = LANES if lanes is None else lanes
    try:
        weights = load(path, tokenizer)
    except UnsupportedError as error:
        if not path.is_dir():
            raise
        if exact:
            raise UnsupportedError(f"{error}; in floats (exact=False, --native) transformers may compute it") from None
        from foretell.adapters.hugging_face import load_causal

        return load_causal(path, device=device, lanes=lanes, window=window, adapt=adapt, tokens_only=tokens_only)
    return LanguageModel(
        weights,
        exact=exact,
        device=device,
        lanes=lanes,
        window=window,
        adapt=adapt,
        tokens_only=tokens_only,
    )
