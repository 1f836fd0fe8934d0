"""Kshot-Hypernet: one super-net whose every cell can be deployed.

Source: Zhuge et al., "Single Train Multi Deploy on Topology Search Spaces using Kshot-Hypernet",
WANT@ICML 2024.
"""
