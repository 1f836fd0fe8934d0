"""Features of architectures, laid out on a plane by t-SNE: a panel an encoder."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import ArrayLike

from nasutils.report.drawing import panels
from nasutils.report.style import looks


def draw_by_rank(features: Mapping[str, np.ndarray], accuracy: ArrayLike) -> None:
    """Draw features (N, D) of N architectures, a panel each, coloured by rank of accuracy."""
    ranks = np.argsort(np.argsort(accuracy))
    axes = _panels(features)
    for name, ax in axes.items():
        dots = ax.scatter(*tsne(features[name]).T, c=ranks, s=8, linewidths=0)
    plt.colorbar(dots, ax=[*axes.values()], label="rank by accuracy", shrink=0.8)


def draw_by_group(features: Mapping[str, np.ndarray], groups: Sequence[str]) -> None:
    """Draw features (N, D) of N architectures, a panel each, a colour and marker a group."""
    styles = looks(dict.fromkeys(groups))
    axes = _panels(features)
    for name, ax in axes.items():
        plane = tsne(features[name])
        for group, look in styles.items():
            dots = plane[np.array(groups) == group]
            marked = {"color": look["color"], "marker": look["marker"]}
            ax.scatter(*dots.T, s=8, label=group, **marked)
    ax.legend(fontsize=7)


def tsne(features: np.ndarray) -> np.ndarray:
    """Return a t-SNE layout of standardised features, (N, 2); the same in every run.

    Source: van der Maaten and Hinton, "Visualizing data using t-SNE", 2008; perplexity 30, less for
    fewer than 90 architectures.
    """
    from sklearn.manifold import TSNE
    from sklearn.preprocessing import StandardScaler

    scaled = StandardScaler().fit_transform(features)
    perplexity = min(30, len(features) / 3)
    return TSNE(init="pca", perplexity=perplexity, random_state=0).fit_transform(scaled)


def _panels(features: Mapping[str, np.ndarray]) -> dict[str, plt.Axes]:
    axes = panels({name: name for name in features}, columns=len(features), height=2.6)
    for ax in axes.values():
        ax.set(xticks=[], yticks=[])
        ax.grid(False)
    return axes
