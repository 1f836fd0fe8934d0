"""The experiments of the chapter on hierarchical generation, one a table or a figure.

They share a ``Pipeline``: a chapter makes one and hands it on, so that nothing is trained twice.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr

from nasutils.methods.generative.clusters import VECTOR
from nasutils.methods.generative.evolution import plain_evolution, start_sequence
from nasutils.methods.generative.fitness import TCETFitness
from nasutils.methods.generative.generator import (
    REFERENCE_NOISE,
    Drawing,
    assemble,
    cell_size,
    obedience,
)
from nasutils.methods.generative.gvae import GVAE, latent_structure, reconstruction, validity
from nasutils.methods.generative.other_tasks import CHOSEN, cell_scores, tasks_table
from nasutils.methods.generative.pipeline import SIZES, Pipeline, random_design
from nasutils.methods.generative.proxy_vector import get_scoring, proxy_vector, stacked
from nasutils.methods.generative.short_training import TRAININGS, short_accuracies
from nasutils.networks.graphnet import Size
from nasutils.paths import cache_dir
from nasutils.search import SearchResult, evolutionary_search, random_search
from nasutils.spaces.graphnet import GraphNetCell
from nasutils.spaces.graphnet_sequence import GraphNetSequence
from nasutils.study.run import Run, experiment
from nasutils.threads import deterministic_cpu

SPACE = "graphnet"
#: Row of Table 2 -> name of its T-CETs in the cache.
SEARCHES = {
    "Random search": "random",
    "Evo(T-CET), chains": "evo-chains",
    "Evo(T-CET), GraphNet": "evo",
    "HL-Evo(T-CET)+CCNF": "hl-evo",
    "SG+CCNF": "written",
}
#: Row of Figure 2 -> attribute of the pipeline.
LATENTS = {"naive": "naive", "predictor alone": "untripled", "triplet and predictor": "gvae"}
#: The best cell of NAS-Bench-201 on CIFAR-10, which Table 1 starts from.
REFERENCE = GraphNetCell.from_string(
    "|conv_3x3~0|+|conv_3x3~0|+|conv_3x3~1|+|skip~0|+|conv_3x3~1|+|conv_3x3~2~3|+|output~4~5~6|"
)
AS_FAR = "Noise as far as CCNF"  # Gaussian, of the flow's mean squared distance in the latent space
#: Where plain evolution starts: the paper's channels and strides, and one convolution a cell.
START = start_sequence([GraphNetCell(np.eye(3, k=1, dtype=int), ["conv_3x3"])] * 3)
#: Row of Table 4 -> column of the scores of cells.
SELECTIONS = {
    "T-CET": "t_cet",
    "NASWOT": "nwot",
    "SNIP-SSNR": "snip_ssnr",
    "parameters": "params",
    "FLOPs": "flops",
    "the vector's mean rank": "mean rank",
    "the vector nearest to the best cell's": "likeness",
}
SAMPLES = 20  # cells a row of Table 1
FRESH = 300  # cells that nothing was trained on
QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)  # of the parameters of labelled cells, as requests
NOISES = (0.4, 1.0)  # of the base points
WRITTEN = 100  # architectures that the sequence generator writes at once
TOP = 10  # of a search's scores, whose mean is given
TRAINED, VERSIONS = 40, 5  # of Appendix E.1: networks to train, and versions of a sequence


def make_pipeline(run: Run) -> Pipeline:
    """Return the pipeline of a run; nothing is computed yet. The demo keeps no network."""
    folder = cache_dir() / "generative" / f"{run.scale}-{run.seed}" if run.real else None
    return Pipeline(run.by_scale(**SIZES), run.seed, folder, progress=run.real)


@experiment("latents", version=1, items=("figure2", "reconstruction"))
@deterministic_cpu()
def latents(run: Run, steps: Pipeline) -> pd.DataFrame:
    """Compare auto-encoders with and without labels and the triplet margin (Figure 2).

    Returns:
        A row an auto-encoder: shares of exact and valid reconstructions of fresh cells; of labelled
        cells that were held out: how often the ten nearest labelled ones share their cluster, the
        correlation of distances to labelled ones, and that of predicted and true proxies (the naive
        one has no part that predicts).
    """
    fresh, cells, rows = steps.fresh(FRESH), steps.labelled_cells, {}
    held_out = slice(steps.trained_on, None)
    groups = steps.clusters.assign(steps.vectors)
    shares = np.bincount(groups) / len(groups)
    run.add("figure2", "by chance", SPACE, "shared_cluster", 100 * (shares @ shares))
    run.add("figure2", "clusters", SPACE, "count", len(steps.clusters))
    for row, name in LATENTS.items():
        model: GVAE = getattr(steps, name)
        decoded = reconstruction(model, fresh)
        found = latent_structure(model, cells, steps.vectors, steps.clusters, held_out)
        predicted = model.predict(model.embed(cells[held_out])).numpy()
        truth = steps.vectors[held_out]
        pairs = zip(predicted.T, truth.T, strict=True)
        found["predicted"] = np.mean([spearmanr(*pair).statistic for pair in pairs])
        rows[row] = {**decoded, **found}
        run.add("figure2", row, f"{SPACE}/held-out", "spearman", found["predicted"])
        run.add("reconstruction", row, f"{SPACE}/fresh", "success_rate", 100 * decoded["exact"])
        run.add("reconstruction", row, f"{SPACE}/valid", "success_rate", 100 * decoded["valid"])
        run.add("figure2", row, SPACE, "shared_cluster", 100 * found["shared cluster"])
        run.add("figure2", row, SPACE, "spearman", found["correlation"])
    return pd.DataFrame(rows).T


@experiment("sampling", version=1, items=("table1",))
@deterministic_cpu()
def sampling(run: Run, steps: Pipeline) -> pd.DataFrame:
    """Sample around the best cell of NAS-Bench-201 (Table 1), beside controls.

    Returns:
        A row a way: the share of valid cells, means of the proxies, and the mean distance (L1) of
        the scaled proxy vectors from the reference's.
    """
    ways = _ways(steps)
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


def _ways(steps: Pipeline) -> dict[str, list[GraphNetCell | None]]:
    """Return what each way of Table 1 draws, and what our controls do."""
    sampler, seed, count = steps.sampler, steps.seed, SAMPLES
    target, rng = sampler.predict(REFERENCE), np.random.default_rng(seed)
    flow = sampler.latents(target, count, seed, noise=REFERENCE_NOISE)
    as_far = (flow - steps.gvae.embed([REFERENCE])).square().mean().sqrt().item()
    return {
        "Random": sampler.random(count, seed),
        "NATS-Bench ref.": [REFERENCE],
        "Neighbourhood": sampler.neighbourhood(REFERENCE, count, seed),
        "CCNF": steps.gvae.decode(flow),
        "CCNF, noise 0.2": sampler.sample(target, count, seed, noise=0.2),
        AS_FAR: sampler.neighbourhood(REFERENCE, count, seed, noise=as_far),
        "Uniform cells": [GraphNetCell.random(rng) for _ in range(count)],
    }


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
            generator = torch.Generator().manual_seed(run.seed)
            z = steps.ccnf.sample(target, WRITTEN, generator, noise=noise)
            found = obedience(asked, steps.gvae.decode(z, nearest=True), cell_size, steps.known)
            found["valid"] = validity(steps.gvae.decode(z))
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
        the CPU time of all scores.
    """
    rows = {}
    for row, look in _searches(steps).items():
        found = look()
        rows[row] = {
            "zc_evals": len(found.scores),
            "t_cet": found.score,
            "t_cet_top10": np.sort(found.scores)[-TOP:].mean(),
            "seconds": sum(steps.fitness(SEARCHES[row]).costs.values()),
        }
        for metric, value in rows[row].items():
            run.add("table2", row, f"{SPACE}/{steps.sizes.params:g}m", metric, value)
    return pd.DataFrame(rows).T


