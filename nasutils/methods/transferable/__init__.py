"""A transferable predictor: contrastive embeddings of computation graphs, and heads on them.

Source: Han et al., "A General-Purpose Transferable Predictor for Neural Architecture Search",
https://arxiv.org/abs/2302.10835.
"""
