"""The experiments of the chapter on hierarchical generation, one a table or a figure.

They share a ``Pipeline``: a chapter makes one and hands it on, so that nothing is trained twice.
"""

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import torch

from nasutils.methods.generative.clusters import VECTOR
from nasutils.methods.generative.evolution import plain_evolution, start_sequence
from nasutils.methods.generative.generator import Drawing, assemble, cell_size, obedience
from nasutils.methods.generative.gvae import GVAE, latent_structure, reconstruction
from nasutils.methods.generative.pipeline import SIZES, Pipeline, random_design
from nasutils.methods.generative.proxy_vector import get_scoring, proxy_vector
from nasutils.networks.graphnet import Size
from nasutils.paths import cache_dir
from nasutils.search import Score, SearchResult, random_search
from nasutils.spaces.graphnet import GraphNetCell
from nasutils.spaces.graphnet_sequence import GraphNetSequence
from nasutils.study.run import Run, experiment
from nasutils.threads import deterministic_cpu

SPACE = "graphnet"
#: Row of Figure 2 -> attribute of the pipeline.
LATENTS = {"naive": "naive", "predictor alone": "untripled", "triplet and predictor": "gvae"}
#: The best cell of NAS-Bench-201 on CIFAR-10, which Table 1 starts from.
REFERENCE = GraphNetCell.from_string(
    "|conv_3x3~0|+|conv_3x3~0|+|conv_3x3~1|+|skip~0|+|conv_3x3~1|+|conv_3x3~2~3|+|output~4~5~6|"
)
SAMPLES = 20  # cells a row of Table 1
FRESH = 300  # cells that nothing was trained on
QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)  # of the parameters of labelled cells, as requests
NOISES = (0.4, 1.0)  # of the base points
WRITTEN = 100  # architectures that the sequence generator writes at once


def make_pipeline(run: Run) -> Pipeline:
    """Return the pipeline of a run; nothing is computed yet. The demo keeps no network."""
    folder = cache_dir() / "generative" / f"{run.scale}-{run.seed}" if run.real else None
    return Pipeline(run.by_scale(**SIZES), run.seed, folder, progress=run.real)


@experiment("latents", version=1, items=("figure2", "reconstruction"))
@deterministic_cpu()
def latents(run: Run, steps: Pipeline) -> pd.DataFrame:
    """Compare auto-encoders with and without labels and the triplet margin (Figure 2).

    Returns:
        A row an auto-encoder: shares of exact and valid reconstructions of fresh cells, how often
        the ten nearest of the labelled cells share a cluster, and the correlation of distances.
    """
    fresh, cells, rows = steps.fresh(FRESH), steps.labelled_cells, {}
    groups = steps.clusters.assign(steps.vectors)
    shares = np.bincount(groups) / len(groups)
    run.add("figure2", "by chance", SPACE, "shared_cluster", 100 * (shares @ shares))
    run.add("figure2", "clusters", SPACE, "count", len(steps.clusters))
    for row, name in LATENTS.items():
        model: GVAE = getattr(steps, name)
        decoded = reconstruction(model, fresh)
        found = latent_structure(model, cells, steps.vectors, steps.clusters)
        rows[row] = {**decoded, **found}
        run.add("reconstruction", row, f"{SPACE}/fresh", "success_rate", 100 * decoded["exact"])
        run.add("reconstruction", row, f"{SPACE}/valid", "success_rate", 100 * decoded["valid"])
        run.add("figure2", row, SPACE, "shared_cluster", 100 * found["shared cluster"])
        run.add("figure2", row, SPACE, "spearman", found["correlation"])
    return pd.DataFrame(rows).T


@experiment("sampling", version=1, items=("table1",))
@deterministic_cpu()
def sampling(run: Run, steps: Pipeline) -> pd.DataFrame:
    """Sample around the best cell of NAS-Bench-201, three ways (Table 1).

    Returns:
        A row a way: the share of valid cells, means of the proxies, and the mean distance (L1) of
        the scaled proxy vectors from the reference's.
    """
    sampler, seed = steps.sampler, run.seed
    ways = {
        "Random": sampler.random(SAMPLES, seed),
        "NATS-Bench ref.": [REFERENCE],
        "Neighbourhood": sampler.neighbourhood(REFERENCE, SAMPLES, seed),
        "CCNF": sampler.sample(sampler.predict(REFERENCE), SAMPLES, seed),
    }
    scoring, rows = get_scoring(steps.sizes.scoring), {}
    centre = steps.clusters.scale(pd.DataFrame([proxy_vector(REFERENCE, scoring)]))
    for row, cells in ways.items():
        valid = [cell for cell in cells if cell is not None]
        vectors = pd.DataFrame([proxy_vector(cell, scoring) for cell in valid], columns=[*VECTOR])
        vectors = vectors[np.isfinite(vectors).all(axis=1)]
        rows[row] = {
            "success_rate": 100 * len(valid) / len(cells),
            "naswot": vectors["nwot"].mean(),
            "snip_ssnr": vectors["snip_ssnr"].mean(),
            "params_m": vectors["params"].mean(),
            "flops_m": vectors["flops"].mean(),
            "distance": np.abs(steps.clusters.scale(vectors) - centre).sum(1).mean()
            if len(vectors)
            else np.nan,
        }
        for metric, value in rows[row].items():
            if np.isfinite(value):
                run.add("table1", row, scoring.images, metric, value)
    return pd.DataFrame(rows).T


