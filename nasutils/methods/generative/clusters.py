"""Families of cells: a Gaussian mixture in the space of proxy vectors (Section 3.1, Eq. 3)."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from sklearn.mixture import GaussianMixture

from nasutils.cache import cached
from nasutils.errors import DataError, NasutilsError
from nasutils.files import write_text

#: Numbers of clusters that are tried; the authors' runs have 32.
COUNTS = (1, 2, 4, 8, 12, 16, 20, 24, 28, 32, 40)
#: Names of the proxy vector, in its order, and whether a logarithm is taken first.
VECTOR = {"snip_ssnr": True, "nwot": False, "params": True, "flops": True}


@dataclass(frozen=True, eq=False)
class Clusters:
    """Proxy vectors on a common scale, and a mixture of K normal distributions of them.

    A proxy that spans magnitudes enters by its logarithm; each is centred, and divided by its
    standard deviation. The paper leaves the scale open.

    Attributes:
        centre: Of the P proxies, (P,).
        spread: Their standard deviations, (P,).
        weights: Of the clusters, (K,).
        means: On the common scale, (K, P).
        covariances: Of shape (K, P, P).
        criteria: BIC and AIC by the number of clusters; the choice was made by them.
    """

    centre: np.ndarray
    spread: np.ndarray
    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    criteria: pd.DataFrame

    @classmethod
    def fit(
        cls,
        vectors: pd.DataFrame,
        *,
        seed: int,
        counts: Sequence[int] = COUNTS,
        plateau: float = 0.05,
    ) -> Self:
        """Scale the vectors, and fit a mixture whose size is where both criteria plateau.

        The number of clusters is the smallest one tried by which BIC as well as AIC has made all
        but a share of its fall from the first to its lowest value.

        Args:
            vectors: Of N cells; columns as ``VECTOR``.
            seed: Of the fits' initial clusters.
            counts: Numbers to try, ascending.
            plateau: That share.

        Raises:
            NasutilsError: If a column is missing or a value is not finite (or not positive, where
                a logarithm is taken), a proxy is constant, or there are too few cells.
        """
        if missing := [name for name in VECTOR if name not in vectors]:
            raise NasutilsError(f"proxy vectors lack {', '.join(missing)}: {', '.join(VECTOR)}.")
        if len(vectors) <= max(counts):
            raise NasutilsError(f"{len(vectors)} cells are too few for {max(counts)} clusters.")
        raw = _logged(vectors)
        centre, spread = raw.mean(0), raw.std(0)
        if not (spread > 0).all():
            constant = [name for name, s in zip(VECTOR, spread, strict=True) if not s > 0]
            raise NasutilsError(f"all cells have the same {', '.join(constant)}.")
        z = (raw - centre) / spread
        fits = {count: GaussianMixture(count, random_state=seed).fit(z) for count in counts}
        criteria = pd.DataFrame({k: {"bic": m.bic(z), "aic": m.aic(z)} for k, m in fits.items()}).T
        chosen = fits[plateau_of(criteria, plateau)]
        return cls(centre, spread, chosen.weights_, chosen.means_, chosen.covariances_, criteria)

    @classmethod
    def cached(cls, folder: Path, make: Callable[[], Self]) -> Self:
        """Return the clusters of ``clusters.json`` in a folder of the cache, or make them."""
        return cached(
            folder / "clusters.json",
            load=lambda path: cls.from_json(path.read_text("utf-8")),
            make=make,
            save=lambda made, path: write_text(path, made.to_json()),
        )

    def __len__(self) -> int:
        return len(self.weights)

    def scale(self, vectors: pd.DataFrame) -> np.ndarray:
        """Return proxy vectors of N cells on the common scale, (N, P)."""
        return (_logged(vectors) - self.centre) / self.spread

    def unscale(self, z: np.ndarray) -> pd.DataFrame:
        """Return the proxies that scaled vectors (N, P) stand for."""
        frame = pd.DataFrame(np.asarray(z) * self.spread + self.centre, columns=list(VECTOR))
        return frame.assign(**{name: np.exp(frame[name]) for name in VECTOR if VECTOR[name]})

    def assign(self, z: np.ndarray) -> np.ndarray:
        """Return the likeliest cluster of each scaled vector: (N, P) to (N,)."""
        return self._mixture.predict(z)

    def complete(self, z: np.ndarray) -> np.ndarray:
        """Fill what is left open (NaN) in a scaled vector (P,) with what the mixture expects."""
        known = ~np.isnan(z)
        if not known.any():
            return self.weights @ self.means
        shares, expected = [], []
        for weight, mean, covariance in zip(
            self.weights, self.means, self.covariances, strict=True
        ):
            inner, off = covariance[np.ix_(known, known)], z[known] - mean[known]
            solved = np.linalg.solve(inner, off)
            shares.append(np.log(weight) - (off @ solved + np.linalg.slogdet(inner)[1]) / 2)
            expected.append(mean[~known] + covariance[np.ix_(~known, known)] @ solved)
        odds = np.exp(np.array(shares) - max(shares))
        filled = z.copy()
        filled[~known] = odds @ np.array(expected) / odds.sum()
        return filled

    def to_json(self) -> str:
        """Return all of it as text that ``from_json`` reads back to the bit."""
        arrays = {name: getattr(self, name).tolist() for name in _ARRAYS}
        return json.dumps({**arrays, "criteria": self.criteria.to_dict()})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what ``to_json`` wrote.

        Raises:
            DataError: If it is something else.
        """
        try:
            state = json.loads(text)
            criteria = pd.DataFrame(state["criteria"])
            criteria.index = criteria.index.astype(int)
            found = cls(*(np.array(state[name], dtype=float) for name in _ARRAYS), criteria)
            clusters, proxies = found.means.shape
            shapes = [(proxies,), (proxies,), (clusters,), (clusters, proxies)]
            right = [*shapes, (clusters, proxies, proxies)]
            if proxies != len(VECTOR) or [getattr(found, n).shape for n in _ARRAYS] != right:
                raise ValueError("arrays of other shapes")
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"this text describes no clusters ({error}).") from error
        return found

    @cached_property
    def _mixture(self) -> GaussianMixture:
        mixture = GaussianMixture(len(self))
        mixture.weights_, mixture.means_ = self.weights, self.means
        mixture.covariances_ = self.covariances
        inverse = np.linalg.inv(np.linalg.cholesky(self.covariances))
        mixture.precisions_cholesky_ = inverse.swapaxes(1, 2)
        return mixture


_ARRAYS = ("centre", "spread", "weights", "means", "covariances")


def plateau_of(criteria: pd.DataFrame, share: float) -> int:
    """Return the first row by which each column has made all but a share of its whole fall."""
    lowest = criteria.min()
    left = (criteria.cummin() - lowest) / (criteria.iloc[0] - lowest).clip(lower=1e-12)
    return int(criteria.index[(left <= share).all(axis=1).to_numpy()][0])


def _logged(vectors: pd.DataFrame) -> np.ndarray:
    raw = vectors[list(VECTOR)].to_numpy(dtype=float, copy=True)
    logged = np.array(list(VECTOR.values()))
    with np.errstate(divide="ignore", invalid="ignore"):
        raw[:, logged] = np.log(raw[:, logged])
    if not np.isfinite(raw).all():
        row = int(np.flatnonzero(~np.isfinite(raw).all(1))[0])
        values = vectors[list(VECTOR)].iloc[row].to_dict()
        raise NasutilsError(f"cell {row} has no finite proxy vector: {values}.")
    return raw
