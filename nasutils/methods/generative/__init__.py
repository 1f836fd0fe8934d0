"""Hierarchical generative NAS: a generator of cells, and a generator of sequences of cells.

Source: Xiang et al., "Towards Neural Architecture Search through Hierarchical Generative Modeling",
ICML 2024. The method in the order of its use: label cells (``proxy_vector``, ``pool``), find their
families (``clusters``), embed them (``cell_tensors``, ``gvae``), learn to draw latents (``ccnf``),
draw cells (``generator``), search in families (``limits``, ``evolution``, ``fitness``), and write
sequences (``sequences``). ``model`` trains the networks, ``pipeline`` takes these steps,
``short_training`` judges networks, ``experiments`` makes the tables.
"""
