"""Trace public networks and hold each graph against the data flow that autograd records.

    python -m tools.traced_models              all of them; writes book/results/traced_models.csv
    python -m tools.traced_models timm:dla34   the named ones, printed

A graph is the same if it has autograd's operators, with the shapes of their weights and the number
of values that come out, and its edges.
"""

import sys
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from torch import nn

from nasutils.errors import GraphError
from nasutils.graphs import trace
from nasutils.networks.counting import build_on_meta
from nasutils.proxies.models import declare_operators
from tools.autograd_graph import AutogradGraph, labels_of, signature

TABLE = Path(__file__).parents[1] / "book" / "results" / "traced_models.csv"

COUNTS = ["nodes", "weighted", "edges"]
COLUMNS = ["network", "image", *COUNTS, "verdict", "reason"]

#: Convolutional networks, and some that mix convolutions and attention: one or two of each family.
NAMES = {
    "torchvision": (
        "alexnet convnext_tiny convnext_base densenet121 densenet161 efficientnet_b0 "
        "efficientnet_b4 efficientnet_v2_s googlenet inception_v3 maxvit_t mnasnet0_5 "
        "mnasnet1_0 mobilenet_v2 mobilenet_v3_large mobilenet_v3_small regnet_x_400mf "
        "regnet_x_3_2gf regnet_y_400mf regnet_y_8gf resnet18 resnet34 resnet50 resnet101 "
        "resnext50_32x4d shufflenet_v2_x0_5 shufflenet_v2_x2_0 squeezenet1_0 squeezenet1_1 "
        "swin_t vgg11 vgg16_bn vit_b_16 wide_resnet50_2"
    ),
    "timm": (
        "bat_resnext26ts botnet26t_256 caformer_s18 coat_lite_tiny coatnet_0_224 "
        "convformer_s18 convit_tiny convmixer_768_32 convnext_atto convnext_tiny "
        "convnextv2_tiny crossvit_9_240 cs3darknet_focus_l cs3darknet_m cspdarknet53 "
        "cspresnet50 cspresnext50 darknet53 davit_tiny densenet121 densenetblur121d dla34 "
        "dla46x_c dla60_res2net dm_nfnet_f0 dpn48b dpn68 eca_botnext26ts_256 eca_halonext26ts "
        "eca_nfnet_l0 eca_vovnet39b ecaresnet26t edgenext_small efficientformer_l1 "
        "efficientformerv2_s0 efficientnet_b0 efficientnet_blur_b0 efficientnet_es "
        "efficientnet_lite0 efficientnetv2_rw_t efficientvit_b0 efficientvit_m0 "
        "ese_vovnet19b_dw fasternet_t0 fastvit_t8 fbnetc_100 fbnetv3_b focalnet_tiny_srf "
        "gcresnet33ts gcresnet50t gcvit_xtiny gernet_m ghostnet_100 ghostnetv2_100 halonet26t "
        "hardcorenas_a hgnet_tiny hgnetv2_b0 hrnet_w18_small hrnet_w18 iformer_t "
        "inception_next_tiny inception_resnet_v2 inception_v3 inception_v4 lambda_resnet26t "
        "lcnet_050 legacy_senet154 legacy_seresnet18 legacy_xception levit_128 lowformer_b0 "
        "mambaout_tiny maxvit_tiny_tf_224 mixer_s16_224 mixnet_s mnasnet_100 "
        "mobilenet_edgetpu_100 mobilenetv1_100 mobilenetv2_100 mobilenetv3_small_100 "
        "mobilenetv4_conv_small mobilenetv4_hybrid_medium mobilenetv5_300m mobileone_s0 "
        "mobilevit_s mobilevitv2_050 nasnetalarge nest_tiny nextvit_small nf_regnet_b0 "
        "nf_resnet50 nfnet_f0 pit_ti_224 pnasnet5large poolformer_s12 poolformerv2_s12 "
        "pvt_v2_b0 rdnet_tiny regnetv_040 regnetx_002 regnety_002 regnetz_005 regnetz_b16 "
        "repghostnet_050 repvgg_a0 repvit_m0_9 res2net50_14w_8s res2next50 resmlp_12_224 "
        "resnest14d resnest50d_4s2x40d resnet10t resnet18 resnet26d resnet33ts resnet50 "
        "resnet50_gn resnet51q resnetaa50 resnetblur18 resnetrs50 resnetv2_50 "
        "resnetv2_50d_evos resnext26ts resnext50_32x4d rexnet_100 rexnetr_200 sehalonet33ts "
        "selecsls42 selecsls60b semnasnet_100 seresnet50 seresnext26d_32x4d "
        "seresnextaa101d_32x8d sequencer2d_s shvit_s1 skresnet18 skresnext50_32x4d "
        "spnasnet_100 starnet_s1 swiftformer_xs swin_tiny_patch4_window7_224 "
        "tf_efficientnet_b0 tf_efficientnet_cc_b0_4e tf_efficientnetv2_b0 tf_mixnet_s "
        "tf_mobilenetv3_small_100 tiny_vit_5m_224 tinynet_a tresnet_m vgg11 vgg16_bn "
        "visformer_tiny vit_tiny_patch16_224 volo_d1_224 vovnet39a wide_resnet50_2 xception41 "
        "xception41p xception65 xcit_nano_12_p16_224"
    ),
}


