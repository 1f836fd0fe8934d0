"""UP-NAS: a unified zero-cost proxy, its estimator, and gradient ascent in an embedding space.

Source: Huang et al., "UP-NAS: Unified Proxy for Neural Architecture Search", CVPR Workshops 2024.
The method in the order of its use: ``normalise`` the proxies, find the weights (``tpe``), sum them
(``unify``), embed the architectures (``common.codecs``, ``common.vgae``), learn to predict the
proxies from the embedding (``estimator``, ``model``), and climb (``ascent``). ``pipeline`` takes
these steps, ``experiments`` makes the tables.
"""
