"""The caller's torch settings change no score, and come back."""

import contextlib
import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from nasutils.proxies import proxy_names, score


class Mixed(nn.Module):
    """Convolutions, attention, dropout, and a tensor made in passing."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm(self.conv(x))), 2)
        x = x.flatten(2).transpose(1, 2) + torch.linspace(0, 1, 8)
        return self.head(self.layer(x).mean(1))


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Mixed()


@pytest.fixture
def images():
    return torch.randn(8, 3, 8, 8, generator=torch.Generator().manual_seed(1))


LABELS = torch.arange(8) % 5
NAMES = [name for name in proxy_names() if not name.startswith("az_")]


@contextlib.contextmanager
def changed(get, set_, value):
    before = get()
    set_(value)
    try:
        yield
    finally:
        assert get() == value  # scoring has put it back
        set_(before)


def precision(value):
    return changed(torch.get_float32_matmul_precision, torch.set_float32_matmul_precision, value)


SETTINGS = {
    "inference mode": torch.inference_mode,
    "no gradients": torch.no_grad,
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "default type": lambda: changed(
        torch.get_default_dtype, torch.set_default_dtype, torch.float64
    ),
    "default device": lambda: torch.device("meta"),
    "deterministic": lambda: changed(
        torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms, True
    ),
    "precision of products": lambda: precision("medium"),
    "anomalies": lambda: torch.autograd.set_detect_anomaly(True),
    "fused attention": lambda: sdpa_kernel(SDPBackend.FLASH_ATTENTION),
    "fused encoder": lambda: changed(
        torch.backends.mha.get_fastpath_enabled, torch.backends.mha.set_fastpath_enabled, True
    ),
}


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.filterwarnings("ignore:Anomaly Detection has been enabled")
def test_a_setting_changes_no_score(setting, network, images):
    expected = score(network, images, LABELS, NAMES)
    with SETTINGS[setting]():
        assert score(network, images, LABELS, NAMES) == expected
        mode = torch.is_inference_mode_enabled(), torch.is_grad_enabled()
        assert mode == {"inference mode": (True, False), "no gradients": (False, False)}.get(
            setting, (False, True)
        )


def test_what_was_made_in_inference_mode_is_scored(network, images):
    expected = score(network, images, LABELS, NAMES)
    with torch.inference_mode():
        made, batch, labels = copy.deepcopy(network), images.clone(), LABELS.clone()
        assert score(made, batch, labels, NAMES) == expected
    assert score(made, batch, labels, NAMES) == expected
    assert made.conv.weight.is_inference()


def test_the_memory_format_changes_no_score(network, images):
    expected = score(network, images, LABELS, NAMES)
    last = images.contiguous(memory_format=torch.channels_last)
    assert score(network, last, LABELS, NAMES) == expected
    assert score(network, images.numpy(), LABELS.numpy(), NAMES) == expected


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_the_precision_is_the_networks(network, images, dtype):
    expected = score(network, images, LABELS, "nwot")["nwot"]
    found = score(network.to(dtype), images, LABELS, NAMES)
    assert found["nwot"] == pytest.approx(expected, rel=1e-2)