def build(name: str) -> tuple[nn.Module, tuple[int, int, int]]:
    """Return a public network with random weights and the shape of its images.

    Args:
        name: A library and one of its networks, as in ``timm:resnet18``.
    """
    declare_operators()
    library, model = name.split(":")
    if library == "timm":
        import timm

        def make() -> nn.Module:
            return timm.create_model(model, pretrained=False)

    else:
        from torchvision.models import get_model

        def make() -> nn.Module:
            return get_model(model, weights=None)

    try:
        network = build_on_meta(make)
    except (RuntimeError, NotImplementedError):  # it draws its own plan from tensors
        network = make().to("meta")
    side = 299 if model == "inception_v3" else 224
    return network, getattr(network, "default_cfg", {}).get("input_size", (3, side, side))


def check(name: str) -> dict[str, object]:
    """Trace one network and compare; return a row of the table."""
    network, image_shape = build(name)
    row: dict[str, object] = {"network": name, "image": "x".join(map(str, image_shape))}
    try:
        graph = trace(network, image_shape)
    except GraphError as error:
        return row | {"verdict": "refused", "reason": str(error).split(": known are")[0]}
    row |= zip(COUNTS, (graph.num_nodes, graph.num_weighted, graph.num_edges), strict=True)
    truth = AutogradGraph(network, image_shape)
    one, two = labels_of(graph), truth.labels
    same = signature(one, graph.edges.T.tolist()) == signature(two, truth.edges)
    return row | {"verdict": "same" if same else "differs", "reason": ""}


def rows(names: list[str]) -> Iterator[dict[str, object]]:
    """Check networks one by one and print what comes out."""
    for name in names:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the networks' libraries
            row = check(name)
        print(*row.values(), flush=True)
        yield row


def main() -> None:
    """Check the named networks, or all and write the table; fail where a graph differs."""
    everything = [f"{library}:{name}" for library in NAMES for name in NAMES[library].split()]
    table = pd.DataFrame(rows(sys.argv[1:] or everything), columns=COLUMNS)
    table = table.astype(dict.fromkeys(COUNTS, "Int64"))
    print(table["verdict"].value_counts().to_string())
    if not sys.argv[1:]:
        versions = {name: version(name) for name in ("timm", "torchvision", "torch")}
        table.assign(**versions).to_csv(TABLE, index=False, lineterminator="\n")
    if (table["verdict"] == "differs").any():
        raise SystemExit("a traced graph differs from the data flow that autograd records")


if __name__ == "__main__":
    main()
