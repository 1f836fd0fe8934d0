"""The tables and claims of the chapter on hierarchical generation, from its published results."""

from dataclasses import asdict
from functools import partial

import pandas as pd

from nasutils.methods.generative import ccnf, gvae, sequences
from nasutils.methods.generative.experiments import AS_FAR, LATENTS, SEARCHES, SPACE
from nasutils.methods.generative.model import Schedule
from nasutils.methods.generative.pipeline import Sizes
from nasutils.report import Claim, Effect, PublishedResults, Table, table_of
from nasutils.report.published_results import Place

_LIMIT = f"{SPACE}/1m"
_TRAINED = "cifar10"
_TASKS = {"ninapro": "NinaPro", "svhn": "SVHN", "scifar100": "Scrambled CIFAR-100"}
#: Item -> heading of its rows, and column and metric -> heading and digits.
_SPREADS: dict[str, tuple[str, dict[tuple[str, str], tuple[str, int]]]] = {
    "figure2": (
        "Auto-encoder",
        {
            (SPACE, "shared_cluster"): ("Neighbours in the cluster (%)", 1),
            (SPACE, "spearman"): ("ρ of distances", 2),
            (f"{SPACE}/held-out", "spearman"): ("ρ of predictions", 2),
        },
    ),
    "reconstruction": (
        "Auto-encoder",
        {
            (f"{SPACE}/fresh", "success_rate"): ("Exact (%)", 1),
            (f"{SPACE}/valid", "success_rate"): ("Valid (%)", 1),
        },
    ),
    "table2": (
        "Search",
        {
            (_LIMIT, "zc_evals"): ("Asked", 0),
            (_LIMIT, "t_cet"): ("Highest T-CET", 1),
            (_LIMIT, "t_cet_top10"): ("Mean of ten", 1),
            (_LIMIT, "seconds"): ("CPU seconds", 0),
        },
    ),
    "obedience": (
        "Generator",
        {
            (SPACE, "valid"): ("Valid (%)", 1),
            (SPACE, "unique"): ("Unique (%)", 1),
            (SPACE, "novel"): ("Novel (%)", 1),
            (SPACE, "params_error"): ("Params off by (%)", 0),
            (SPACE, "flops_error"): ("FLOPs off by (%)", 0),
        },
    ),
}
#: Name in the text -> where the figure stands, and how it is written.
SENTENCES: dict[str, tuple[Place, str]] = {
    **{
        f"distance-{name}": (("table1", row, _TRAINED, "distance"), ".1f")
        for name, row in {
            "ccnf": "CCNF",
            "narrow": "CCNF, noise 0.2",
            "as-far": AS_FAR,
            "neighbourhood": "Neighbourhood",
            "uniform": "Uniform cells",
        }.items()
    },
    **{
        f"off-{name}": (("obedience", row, SPACE, "params_error"), ".0f")
        for name, row in {
            "cells": "cells, noise 0.4",
            "loose": "cells, noise 1",
            "architectures": "architectures",
        }.items()
    },
    **{
        f"{name}-{task}": (("table4", row, f"nb201-{task}", metric), spec)
        for task in _TASKS
        for name, row, metric, spec in (
            ("rho", "T-CET", "spearman", ".2f"),
            ("chosen", "T-CET", "valid_accuracy", ".1f"),
            ("average", "all cells", "valid_accuracy", ".1f"),
        )
    },
    **{
        f"t-cet-{name}": (("table2", row, _LIMIT, "t_cet"), ",.0f")
        for row, name in SEARCHES.items()
    },
    "valid-ccnf": (("table1", "CCNF", _TRAINED, "success_rate"), ".0f"),
    "chance": (("figure2", "by chance", SPACE, "shared_cluster"), ".0f"),
    "families": (("figure2", "clusters", SPACE, "count"), ".0f"),
    "writing": (("obedience", "architectures", SPACE, "seconds"), ".0f"),
}
#: Column of a live frame -> heading, factor and digits.
_LIVE: dict[str, dict[str, tuple[str, float, int]]] = {
    "latents": {
        "exact": ("Exact (%)", 100, 0),
        "valid": ("Valid (%)", 100, 0),
        "shared cluster": ("Neighbours in the cluster (%)", 100, 0),
        "correlation": ("ρ of distances", 1, 2),
        "predicted": ("ρ of predictions", 1, 2),
    },
    "sampling": {
        "success_rate": ("Valid (%)", 1, 0),
        "naswot": ("NASWOT", 1, 0),
        "snip_ssnr": ("SNIP-SSNR", 1, 0),
        "params_m": ("Params (M)", 1, 2),
        "flops_m": ("FLOPs (M)", 1, 0),
        "distance": ("Distance", 1, 1),
    },
    "search": {
        "zc_evals": ("Asked", 1, 0),
        "t_cet": ("Highest T-CET", 1, 0),
        "t_cet_top10": ("Mean of ten", 1, 0),
    },
}


