"""Models that were trained before: what others trained, and what ``foretell-train`` makes.

`foretell.adapters.weights.load` reads a GGUF file, a llama2.c checkpoint or a Hugging Face folder into one form, with
NumPy alone: tensors of float32 under one set of names and one convention, whatever the container was, and a digest that
names the model. `foretell.load_model` makes of that what `foretell.compress` takes as ``model=``; it needs torch.

`foretell.adapters.training` reads documents of one kind; what it has learned is a
`foretell.adapters.domain_model.DomainModel`, which `foretell.load_model` reads too, without torch.
"""
