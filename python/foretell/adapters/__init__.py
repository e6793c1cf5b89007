"""Language models that others trained: their files read, their tokenizers made lossless. NumPy alone.

`foretell.adapters.weights.load` reads a GGUF file, a llama2.c checkpoint or a Hugging Face folder into one form:
`foretell.adapters.weights.Weights`, with tensors of float32 under one set of names and one convention, whatever the
container was, and a digest that names the model.
"""
