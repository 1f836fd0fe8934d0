"""The benchmarks side by side, and what rankings on them mean: the mechanisms of chapter 0."""
