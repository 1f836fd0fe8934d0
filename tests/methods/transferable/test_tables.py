"""Tables of published results: what stands where, and what is written before there is any."""

import pytest

from nasutils.methods.transferable import tables
from nasutils.report import PublishedResults, claims_table, verdict
from nasutils.study.results import COLUMNS, results_file, write_metrics

BUILDERS = (
    tables.ranking, tables.parts, tables.rates, tables.zero_shot, tables.gains_by_source,
    tables.other_searches, tables.mobilenets,
    lambda results: claims_table(tables.claims(results)),
)  # fmt: skip


@pytest.fixture
def publish(tmp_path):
    """Publish figures: (item, row, column, metric) -> a value a seed."""

    def published(figures=()):
        rows = [
            dict.fromkeys(COLUMNS, "") | {
                "paper": "transferable", "item": item, "row": row, "column": column,
                "metric": metric, "seed": seed, "value": value, "scale": "bench", "seconds": 0,
            }
            for (item, row, column, metric), values in dict(figures).items()
            for seed, value in enumerate(values)
        ]  # fmt: skip
        path = results_file("transferable", tmp_path)
        path.parent.mkdir(parents=True)
        write_metrics(path, rows)
        return PublishedResults("transferable", root=tmp_path)

    return published


def rhos(row, *means, item="transfer", columns=tables.TARGETS):
    """Three seeds around each target's mean."""
    return {
        (item, row, column, "spearman"): [mean - 0.01, mean, mean + 0.01]
        for column, mean in zip(columns, means, strict=False)
    }


def lines_of(table):
    """First cell -> the others, by their headings."""
    first, *_ = table.frame.columns
    return {line.pop(first): line for line in table.frame.to_dict("records")}


@pytest.mark.parametrize("build", BUILDERS, ids=range(len(BUILDERS)))
def test_before_the_first_publication_nothing_breaks(build, publish):
    assert "nan" not in str(build(publish()))


def test_ranking_sets_the_paper_public_scores_and_ours_side_by_side(publish):
    mine = rhos("My method", 0.1, 0.2, 0.3)
    proxies = rhos("Snip", -0.5, 0, 0, item="table1", columns=tables.PROXY_BENCHMARKS)
    lines = lines_of(tables.ranking(publish(mine | proxies | rhos("Ours", 0.7, 0.8, 0.9))))
    assert lines["CL-fine-tune (paper)"] == {
        "NB101, 50": "0.553", "NB201, 40": "0.917", "NB301, 50": "0.892",
    }  # fmt: skip
    assert lines["Snip (public scores)"]["NB101, 50"] == "−0.500 ± 0.010"
    assert lines["Ours"]["NB201, 40"] == "0.800 ± 0.010"
    # A method that the book does not know stands after its rows.
    assert list(lines)[-2:] == ["Ours", "My method"]


def test_parts_are_gains_over_the_method_as_written(publish):
    written = rhos("CL-fine-tune", 0.5, 0.5, 0.5, 0.5)
    lines = lines_of(tables.parts(publish(written | rhos("CL, none picked", 0.6, 0.4))))
    assert lines["CL-fine-tune"]["MBv3, 50"] == "0.500 ± 0.010"
    assert lines["CL, none picked"]["NB101, 50"] == "+0.100 ± 0.000"
    assert lines["CL, none picked"]["NB201, 40"] == "−0.100 ± 0.000"
    assert set(lines) == {"CL-fine-tune", "CL, none picked"}


def test_rho_by_labels_knows_the_main_number(publish):
    figures = {("transfer", "Ours", f"nb201-c10-4096/{n}", "spearman"): [n / 100]
               for n in (10, 40, 100)}  # fmt: skip
    found = tables.rho_by_labels(publish(figures), "Ours", "nb201-c10-4096")
    assert found.to_dict() == {10: 0.1, 40: 0.4, 100: 1.0}


def test_gains_by_source(publish):
    none = [f"{column} from none" for column in tables.TARGETS]
    known = [f"{column} from nb101-test-5k" for column in tables.TARGETS]
    figures = rhos("CL-fine-tune", 0, 0.5, item="pairs", columns=none)
    figures |= rhos("CL-fine-tune", 0, 0.7, item="pairs", columns=known)
    lines = lines_of(tables.gains_by_source(publish(figures)))
    assert lines["none: ρ"]["NB201, 40"] == "0.500"
    assert lines["NAS-Bench-101"]["NB201, 40"] == "+0.200 ± 0.000"
    assert lines["NAS-Bench-301"]["NB201, 40"] == ""


def test_finds_of_searches(publish):
    figures = {
        ("table2", "Ours", "nb101-test", "test_accuracy"): [94.0, 94.2],
        ("table2", "Random", "nb201-c10", "test_accuracy"): [94.0],
        ("table2", "Ours", "nb301-approx", "accuracy"): [96.0],
        ("table2", "Ours", "nb101-test", "rank"): [3, 4],
        ("table2", "Random", "nb201-c10", "rank"): [9],
        ("table2", "Ours", "nb101-test", "queries"): [700, 700],
    }
    results = publish(figures)
    accuracy = lines_of(tables.finds(results, "test_accuracy", 2, "Accuracy (%)"))
    assert accuracy["Ours"] == {"NB101": "94.10 ± 0.14", "NB201": "", "NB301": "96.00"}
    assert accuracy["Random (paper)"]["NB301"] == "94.75"
    ranks = lines_of(tables.finds(results, "rank", 1, "Rank"))
    assert ranks["Ours"]["NB101"] == "3.5 ± 0.7"
    assert "NB301" not in ranks["Ours"]
    other = lines_of(tables.other_searches(results))
    assert other["EA + Ours, best run"] == {"Queries": "700", "Accuracy (%)": "94.20"}
    assert other["BANANAS (paper)"] == {"Queries": "800", "Accuracy (%)": "94.23"}


def test_claims_follow_the_figures(publish):
    figures = rhos("CL-fine-tune", 0.6, 0.95, 0.9, 0.9)
    figures |= rhos("GNN-fine-tune", 0.5, 0.9, 0.8, 0.8) | rhos("Untrained encoder", 0.7, 0.9)
    figures |= {("table2", "Ours + answers", "nb101-test", "test_accuracy"): [94.23, 94.23]}
    found = tables.claims(publish(figures))
    verdicts = {(claim.claim, claim.changes): str(verdict(claim)) for claim in found}
    assert verdicts["Table 1: ρ on the three benchmarks", ""] == "partly"  # reduced
    assert verdicts["CL ranks better than the GNN", ""] == "partly"
    assert verdicts["contrastive training makes the embeddings", ""] == "not confirmed here"
    search = "search of NAS-Bench-101, 700 queries (Table 2)"
    assert verdicts[search, ""] == "not run"
    assert verdicts[search, "the same, fine-tuned on all answers"] == "partly"
    assert found[0].ours == "0.600 / 0.950 / 0.900"
    assert len(found) == len(verdicts)
