"""Score public networks, and hold what plain autograd can tell against it.

    python -m tools.scored_models                       all; writes book/results/scored_models.csv
    python -m tools.scored_models timm:test_resnet      the named ones, printed

In double precision, on four random images; a model's weights and the images are those of seed 0.
A model that is scored already is not scored again. Ends with status 1 if a score is not its
reference's.
"""

import csv
import math
import sys
from pathlib import Path

import torch

from nasutils.files import atomic_write
from nasutils.proxies import score
from nasutils.proxies.models import load_batch, load_network
from tools.plain_proxies import plain_scores

TABLE = Path(__file__).parents[1] / "book" / "results" / "scored_models.csv"
CLASSES, IMAGES, SIZE, TOLERANCE = 10, 4, 64, 1e-6

# Others take images of any size.
_SIZED = (
    "vit_tiny_patch16_224 deit_tiny_distilled_patch16_224 test_vit test_vit_relpos gmlp_ti16_224"
)
_TIMM = f"""{_SIZED}
test_byobnet test_convnext test_efficientnet_evos test_efficientnet_ln test_mambaout test_nfnet
test_resnet convnext_atto convnext_atto_rms convnextv2_atto cspnext_tiny edgenext_xx_small
efficientnet_b0_gn efficientnet_lite0 efficientvit_b0 fastvit_t8 ghostnet_050 hgnetv2_b0
inception_next_atto lcnet_035 mnasnet_small mobilenetv2_035 mobilenetv3_small_050
mobilenetv4_conv_small_035 mobileone_s0 mobilevit_xxs mobilevitv2_050 pvt_v2_b0 regnety_002
repghostnet_050 resnet10t resnet18 semnasnet_050 starnet_s050 tinynet_e xcit_nano_12_p16_224"""
_TORCHVISION = """densenet121 efficientnet_b0 googlenet mnasnet0_5 mobilenet_v2 mobilenet_v3_small
regnet_y_400mf resnet18 shufflenet_v2_x0_5 squeezenet1_1"""
MODELS = [
    *(f"timm:{name}" for name in _TIMM.split()),
    *(f"torchvision:{name}" for name in _TORCHVISION.split()),
]


def rows_of(model: str) -> list[dict[str, object]]:
    """Score one model: a row a proxy, with its reference where there is one."""
    options: dict[str, object] = {"num_classes": CLASSES}
    if model.removeprefix("timm:") in _SIZED.split():
        options["img_size"] = SIZE
    images, labels = load_batch("random", images=IMAGES, size=SIZE)
    images = images.double()
    scores = score(load_network(model, **options).double(), images, labels, errors="record")
    references = plain_scores(load_network(model, **options).double(), images, labels)
    return [
        {
            "model": model,
            "proxy": name,
            "score": "" if name in scores.errors else f"{value:.12g}",
            "reference": f"{references[name]:.12g}" if name in references else "",
            "refused": scores.errors.get(name, ""),
        }
        for name, value in scores.items()
    ]


def disagreements(rows: list[dict[str, object]]) -> list[str]:
    """Return what is wrong: a score that is not its reference's, or refused where there is one."""
    snip = {row["model"]: float(row["score"] or "nan") for row in rows if row["proxy"] == "snip"}
    wrong = []
    for row in rows:
        if not row["reference"]:
            continue
        score, reference = float(row["score"] or "nan"), float(row["reference"])
        # Of saliencies with signs little may remain.
        rounding = TOLERANCE * snip[row["model"]] if row["proxy"] == "plain" else 0.0
        if not math.isclose(score, reference, rel_tol=TOLERANCE, abs_tol=rounding):
            found = row["refused"] or score
            wrong.append(f"{row['model']} {row['proxy']}: {found}, not {reference}")
    return wrong


def main(models: list[str]) -> int:
    """Score the models that are named, or all."""
    rows: list[dict[str, object]] = []
    if not models and TABLE.is_file():
        rows = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
    for model in models or [m for m in MODELS if m not in {row["model"] for row in rows}]:
        torch.manual_seed(0)
        rows += rows_of(model)
        if models:
            continue
        with atomic_write(TABLE) as part, part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(sorted(rows, key=lambda row: MODELS.index(row["model"])))
        print(model, flush=True)
    wrong = disagreements(rows)
    print(*wrong, sep="\n")
    print(f"{len({row['model'] for row in rows})} models, {len(rows)} scores, {len(wrong)} wrong")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
