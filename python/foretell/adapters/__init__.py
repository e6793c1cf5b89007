"""Language models that others trained: their files read, their tokenizers made lossless, their predictions coded.

`foretell.adapters.weights.load` reads a GGUF file, a llama2.c checkpoint or a Hugging Face folder into one form, with
NumPy alone: tensors of float32 under one set of names and one convention, whatever the container was, and a digest that
names the model. `foretell.load_model` makes of that what `foretell.compress` takes as ``model=``; it
needs torch.
"""
