"""HyperNAS: a predictor that encodes all cells of a network, and a hypernetwork beside it.

Source: Lv et al., "HyperNAS: Enhancing Architecture Representation for NAS Predictor via
Hypernetwork". In the order of its use: architectures become cell sequences (``methods.common``),
these the tensors of a GCN (``graphs``), which the ``encoder`` turns into features and the
``predictor`` learns to rank by; ``selection`` compares recipes of it. A ``hypernetwork`` makes the
weights of target networks from the same features, and both tasks are trained under one ``loss``
(``joint``) on an ``auxiliary`` task. ``pretraining`` is
ours and comes first: to predict zero-cost proxies, or what the networks of a hypernetwork can do,
its ``teacher``. ``methods`` are the rows of the chapter's tables, ``experiments`` what it
measures, ``tables`` and ``claims`` how it shows that.
"""
