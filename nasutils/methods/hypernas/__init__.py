"""HyperNAS: a predictor that encodes all cells of a network, and a hypernetwork beside it.

Source: Lv et al., "HyperNAS: Enhancing Architecture Representation for NAS Predictor via
Hypernetwork". The method in the order of its use: architectures become ``stacks`` of cells, these
the tensors of a GCN (``graphs``), which the ``encoder`` turns into features and predictions.
"""