@experiment("obedience", version=1, items=("obedience",))
@deterministic_cpu()
def obey(run: Run, steps: Pipeline) -> pd.DataFrame:
    """Ask for sizes, of cells and of architectures, and measure what comes.

    Returns:
        A row a generator and a request: requested and generated sizes and shares.
    """
    rows = []
    for quantile in QUANTILES:
        wanted = steps.pool["params"].quantile(quantile, interpolation="nearest")
        request = steps.pool.set_index("params").loc[[wanted], "flops"].iloc[0]
        asked = Size(wanted, request)
        target = steps.sampler.target(params=asked.params, flops=asked.flops)
        for noise in NOISES:
            cells = steps.sampler.sample(target, WRITTEN, run.seed, noise=noise)
            found = obedience(asked, cells, cell_size, steps.known)
            rows.append({"row": f"cells, noise {noise:g}", "asked": asked, **found})
    rng, draw = np.random.default_rng(run.seed + 1), steps.sampler.drawing()
    _ = steps.sequences  # whose training is not part of the time to write
    for _ in QUANTILES:
        design = random_design(len(steps.clusters), rng)
        asked = steps.size_of(assemble(design, draw, rng))
        began = time.perf_counter()
        networks = _write(steps, asked._asdict(), rng, draw)
        seconds = time.perf_counter() - began
        found = obedience(asked, networks, steps.size_of)
        rows.append({"row": "architectures", "asked": asked, **found, "seconds": seconds})
    frame = pd.DataFrame(rows)
    for row, found in frame.groupby("row", sort=False):
        for name in ("valid", "unique", "novel"):
            run.add("obedience", row, SPACE, name, 100 * found[name].mean())
        for name in ("params_error", "flops_error"):
            run.add("obedience", row, SPACE, name, 100 * found[name].mean())
        if found["seconds"].notna().any():
            run.add("obedience", row, SPACE, "seconds", found["seconds"].mean())
    return frame


def _write(
    steps: Pipeline, asked: dict[str, float], rng: np.random.Generator, draw: Drawing
) -> list[GraphNetSequence]:
    """Write architectures of a size, and put cells into them."""
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    designs = steps.sequences.generate(asked, WRITTEN, generator)
    return [assemble(design, draw, rng) for design in designs]


@experiment("search", version=1, items=("table2",))
@deterministic_cpu()
def search(run: Run, steps: Pipeline) -> pd.DataFrame:
    """Search for the highest T-CET within the limits, at one budget and at the paper's proportions.

    Returns:
        A row a search: networks it asked for, the highest T-CET, the mean of the ten highest, and
        wall time.
    """
    budget, rng = steps.sizes.budget, np.random.default_rng(run.seed)
    options = {"budget": budget, "population": min(50, budget // 4)}
    chain = GraphNetCell([[0, 1, 0], [0, 0, 1], [0, 0, 0]], ["conv_3x3"])
    start = start_sequence([chain] * 3)
    searches: dict[str, Callable[[Score], SearchResult]] = {
        "Random search": lambda score: random_search(
            steps.limits.random, score, budget=budget, rng=rng
        ),
        "Evo(T-CET), chains": lambda score: plain_evolution(
            start, score, steps.limits, rng=rng, chain=True, **options
        ),
        "Evo(T-CET), GraphNet": lambda score: plain_evolution(
            start, score, steps.limits, rng=rng, **options
        ),
        "HL-Evo(T-CET)+CCNF": lambda _: steps.hl_search,
        "SG+CCNF": lambda score: _written_search(steps, score, budget // 10, rng),
    }
    rows = {}
    for row, look in searches.items():
        score = steps.fitness(f"table2-{len(rows)}")
        began = time.perf_counter()
        found = look(score)
        seconds = time.perf_counter() - began
        rows[row] = {
            "zc_evals": len(found.scores),
            "t_cet": found.score,
            "t_cet_top10": np.sort(found.scores)[-10:].mean(),
            "seconds": seconds,
        }
        for metric, value in rows[row].items():
            run.add("table2", row, f"{SPACE}/{steps.sizes.params:g}m", metric, value)
    return pd.DataFrame(rows).T


def _written_search(
    steps: Pipeline, score: Score, budget: int, rng: np.random.Generator
) -> SearchResult[GraphNetSequence]:
    """Ask for the T-CET of what the sequence generator writes for nine tenths of the limit."""
    draw, found = steps.sampler.drawing(), []
    while len(found) < budget:
        written = _write(steps, {"params": 0.9 * steps.sizes.params}, rng, draw)
        found += [each for each in written if steps.limits.allow(each)]
    return SearchResult(found[:budget], np.array(score(found[:budget])))


@experiment("cost", version=1, items=("table5",))
@deterministic_cpu()
def cost(run: Run, steps: Pipeline) -> pd.Series:
    """Return the seconds that the trainings took (Table 5)."""
    _ = steps.gvae, steps.ccnf, steps.sequences
    seconds = {name: rows[-1]["seconds"] for name, rows in steps.history.items()}
    for name, value in seconds.items():
        run.add("table5", "Training", name, "seconds", value)
    return pd.Series(seconds)
