"""Algorithm 1 against a slow reference, and runs that are cut off."""

import math
import random
from dataclasses import asdict, replace

import pytest
import torch
from torch.nn import functional as F

from nasutils.errors import DataError, NasutilsError, UnknownNameError
from nasutils.methods.kshot_hypernet.config import SuperNetConfig
from nasutils.methods.kshot_hypernet.sampling import sample_cells
from nasutils.methods.kshot_hypernet.tasks import Images, Task, augmented, load_task
from nasutils.methods.kshot_hypernet.training import Training, build_supernet
from nasutils.networks.nasbench201_supernet import Choice
from nasutils.training.checkpoints import read_checkpoint

TINY = SuperNetConfig(
    task="digits",
    size=8,
    channels=2,
    coefficients=3,
    hidden=4,
    epochs=2,
    warm_up=1,
    batch_size=16,
    weight_decay=0.1,
    temperature=0.01,
)


@pytest.fixture(scope="module")
def task() -> Task:
    whole = load_task("digits", 8)
    return Task(whole.train.first(64), whole.valid.first(32), whole.test.first(32), 10)


def weights(training):
    return {name: p.clone() for name, p in training.supernet.state_dict().items()}


def same(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


def test_a_step_is_algorithm_1(task):
    """The same, written without optimiser: v = .9 v + g, p -= lr (g + .9 v)."""
    # In double precision: single precision drifts apart within a few steps.
    task = Task(Images(task.train.x.double(), task.train.y), task.valid, task.test, 10)
    training = Training(TINY, task)
    training.supernet.double()
    net = build_supernet(TINY, 10, 1).double()
    velocity = {name: torch.zeros_like(p) for name, p in net.named_parameters()}

    def update(lr, decay):
        with torch.no_grad():
            for name, p in net.named_parameters():
                g = torch.zeros_like(p) if p.grad is None else p.grad
                if p.grad is None:
                    continue
                if p.ndim > 1:
                    g = g + decay * p
                velocity[name] = 0.9 * velocity[name] + g
                rate = 0.1 if name.startswith("provider.encoder.") else 1
                p -= rate * lr * (g + 0.9 * velocity[name])
        net.zero_grad(set_to_none=True)

    draws = torch.Generator().manual_seed(0)
    for step in range(6):
        epoch = step // 4
        order = torch.randperm(64, generator=torch.Generator().manual_seed(epoch))
        batch = order[step % 4 * 16 : step % 4 * 16 + 16]
        x, y = task.train.x[batch], task.train.y[batch]
        net.provider.uniform = epoch < 1
        lr = 0.1 * (1 + math.cos(math.pi * step / 8)) / 2
        logits = net(x, Choice.mixture(net.beta.softmax(1)))
        F.cross_entropy(logits, y).backward()
        update(lr, 0.1)
        soft = logits.detach().softmax(1)
        for cell in sample_cells(net.beta, "focus_fair", 0.01, draws):
            (-(soft * net(x, Choice.cell(cell)).log_softmax(1)).sum(1).mean()).backward()
        update(lr, 0.0)
        training.train_step()
    for name, p in net.named_parameters():
        torch.testing.assert_close(dict(training.supernet.named_parameters())[name], p)


def test_only_the_teacher_decays_and_neither_norms_nor_biases(task):
    training = Training(TINY, task)
    names = {id(p): name for name, p in training.supernet.named_parameters()}
    seen = {}
    for group in training.optimiser.param_groups:
        for p in group["params"]:
            seen[names[id(p)]] = (group["decays"], group["rate"])
    assert seen.keys() == set(names.values())
    for name, (decays, rate) in seen.items():
        assert decays != ("norm" in name or name.endswith("bias"))
        assert rate == (0.1 if ".encoder." in name else 1)
    assert seen["beta"] == (True, 1)
    training.train_step()
    # Of the students' update, the last one.
    assert all(group["weight_decay"] == 0 for group in training.optimiser.param_groups)


@pytest.mark.parametrize(
    "changes",
    [
        {"provider": "shared"},
        {"provider": "kshot"},
        {"provider": "hypernet"},
        {"loss": "mixed"},
        {"loss": "labels"},
        {"teacher": "largest"},
        {"teacher": "sum"},
        {"teacher": "none", "loss": "labels"},
        {"sampling": "fair"},
        {"sampling": "spos"},
        {"draws": 2},
        {"augment": True},
        {"mixed_precision": True},
        {"cells_per_stage": 2},
        {"encoder_rate": 0.5},
    ],
    ids=str,
)
def test_every_setting_changes_the_first_step(task, changes):
    torch.manual_seed(0)
    ours, other = (Training(replace(TINY, **c), task) for c in ({}, changes))
    if "provider" not in changes and "cells_per_stage" not in changes:
        assert same(weights(ours), weights(other))
    for training in (ours, other):
        training.train_step()
        training.train_step()
    if weights(ours).keys() == weights(other).keys():
        assert not same(weights(ours), weights(other))
    assert all(p.isfinite().all() for p in other.supernet.parameters())


def test_several_draws_count_with_their_mean(task):
    # With one student forced, two draws of it are one: SPOS under one seed would differ, so beta
    # makes FocusFair's order certain instead.
    trainings = [Training(replace(TINY, draws=d), task) for d in (1, 3)]
    for training in trainings:
        with torch.no_grad():
            training.supernet.beta.copy_(torch.arange(5.0).expand(6, 5))
        training.train_step()
    one, three = (dict(t.supernet.named_parameters()) for t in trainings)
    for name in one:
        torch.testing.assert_close(one[name], three[name], msg=name)


def test_beta_stays_without_a_teacher(task):
    training = Training(replace(TINY, teacher="none", loss="labels"), task)
    training.train_step()
    assert not training.supernet.beta.any()


def test_a_run_cut_off_at_any_step_goes_on_bit_for_bit(task, tmp_path):
    path = tmp_path / "run.pt"

    def note(training):
        return {"accuracy": training.supernet.beta.sum().item()}

    whole = Training(TINY, task)
    whole.run(on_epoch=note)
    cuts = sorted(random.Random(0).sample(range(1, whole.total_steps), 3))
    for cut in cuts:

        def stop(training, cut=cut):
            if training.step == cut:
                raise KeyboardInterrupt

        first = Training(TINY, task)
        with pytest.raises(KeyboardInterrupt):
            first.run(path, on_epoch=note, on_step=stop, save_every=0)
        second = Training(TINY, task)
        second.load(path)
        assert second.step == cut
        second.run(path, on_epoch=note)
        assert same(weights(whole), weights(second))
        assert second.history == whole.history
    third = Training(TINY, task)
    third.load(path)  # a finished run is finished
    third.run(path)
    assert same(weights(whole), weights(third))


def test_a_checkpoint_of_another_configuration_is_refused(task, tmp_path):
    path = tmp_path / "run.pt"
    Training(TINY, task).save(path)
    with pytest.raises(DataError, match=r"seed is 0 there, 1 here"):
        Training(replace(TINY, seed=1), task).load(path)


def test_damaged_checkpoints_are_refused(task, tmp_path):
    path = tmp_path / "run.pt"
    training = Training(TINY, task)
    training.save(path)
    whole = path.read_bytes()
    for damaged in (
        whole[: len(whole) // 2],
        b"",
        whole[:4000] + bytes([whole[4000] ^ 1]) + whole[4001:],
    ):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match="run"):
            Training(TINY, task).load(path)
    with pytest.raises(DataError, match="missing"):
        read_checkpoint(tmp_path / "missing.pt", "a super-net", {"config"})
    torch.save({"epoch": 3}, path)
    with pytest.raises(DataError, match="no checkpoint of a super-net"):
        read_checkpoint(path, "a super-net", {"config"})


def test_a_checkpoint_survives_a_failed_write(task, tmp_path, monkeypatch):
    path = tmp_path / "run.pt"
    training = Training(TINY, task)
    training.save(path)
    before = path.read_bytes()

    def full(state, part):
        part.write_bytes(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match="no space"):
        training.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_weights_that_blow_up_stop_the_run(task):
    with pytest.raises(NasutilsError, match="no longer finite"):
        Training(replace(TINY, lr=1e30), task).run()


def test_bad_settings_are_named_before_any_work(task):
    for changes, message in (
        ({"provider": "hyper"}, "kshot_hypernet"),
        ({"task": "mnist"}, "cifar10"),
        ({"teacher": "big"}, "largest"),
        ({"loss": "hard"}, "soft"),
        ({"batch_size": 0}, "batch_size = 0"),
        ({"lr": float("nan")}, "lr = nan"),
        ({"teacher": "none"}, "without a teacher"),
    ):
        with pytest.raises((UnknownNameError, NasutilsError), match=message):
            replace(TINY, **changes)
    few = Task(task.train.first(10), task.valid, task.test, 10)
    with pytest.raises(NasutilsError, match="10 images do not fill a batch of 16"):
        Training(TINY, few)


def test_keys_tell_configurations_apart():
    assert TINY.key == SuperNetConfig(**asdict(TINY)).key
    assert TINY.key != replace(TINY, seed=1).key


def test_augmentation_shifts_and_mirrors():
    x = torch.arange(1.0, 65).view(1, 1, 8, 8).expand(400, 1, 8, 8)
    out = augmented(x, torch.Generator().manual_seed(0))
    assert out.shape == x.shape
    padded = F.pad(x[0, 0], (1, 1, 1, 1))
    crops = [
        w
        for r in range(3)
        for c in range(3)
        for crop in [padded[r : r + 8, c : c + 8]]
        for w in (crop, crop.flip(1))
    ]
    seen = [next(i for i, crop in enumerate(crops) if torch.equal(crop, y[0])) for y in out]
    assert len(set(seen)) == len(crops) == 18


def test_tasks_are_checked():
    with pytest.raises(UnknownNameError, match="digits"):
        load_task("svhn", 32)
    with pytest.raises(NasutilsError, match="12"):
        load_task("cifar10", 12)
    with pytest.raises(NasutilsError, match="8 x 8"):
        load_task("digits", 16)
    images = Images(torch.zeros(5, 1, 2, 2), torch.arange(5))
    assert len(images.first(3)) == 3