def _searches(steps: Pipeline) -> dict[str, Callable[[], SearchResult[GraphNetSequence]]]:
    """Return the searches of Table 2; their scores are kept, so that a second call asks no one."""
    budget, limits, seed = steps.sizes.budget, steps.limits, steps.seed
    options = {"budget": budget, "population": min(50, budget // 4)}

    def plain(score: TCETFitness, *, chain: bool) -> SearchResult[GraphNetSequence]:
        rng = np.random.default_rng(seed)
        return plain_evolution(START, score, limits, rng=rng, chain=chain, **options)

    def random(score: TCETFitness) -> SearchResult[GraphNetSequence]:
        rng = np.random.default_rng(seed)
        return random_search(limits.random, score, budget=budget, rng=rng)

    def hl_evo(_: TCETFitness) -> SearchResult[GraphNetSequence]:
        found = steps.hl_search
        return SearchResult([design.sequence for design in found.architectures], found.scores)

    looks = (
        random,
        partial(plain, chain=True),
        partial(plain, chain=False),
        hl_evo,
        partial(_written_search, steps, budget // 10),
    )
    return {
        row: partial(look, steps.fitness(name))
        for (row, name), look in zip(SEARCHES.items(), looks, strict=True)
    }


def _written_search(
    steps: Pipeline, budget: int, score: TCETFitness
) -> SearchResult[GraphNetSequence]:
    """Ask for the T-CET of what the sequence generator writes for nine tenths of the limit."""
    rng, draw, found = np.random.default_rng(steps.seed), steps.sampler.drawing(), []
    while len(found) < budget:
        written = _write(steps, {"params": 0.9 * steps.sizes.params}, rng, draw)
        found += [each for each in written if steps.limits.allow(each)]
    return SearchResult(found[:budget], np.array(score(found[:budget])))


@experiment("accuracy", version=1, items=("table1", "table2"), default=False)
@deterministic_cpu()
def trained(run: Run, steps: Pipeline) -> None:
    """Train cells of Table 1, and of each search the networks of the highest T-CET (Table 2)."""
    count, scoring = steps.sizes.trained, get_scoring(steps.sizes.scoring)
    groups = {}
    for row, look in _searches(steps).items():
        found = look()
        best = np.argsort(-found.scores, kind="stable")[:count]
        groups["table2", row] = [found.architectures[i] for i in best]
    for row, cells in _ways(steps).items():
        valid = [cell for cell in cells if cell is not None]
        groups["table1", row] = [stacked(cell, scoring) for cell in valid[:count]]
    training = TRAININGS[steps.sizes.scoring]
    for (item, row), networks in groups.items():
        accuracy = short_accuracies(networks, training, seed=run.seed, progress=run.real)["test"]
        for name in ("min", "mean", "max") if len(accuracy) else ():
            value = getattr(accuracy, name)()
            run.add(item, row, training.task, f"test_accuracy_{name}", value)


@experiment("reduced", version=1, items=("e1", "e2"), default=False)
@deterministic_cpu()
def reduced(run: Run, steps: Pipeline) -> pd.DataFrame:
    """Search by the validation accuracy of a short training (Appendix E).

    E.1 mixes the cells of five networks of one written sequence; T-CET chooses among them too. E.2
    is plain evolution in all of GraphNet.

    Returns:
        A row a search: test accuracy of what it chose, and networks that it trained.
    """
    training = TRAININGS[steps.sizes.scoring]
    budget, rng = min(TRAINED, 2 * steps.sizes.budget), np.random.default_rng(run.seed)

    def accuracy(networks: Sequence[GraphNetSequence]) -> np.ndarray:
        found = short_accuracies(networks, training, seed=run.seed, progress=run.real)
        return found["valid"].to_numpy()

    generator = torch.Generator().manual_seed(run.seed)
    (design,) = steps.sequences.generate({"params": 0.9 * steps.sizes.params}, 1, generator)
    draw = steps.sampler.drawing()
    versions = [assemble(design, draw, rng).cells for _ in range(VERSIONS)]
    places = [*zip(*versions, strict=True)]  # the versions of each cell

    def mixed(rng: np.random.Generator) -> GraphNetSequence:
        return GraphNetSequence([cells[rng.integers(VERSIONS)] for cells in places])

    def exchange(network: GraphNetSequence, rng: np.random.Generator) -> GraphNetSequence:
        i = int(rng.integers(len(places)))
        cells = [*network.cells]
        cells[i] = places[i][rng.integers(VERSIONS)]
        return GraphNetSequence(cells)

    options = {"budget": budget, "population": 8, "tournament": 1, "regularised": False}
    mixture = evolutionary_search(mixed, exchange, accuracy, rng=rng, **options)
    chosen = random_search(mixed, steps.fitness("mixtures"), budget=budget, rng=rng)
    plain = plain_evolution(START, accuracy, steps.limits, budget=budget, rng=rng, population=8)
    rows = {}
    for item, row, found, asked in (
        ("e1", "reduced training", mixture, budget),
        ("e1", "T-CET", chosen, 0),
        ("e2", "reduced training, GraphNet", plain, budget),
    ):
        test = short_accuracies([found.best], training, seed=run.seed)["test"].item()
        rows[row] = {"test_accuracy": test, "trained": asked}
        for metric, value in rows[row].items():
            run.add(item, row, training.task, metric, value)
    return pd.DataFrame(rows).T


@experiment("tasks", version=1, items=("table4",), demo=False)
@deterministic_cpu()
def other_tasks(run: Run, steps: Pipeline) -> pd.DataFrame:
    """Select cells of NAS-Bench-201 for other tasks by proxies on CIFAR-10 (Table 4's idea).

    Returns:
        The scores of the cells and, in columns of the tasks, their accuracies.
    """
    accuracies = tasks_table()
    scoring = replace(get_scoring(steps.sizes.scoring), seed=run.seed)
    scores = cell_scores(accuracies.index.to_series(), steps.clusters, REFERENCE, scoring)
    for task, truth in accuracies.items():
        ways = {**SELECTIONS, "the accuracy itself": truth}
        run.add("table4", "all cells", f"nb201-{task}", "valid_accuracy", truth.mean())
        for row, name in ways.items():
            score = scores[name] if isinstance(name, str) else name
            best = score.sort_values(kind="stable").index[-CHOSEN:]
            run.add("table4", row, f"nb201-{task}", "valid_accuracy", truth[best].mean())
            run.add("table4", row, f"nb201-{task}", "spearman", spearmanr(score, truth).statistic)
    return scores.join(accuracies)


@experiment("cost", version=1, items=("table5",))
@deterministic_cpu()
def cost(run: Run, steps: Pipeline) -> pd.Series:
    """Return the seconds that the trainings took (Table 5)."""
    _ = steps.gvae, steps.ccnf, steps.sequences
    seconds = {name: rows[-1]["seconds"] for name, rows in steps.history.items()}
    for name, value in seconds.items():
        run.add("table5", "Training", name, "seconds", value)
    return pd.Series(seconds)