class Sentence(str):
    """What a page shows where there is no table yet."""

    __slots__ = ()
    __repr__ = str.__str__

    def _repr_markdown_(self) -> str:
        return str(self)


def published(results: PublishedResults, item: str) -> Table | Sentence:
    """Return the table of an item that the paper does not have in this form."""
    first, columns = _SPREADS[item]
    return _or_sentence(results.spread(item, columns), item, first)


def accuracies(results: PublishedResults) -> Table | Sentence:
    """Return what the networks of Table 2 are trained to."""
    columns = {
        (_TRAINED, f"test_accuracy_{name}"): (f"{name.capitalize()} (%)", 1)
        for name in ("mean", "max")
    }
    return _or_sentence(results.spread("table2", columns), "trained", "Search")


def other_tasks(results: PublishedResults) -> Table | Sentence:
    """Return what selects cells of NAS-Bench-201 for other tasks."""
    columns = {
        (f"nb201-{task}", metric): (f"{title}, {what}", digits)
        for task, title in _TASKS.items()
        for metric, what, digits in (("valid_accuracy", "ten best (%)", 1), ("spearman", "ρ", 2))
    }
    return _or_sentence(results.spread("table4", columns), "table4", "Selected by")


def _or_sentence(frame: pd.DataFrame, name: str, first: str) -> Table | Sentence:
    if frame.empty:
        return Sentence("Not published yet.")
    return table_of(frame, name, first)


def live(found: pd.DataFrame | None, part: str) -> Table | None:
    """Return the table of what an experiment gives on the page."""
    if found is None:
        return None
    shown = pd.DataFrame(
        {
            heading: (factor * found[name]).map(f"{{:.{digits}f}}".format)
            for name, (heading, factor, digits) in _LIVE[part].items()
        }
    )
    return table_of(shown.replace("nan", ""), f"{part}-live", "")


def obedience(found: pd.DataFrame | None) -> Table | None:
    """Return what was asked for, and what came: a row a request."""
    if found is None:
        return None
    sizes = found["asked"].map(lambda size: f"{size.params:.3f}, {size.flops:.1f}")
    came = found.apply(lambda row: f"{row['params']:.3f}, {row['flops']:.1f}", axis=1)
    shares = {
        name.capitalize(): (100 * found[name]).map("{:.0f} %".format)
        for name in ("valid", "unique", "novel")
    }
    table = pd.DataFrame({"Generator": found["row"], "Asked": sizes, "Came": came, **shares})
    return Table(table, "obedience-live", words=("Generator",))


def settings(sizes: Sizes) -> Table:
    """Return the paper's settings (Table 6) beside those of a scale."""
    pairs = {
        "G-VAE": (gvae.PUBLISHED, sizes.naive),
        "CCNF": (ccnf.PUBLISHED, sizes.flow),
        "Sequence generator": (sequences.PUBLISHED, sizes.writing),
    }
    rows = {}
    for name, schedules in pairs.items():
        for who, schedule in zip(("paper", "here"), schedules, strict=True):
            rows[f"{name}, {who}"] = _of_schedule(schedule)
    return table_of(pd.DataFrame(rows).T, "settings", "Network")


def _of_schedule(schedule: Schedule) -> dict[str, str]:
    values = asdict(schedule)
    return {
        "Steps": f"{values['steps']:,}",
        "Batch": str(values["batch_size"]),
        "Rate": f"{values['learning_rate']:g}",
        "Weight decay": f"{values['weight_decay']:g}",
        "Falls": "cosine" if values["cosine"] else "stays",
    }


_REDUCED = "networks, steps and labels below the paper's"
_SHORT = "CIFAR-10 at 16 pixels, ten epochs, networks of few cells"
_TRAINING = "hours of training: `part=accuracy` and `part=reduced`"
_T_CET = "T-CET instead of accuracy"


def claims(results: PublishedResults) -> list[Claim]:
    """Return the paper's claims, and what became of them."""
    return [*_cell_claims(results), *_search_claims(results), *_other_claims(results)]


def _gain(
    results: PublishedResults,
    item: str,
    first: str,
    second: str,
    column: str,
    metric: str,
    **attributes: float,
) -> Effect:
    """Return by how much a row exceeds another under the same seeds."""
    values = [results.by_seed(item, row, column, metric) for row in (first, second)]
    return Effect.of(values[0].sub(values[1]).dropna(), **attributes)


