"""A transferable predictor: contrastive embeddings of computation graphs, and heads on them.

Source: Han et al., "A General-Purpose Transferable Predictor for Neural Architecture Search",
https://arxiv.org/abs/2302.10835. The method in the order of its use: the graphs of ``sources`` are
packed with their spectra, an ``encoder`` learns without labels that similar ones belong together
(``loss``, ``pretraining``), a ``transfer_predictor`` learns accuracies of the sources and is
fine-tuned on few of the target, and an evolutionary ``search`` asks it. ``methods`` are the rows of
the tables, ``experiments`` the tables themselves.
"""
