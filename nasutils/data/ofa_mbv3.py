"""OFA-MobileNetV3 table: measured sub-nets of a super-net, on ImageNet.

Source: five search logs that Cummings et al. published with "A Hardware-Aware Framework for
Accelerating Neural Architecture Search Across Modalities", 2022, https://arxiv.org/abs/2205.10358.
The searches look for good networks, so good networks are over-represented.
"""

from pathlib import Path

import pandas as pd

from nasutils.data.tables import table
from nasutils.spaces.ofa_mbv3 import OFAMobileNetV3

SEARCHES = (
    "evoga_acc",
    "evonsga2_acc_macs",
    "evounsga3_acc_macs_params",
    "linasga_acc",
    "linasnsga2_acc_macs",
)
_PREFIX = "dynast_ofa_"


def measurements(paths: dict[str, Path]) -> pd.DataFrame:
    """Read all five logs: one row a measurement, with the canonical architecture string."""
    logs = [pd.read_csv(paths[_PREFIX + name]).assign(search=name) for name in SEARCHES]
    log = pd.concat(logs, ignore_index=True)
    return pd.DataFrame(
        {
            "arch": [str(OFAMobileNetV3.from_string(text)) for text in log["Sub-network"]],
            "top1": log["Top-1 Acc (%)"],
            "flops": log["MACs"] / 1e6,
            "params": log["Model Parameters"] / 1e6,
            "search": log["search"],
        }
    )


@table("ofa_mbv3")
def _build(paths: dict[str, Path]) -> pd.DataFrame:
    # One network may be written in several ways, which differ in blocks that are not active.
    networks = measurements(paths).groupby("arch", sort=False)
    top1 = networks["top1"]
    frame = pd.DataFrame(
        {
            "top1": top1.mean(),
            "flops": networks["flops"].first(),
            "params": networks["params"].first(),
            "repeats": top1.size(),
            "top1_spread": top1.max() - top1.min(),
            "searches": networks["search"].agg(lambda names: " ".join(sorted(set(names)))),
        }
    )
    return frame.reset_index()