def _cell_claims(results: PublishedResults) -> list[Claim]:
    naive, _, full = LATENTS
    reduced = partial(Claim, reduced=_REDUCED)
    shared = [results.of("figure2", row, SPACE, "shared_cluster") for row in (full, naive)]
    column = _TRAINED
    valid = "table1", "CCNF", column, "success_rate"
    gain = partial(_gain, results, "table1")
    distances = [results.of("table1", row, column, "distance") for row in ("CCNF", "Neighbourhood")]
    far = results.of("table1", AS_FAR, column, "distance")
    rows = "CCNF", "Neighbourhood"
    means = [results.of("table1", row, column, "test_accuracy_mean") for row in rows]
    return [
        reduced(
            "the triplet term preserves the clusters in the latent space",
            "Figure 2, no number",
            f"{shared[0]:.1f} and {shared[1]:.1f} % of neighbours share the cluster",
            (_gain(results, "figure2", full, naive, SPACE, "shared_cluster"),),
        ),
        reduced(
            "what the flow samples decodes to valid cells",
            "20 of 20",
            f"{results.of(*valid):.0f} %",
            (results.effect(*valid, printed="100", direction=0),),
        ),
        reduced(
            "the flow's samples lie closer to the reference than the neighbourhood's",
            "spread of NASWOT 10 and 49",
            f"distance {distances[0]:.1f} and {distances[1]:.1f}",
            (gain("Neighbourhood", "CCNF", column, "distance"),),
        ),
        reduced(
            "and closer than noise that goes as far in the latent space (our control)",
            "",
            f"distance {distances[0]:.1f} and {far:.1f}",
            (gain(AS_FAR, "CCNF", column, "distance"),),
        ),
        Claim(
            "they train to a higher accuracy, on average",
            "93.08 and 92.15 %",
            f"{means[0]:.2f} and {means[1]:.2f} %",
            (gain(*rows, column, "test_accuracy_mean", figure=0.93, tolerance=0.01),),
            data=_SHORT,
            reduced=_REDUCED,
            needs=_TRAINING,
        ),
    ]


def _search_claims(results: PublishedResults) -> list[Claim]:
    def place(row: str, metric: str = "t_cet") -> tuple[str, str, str, str]:
        return "table2", row, _LIMIT, metric

    def over(first: str, second: str) -> tuple[str, tuple[Effect, ...]]:
        shown = " and ".join(f"{results.of(*place(row)):.0f}" for row in (first, second))
        return shown, (_gain(results, "table2", first, second, _LIMIT, "t_cet"),)

    rows = "Evo(T-CET), chains", "Evo(T-CET), GraphNet", "HL-Evo(T-CET)+CCNF", "SG+CCNF"
    chains, plain, hl_evo, written = rows
    judged = partial(Claim, data=_T_CET, reduced=_REDUCED)
    seconds = results.by_seed(*place(written, "seconds"))
    return [
        judged("a larger space hurts plain evolution", "97.2 and 96.4 %", *over(chains, plain)),
        judged("HL-Evo finds more than plain evolution", "97.4 and 96.4 %", *over(hl_evo, plain)),
        judged("SG finds as much as HL-Evo", "97.6 and 97.4 %", *over(written, hl_evo)),
        Claim(
            "a search by the sequence generator takes minutes",
            "0.08 hours",
            f"{results.of(*place(written, 'seconds')):.0f} s",
            (Effect.of(seconds, no_effect=3600, direction=-1),),
            reduced=_REDUCED,
        ),
    ]


def _other_claims(results: PublishedResults) -> list[Claim]:
    def trained(item: str, row: str) -> tuple[str, str, str, str]:
        return item, row, _TRAINED, "test_accuracy"

    rows = "T-CET", "reduced training"
    places = trained("e1", rows[1]), trained("e2", "reduced training, GraphNet")
    chosen = _gain(results, "e1", *rows, _TRAINED, "test_accuracy", figure=0.3, tolerance=0.1)
    shown = " and ".join(f"{results.of(*trained('e1', row)):.2f}" for row in rows)
    better = results.by_seed(*places[0]).sub(results.by_seed(*places[1])).dropna()
    short = partial(Claim, data=_SHORT, reduced=_REDUCED, needs=_TRAINING)
    return [
        short(
            "T-CET selects better than reduced training does (Appendix E.1)",
            "97.6 and 97.3 %",
            f"{shown} %",
            (chosen,),
        ),
        short(
            "reduced training finds less in all of GraphNet (Appendix E.2)",
            "97.3 and 90.32 %",
            " and ".join(f"{results.of(*place):.2f}" for place in places) + " %",
            (Effect.of(better, printed="6.98"),),
        ),
        Claim(
            "SG + CCNF reach 97.6 and 81.0 % on CIFAR under 1 M parameters",
            "97.6 / 81.0 %",
            needs='full training; the networks come from `Pipeline(SIZES["paper"], seed)`',
        ),
        Claim(
            "78.3, 79.5 and 80.6 % on ImageNet (Table 3)",
            "at 450, 600 and 1,000 M FLOPs",
            needs="ImageNet; `GraphNetNetwork` takes its images and classes",
        ),
        Claim(
            "better than a Wide ResNet in five of eight tasks of NAS-Bench-360",
            "Table 4",
            needs="its data; `Limits(image_shape=..., num_classes=...)` takes any task",
        ),
        Claim(
            "a pretrained GPT-Neo writes the sequences",
            "GPT-Neo-125M",
            needs="its checkpoint; `SequenceGenerator.from_pretrained(folder, clusters)`",
        ),
        Claim("pretraining costs about 30 GPU hours", "30 h", needs="the paper's sizes, on a V100"),
    ]
