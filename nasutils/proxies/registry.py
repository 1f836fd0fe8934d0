"""The registry: every proxy with its definition, its source, its direction and its needs."""

import math
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from nasutils.errors import NasutilsError, lookup

if TYPE_CHECKING:
    from nasutils.proxies.passes import Passes

# What a network scores where a proxy is undefined or overflows: it ranks last, as bigger is better.
UNDEFINED = -math.inf


class ProxyError(NasutilsError):
    """A network that a proxy has no value for."""


class Need(StrEnum):
    """What a proxy needs beside the network itself; proxies with the same needs share a run."""

    SHAPE = "shape of the images"
    IMAGES = "images"
    LABELS = "labels"
    RELU_CODES = "training forward pass: which inputs of the ReLUs are positive"
    LAYER_CODES = "evaluation forward pass: which outputs of the layers are positive"
    RELU_PATTERNS = "training forward pass: what each input of a ReLU does on all images"
    WEIGHT_GRADIENTS = "backward pass of the loss to the weights"
    HALF_GRADIENTS = "backward pass of the loss of each half of the batch to the weights"
    OUTPUT_GRADIENTS = "backward pass of the loss to the layers' outputs"
    HESSIAN_PRODUCT = "second backward pass, through the first"
    INPUT_GRADIENTS = "backward pass of the summed logits to the images"
    SYNAPTIC_FLOW = "forward and backward pass of one image of ones, in double precision"
    LAYER_MAPS = "training forward pass of one random image: the outputs of the layers"
    RANDOM_WEIGHTS = "two forward passes with random weights and random images"
    CELL_FEATURES = "forward pass with random weights and images, and a backward pass a cell"


@dataclass(frozen=True)
class Proxy:
    r"""One zero-cost proxy.

    The symbols of the equations: :math:`L` mean cross-entropy (or another loss) of the batch of
    :math:`B` images; :math:`l` a layer, that is a weight which the network convolves with or
    multiplies by, in modules or functions, with values :math:`w_l` (no biases) and gradient
    :math:`g_l = \partial L / \partial w_l`; :math:`\odot` the product by elements.

    Attributes:
        name: Its name in tables.
        title: Its name in prose.
        equation: Its definition, in LaTeX.
        source: Citation key of the bibliography.
        when_undefined: What it scores for a dead network, on overflow, and wherever else the
            equation has no value. ``UNDEFINED`` is minus infinity.
        needs: What it needs beside the network.
        compute: From the shared passes to the score.
        bigger_is_better: Its direction, as its source means it; so far all have the same.
    """

    name: str
    title: str
    equation: str
    source: str
    when_undefined: str
    needs: frozenset[Need]
    compute: Callable[["Passes"], float]
    bigger_is_better: bool = True

    @property
    def needs_images(self) -> bool:
        """Whether the images matter, not just their shape."""
        return Need.IMAGES in self.needs

    @property
    def needs_labels(self) -> bool:
        """Whether it looks at the labels."""
        return Need.LABELS in self.needs


_REGISTRY: dict[str, Proxy] = {}


def register(
    *, title: str, equation: str, source: str, when_undefined: str, needs: set[Need]
) -> Callable[[Callable[["Passes"], float]], Callable[["Passes"], float]]:
    """Register the decorated function under its own name; the fields are those of ``Proxy``."""

    def add(compute: Callable[["Passes"], float]) -> Callable[["Passes"], float]:
        name = compute.__name__
        if name in _REGISTRY:
            raise ValueError(f"the proxy {name!r} is registered twice")
        told = (name, title, equation, source, when_undefined, frozenset(needs))
        _REGISTRY[name] = Proxy(*told, compute)
        return compute

    return add


def declared(compute: Callable[["Passes"], float]) -> Callable[["Passes"], float]:
    """Register a function as ``proxies.toml`` declares it under its name."""
    fields = tomllib.loads((Path(__file__).parent / "proxies.toml").read_text(encoding="utf-8"))
    fields = fields[compute.__name__]
    needs = {Need[name] for name in fields.pop("needs")}
    equation = " ".join(fields.pop("equation").split())
    return register(**fields, equation=equation, needs=needs)(compute)


def proxy_names() -> list[str]:
    """Return the names of all proxies, sorted."""
    return sorted(_REGISTRY)


def get_proxy(name: str) -> Proxy:
    """Return one proxy; UnknownNameError if there is no such."""
    return lookup("proxy", name, _REGISTRY)


def describe() -> pd.DataFrame:
    """Return what the registry declares, one row a proxy, indexed by name."""
    columns = ("title", "equation", "source", "bigger_is_better", "needs", "when_undefined")
    frame = pd.DataFrame([vars(_REGISTRY[name]) for name in proxy_names()]).set_index("name")
    frame["needs"] = ["; ".join(sorted(needs, key=[*Need].index)) for needs in frame["needs"]]
    return frame[[*columns]]
