"""The leaderboard: all methods of the book under one protocol, and one that combines them.

``grid`` says who is compared where and on how many labels; ``features``, ``gaussian_process`` and
``methods`` are our own predictor; ``searches`` and ``carry_over`` are what else is compared;
``ranks`` is the statistics of many benchmarks. ``experiments`` makes the figures, ``tables`` shows
them, ``user_list`` ranks a list of your own.
"""
