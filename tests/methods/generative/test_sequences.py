"""Sequences go both ways; only valid ones are drawn; what is asked for is obeyed."""

import numpy as np
import pandas as pd
import pytest
import torch

from nasutils.errors import DataError, NasutilsError
from nasutils.methods.generative.model import Schedule, train
from nasutils.methods.generative.sequences import SequenceGenerator, sequence_losses
from nasutils.spaces.graphnet_sequence import CHANNELS

SMALL = {"hidden": 32, "layers": 2, "heads": 2}
CONDITIONS = ("params", "flops")


def model(clusters: int = 3, **sizes) -> SequenceGenerator:
    torch.manual_seed(0)
    return SequenceGenerator(clusters, CONDITIONS, **{**SMALL, **sizes})


def drawn(count: int) -> list:
    """Architectures whose only secret is how large they are: 16 channels of 8 or of 1024."""
    rng = np.random.default_rng(0)
    return [
        tuple((int(rng.integers(3)), (8, 1024)[n % 2], 1 + n % 2) for _ in range(1 + n % 3))
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def trained() -> SequenceGenerator:
    architectures = drawn(60)
    sizes = [1e4 if each[0][1] == 8 else 1e6 for each in architectures]
    conditions = pd.DataFrame({"params": sizes, "flops": 10 * np.array(sizes)})
    generator = model()
    schedule = Schedule(steps=150, batch_size=32, learning_rate=3e-3)
    losses = sequence_losses(generator, architectures, conditions, schedule)
    history = train(generator, losses, schedule, seed=0, log_every=50)
    assert history[-1]["nll"] < history[0]["nll"] / 2
    return generator


def test_tokens_go_both_ways():
    generator = model()
    architectures = [((0, 8, 1),), ((2, 1024, 2),) * 20, ((1, 64, 2), (0, 512, 1))]
    tokens = generator.tokens(architectures)
    assert tokens.shape == (3, 61)
    assert [generator.architecture(row) for row in tokens.tolist()] == architectures
    assert (tokens == generator.end).sum(1).tolist() == [1, 1, 1]
    assert (tokens[0] == -100).sum() == 57
    for row in tokens:  # the end is allowed at last, and what is written all along
        written = row[row >= 0]
        assert all(generator.allowed(i)[token] for i, token in enumerate(written))


def test_positions_allow_what_the_grammar_says():
    generator = model(clusters=5)
    assert generator.allowed(0).nonzero().flatten().tolist() == [0, 1, 2, 3, 4]
    assert generator.allowed(1).sum() == len(CHANNELS)
    assert generator.allowed(2).sum() == 2
    assert generator.allowed(3).nonzero().flatten().tolist() == [0, 1, 2, 3, 4, generator.end]
    assert generator.allowed(60).nonzero().flatten().tolist() == [generator.end]
    parts = [generator.allowed(i) for i in range(3)]
    assert not (parts[0] & parts[1] | parts[1] & parts[2] | parts[0] & parts[2]).any()


def test_even_an_untaught_network_writes_valid_architectures():
    generator = model().eval()
    generator.steps += 1
    found = generator.generate({}, 200, torch.Generator().manual_seed(0))
    generator.tokens(found)  # raises where one is not valid
    assert len(set(found)) > 190
    assert {len(each) for each in found} <= set(range(1, 21))


def test_obeys_what_it_was_taught(trained):
    for params, channels in ((1e4, 8), (1e6, 1024)):
        asked = {"params": params, "flops": 10 * params}
        found = trained.generate(asked, 50, torch.Generator().manual_seed(1))
        widths = [cell[1] for each in found for cell in each]
        assert np.mean(np.array(widths) == channels) > 0.95
    both = trained.generate({}, 200, torch.Generator().manual_seed(1))
    share = np.mean([each[0][1] == 8 for each in both])
    assert 0.2 < share < 0.8  # with nothing asked for, either


def test_temperature_zero_is_deterministic(trained):
    found = trained.generate({"params": 1e4}, 5, temperature=0)
    assert len(set(found)) == 1
    alone = trained.generate({"params": 1e4}, 1, temperature=0)
    assert alone[0] == found[0]


def test_cached_generation_has_the_likelihood_of_one_pass(trained):
    """The likeliest token, step by step, is the likeliest by a single pass over the sequence."""
    asked = {"params": 1e6, "flops": 1e7}
    (found,) = trained.generate(asked, 1, temperature=0)
    tokens = trained.tokens([found])
    prompt = trained.prompt(trained.scale(pd.DataFrame([asked])))
    embedded = trained.network.get_input_embeddings()(tokens[:, :-1].clamp(min=0))
    logits = trained.network(inputs_embeds=torch.cat([prompt, embedded], 1)).logits[0, 1:]
    for position, token in enumerate(tokens[0][tokens[0] >= 0]):
        allowed = trained.allowed(position)
        assert logits[position].masked_fill(~allowed, -torch.inf).argmax() == token


def test_a_local_checkpoint_gives_its_blocks(tmp_path):
    from transformers import GPTNeoConfig, GPTNeoForCausalLM

    config = GPTNeoConfig(
        vocab_size=50, hidden_size=32, num_layers=2, num_heads=2, max_position_embeddings=128,
        attention_types=[[["global", "local"], 1]],
    )  # fmt: skip
    given = GPTNeoForCausalLM(config)
    given.save_pretrained(tmp_path)
    found = SequenceGenerator.from_pretrained(tmp_path, 3, CONDITIONS)
    for name, value in given.transformer.h.named_parameters():
        assert torch.equal(found.network.transformer.h.get_parameter(name), value)
    with pytest.raises(NasutilsError, match="untrained"):
        found.generate({}, 1)
    with pytest.raises(DataError, match="holds no GPT-Neo checkpoint"):
        SequenceGenerator.from_pretrained(tmp_path / "nowhere", 3)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"count": 0}, "count=0"),
        ({"count": 1, "temperature": -1.0}, "temperature=-1"),
        ({"count": 1, "conditions": {"latency": 1.0}}, "no condition latency"),
        ({"count": 1, "conditions": {"params": 0.0}}, "params is 0: it must be positive"),
    ],
)
def test_bad_requests(trained, options, match):
    with pytest.raises(NasutilsError, match=match):
        trained.generate(**{"conditions": {}, **options})


def test_bad_sequences_and_sizes():
    generator = model()
    for bad in [((3, 8, 1),), ((0, 12, 1),), ((0, 8, 3),), (), ((0, 8, 1),) * 21]:
        with pytest.raises(NasutilsError, match=r"valid are clusters from 0 to 2|1 to 20"):
            generator.tokens([bad])
    with pytest.raises(NasutilsError, match="at least one of each"):
        SequenceGenerator(0)
    with pytest.raises(NasutilsError, match="conditions of snip_ssnr"):
        SequenceGenerator(2, ["latency"])
