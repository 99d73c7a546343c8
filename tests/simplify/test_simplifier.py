"""meSimp while a network trains: who leaves when, what is kept of it, its controls, and what is refused."""

from itertools import pairwise

import numpy as np
import pytest
from helpers import Told
from shrinking import DATA, lstms, mask, mlp, trained, widths_of

import minimalbp as mbp
from minimalbp.network.compact import compact, hidden_layers
from minimalbp.seeds import Streams
from minimalbp.select import TopK
from minimalbp.simplify import Follower, Plan, Simplifier


def test_units_leave_in_simplification_cycles_only():
    net, history = trained(Simplifier(prune=0.35, cycle=1), epochs=4)
    widths = widths_of(history)
    assert widths[0] == [12, 10] and len(widths) == 8
    assert (
        widths[2] < widths[0]
    )  # two looks in the first epoch; what the second calls for is made in the next part
    assert widths[2] == widths[3] == widths[4]  # the second epoch is a training cycle
    assert all(w >= v for a, b in pairwise(widths) for w, v in zip(a, b))
    assert net.describe()["layers"][0]["n_out"] == widths[-1][0]
    assert history.begins > 0 and history.best in history.records[history.begins :]
    assert history.best.widths == widths[-1]
    assert all(r.widths == widths[-1] for r in history.counted)


def test_the_threshold_is_that_of_the_released_code():
    companion = Simplifier(prune=0.5)
    net = mbp.mlp([DATA.n_inputs, 4, 2], select=TopK(2), backend="reference")
    companion.begin(net, mbp.SGD(net.parameters()), 1)
    companion.after_part(None)
    companion.hits[0][:], companion.chances[0] = [[3, 2, 4, 1]], 7  # floor(3.5) = 3
    companion.before_part(1, mbp.History())
    assert companion.left[0].tolist() == [[0, 2]] and net.linears()[0].n_out == 2
    assert companion.chances == [0] and companion.hits[0].tolist() == [[0, 0]]
    np.testing.assert_allclose(companion.activeness[0], [[0, 0, 0, 0]])


@pytest.mark.parametrize("options, resets", [({}, 0), ({"restart": True}, 4), ({"faithful": True}, 4)])
def test_moments_restart_after_each_look_in_the_last_epoch_of_a_cycle(options, resets, monkeypatch):
    called = []
    monkeypatch.setattr(mbp.Adam, "reset", lambda self: called.append(self.t))
    trained(Simplifier(prune=0.1, cycle=2, **options), epochs=5)
    assert called == [12, 16, 28, 32][:resets]  # 8 steps an epoch; the looks of the second and the fourth


def test_a_window_of_several_looks():
    one, two = (trained(Simplifier(prune=0.35, cycle=4, window=w), epochs=3)[1] for w in (1, 2))
    changed = [[i for i, (a, b) in enumerate(pairwise(w)) if a != b] for w in map(widths_of, (one, two))]
    assert 0 in changed[0] and changed[1] and all(i % 2 == 1 for i in changed[1])


@pytest.mark.parametrize("least", [1, 3])
def test_never_below_the_minimum_width(least):
    companion = Simplifier(prune=1.0, cycle=9, min_width=least)
    net, history = trained(companion, epochs=3)
    assert widths_of(history)[-1] == [least, least]
    assert len(companion.notes) == 2 and "the minimum width" in companion.notes[0]
    assert np.isfinite(history.best.dev_loss) and net.linears()[0].n_out == least


def test_nothing_leaves_where_all_are_active():
    companion = Simplifier(prune=0.0)
    _, history = trained(companion)
    assert widths_of(history)[-1] == [12, 10] and history.begins == 0 and not companion.notes


def test_the_pictures_of_activeness_have_a_column_for_every_first_unit():
    companion = Simplifier(prune=0.35, cycle=1)
    _, history = trained(companion)
    for i, picture in enumerate(companion.activeness):
        gone = np.isnan(picture)
        assert picture.shape == (8, (12, 10)[i])
        assert (~gone).sum(axis=1).tolist() == [w[i] for w in widths_of(history)]
        assert not (gone[:-1] & ~gone[1:]).any()  # nobody comes back
        assert np.nanmax(picture) <= 1 and np.nanmin(picture) >= 0 and np.nanmax(picture[-1]) > 0


def masked_training(plan, k, epochs, parts=2):
    """The released procedure, by masks: widths at each look, of a network that never changes its size."""
    net = mbp.mlp([DATA.n_inputs, 12, 10, DATA.n_classes], select=TopK(k), backend="reference")
    adam = mbp.Adam(net.parameters(), lr=0.01)
    masks, hits, refer = [np.ones(n, bool) for n in (12, 10)], [np.zeros(n, int) for n in (12, 10)], 0
    widths, loss = [], mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype)
    rng = Streams(0).generator("shuffle")
    steps = -(-len(DATA.train) // 8)
    looks = {steps * (i + 1) // parts for i in range(parts)}
    hidden = hidden_layers(net)
    for epoch in range(epochs):
        order = rng.permutation(len(DATA.train))
        for s in range(steps):
            batch = order[8 * s : 8 * s + 8]
            for h, m in zip(hidden, masks):
                mask(h, np.flatnonzero(m)[None])
            loss.forward(net.forward(net.prepare(DATA.train.x[batch])), DATA.train.y[batch].astype(np.int32))
            net.backward(loss.backward(), need_dx=False)
            refer += len(batch)
            for i, h in enumerate(hidden):
                choice = h.layer.last_choice
                np.add.at(hits[i], choice.ravel(), 1)
            adam.step()
            if s + 1 in looks:
                widths.append([int(m.sum()) for m in masks])
                if (epoch + 1) % plan.cycle == 0:
                    adam.reset()
                if epoch // plan.cycle % 2 == 0:
                    for i, m in enumerate(masks):
                        m &= hits[i] >= int(refer * plan.prune)
                        hits[i][:] = 0
                    refer = 0
    return widths


@pytest.mark.parametrize("k", [3, 6])
def test_the_faithful_mode_is_the_released_procedure(k):
    plan = Plan(prune=0.3, cycle=1, faithful=True)
    net = mbp.mlp([DATA.n_inputs, 12, 10, DATA.n_classes], select=TopK(k), backend="reference")
    adam = mbp.Adam(net.parameters(), lr=0.01)
    history = mbp.fit(
        net, DATA, adam, epochs=4, batch_size=8, evals_per_epoch=2, companions=[Simplifier(plan)]
    )
    assert widths_of(history) == masked_training(plan, k, 4)
    assert widths_of(history)[-1] < [12, 10] and history.begins == 0


@pytest.mark.parametrize("faithful, dropout", [(False, 0.0), (True, 0.0), (False, 0.3)])
def test_a_resumed_run_is_bit_for_bit_the_same(tmp_path, faithful, dropout):
    plan = Plan(prune=0.35, cycle=1, window=1 if faithful else 2, faithful=faithful)
    whole, _ = net, history = trained(Simplifier(plan), epochs=5, dropout=dropout)
    assert history.records[-1].widths < [12, 10]
    path = tmp_path / "run.npz"
    for stop in range(1, 10, 2):  # a stop at every other look
        looks = iter(range(1, stop + 1))
        halt = Told(lambda r, n=looks, s=stop: next(n) == s)
        trained(Simplifier(plan), halt, epochs=5, dropout=dropout, checkpoint=path)
        companion = Simplifier(plan)
        net, again = trained(companion, epochs=5, dropout=dropout, checkpoint=path, resume=True)
        assert again == history
        for p, q in zip(whole.parameters(), net.parameters()):
            np.testing.assert_array_equal(p.value, q.value)
        assert all(len(a) == 10 for a in companion.activeness)


def test_a_unit_that_dropout_left_out_is_not_active():
    net = mbp.mlp([DATA.n_inputs, 12, DATA.n_classes], select=TopK(12), dropout=0.5, backend="reference")
    loss = mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype)
    loss.forward(net.forward(net.prepare(DATA.train.x[:40])), DATA.train.y[:40].astype(np.int32))
    net.backward(loss.backward(), need_dx=False)
    layer, hits = net.linears()[0], np.zeros((1, 12), np.int64)
    assert layer.count(hits) == 40, "but it counts as an example in which it could have been"
    _, relu, dropout, _ = net.children
    on, left_in = relu.last_y > 0, dropout._u >= 0.5
    assert (hits[0] == (on & left_in).sum(axis=0)).all() and 0 < hits.sum() < on.sum()


def test_a_checkpoint_of_other_plans_is_refused(tmp_path):
    path = tmp_path / "run.npz"
    trained(Simplifier(prune=0.35, cycle=1), checkpoint=path)
    with pytest.raises(mbp.BadInput, match="other settings"):
        trained(Simplifier(prune=0.3, cycle=1), checkpoint=path, resume=True)
    with pytest.raises(mbp.BadInput, match=r"other settings: first is .+ there, None here"):
        trained(checkpoint=path, resume=True)


def test_a_small_network_is_pytorchs_too(tmp_path):
    torch = pytest.importorskip("torch")
    net, _ = trained(Simplifier(prune=0.35, cycle=1))
    mbp.save(net, tmp_path / "small.safetensors")
    from safetensors.torch import load_file

    sizes = [(layer.n_in, layer.n_out) for layer in net.linears()]
    layers = [m for n_in, n_out in sizes for m in (torch.nn.Linear(n_in, n_out), torch.nn.ReLU())][:-1]
    theirs = torch.nn.Sequential(*layers)
    theirs.load_state_dict(load_file(tmp_path / "small.safetensors"))
    x = DATA.test.x.astype(np.float32)
    np.testing.assert_allclose(net(x), theirs(torch.from_numpy(x)).detach().numpy(), rtol=1e-5, atol=1e-6)
    same = mbp.mlp([sizes[0][0], *(n for _, n in sizes)], rng=3, backend="reference")
    mbp.load(same, tmp_path / "small.safetensors")
    np.testing.assert_array_equal(same(x), net(x))


def test_a_small_lstm_is_pytorchs_too(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    net = mbp.Sequential(mbp.LSTM(4, 7, bidirectional=True), mbp.Linear(14, 3))
    kept = np.array([[0, 2, 5], [1, 2, 6]])
    compact(net, None, [(hidden_layers(net)[0], kept)])
    mbp.save(net, tmp_path / "small.safetensors")
    weights = load_file(tmp_path / "small.safetensors")
    theirs = torch.nn.LSTM(4, 3, bidirectional=True)
    names = dict(theirs.named_parameters())
    theirs.load_state_dict({name: weights.get(f"0.{name}", torch.zeros_like(p)) for name, p in names.items()})
    x = np.random.default_rng(1).normal(size=(6, 4)).astype(np.float32)
    y = theirs(torch.from_numpy(x))[0].detach().numpy()
    np.testing.assert_allclose(net.children[0].forward(x, train=False), y, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"prune": 1.5}, "prune must be"),
        ({"prune": float("nan")}, "prune must be"),
        ({"cycle": 0}, "cycle must be"),
        ({"window": 0.5}, "window must be"),
        ({"min_width": 0}, "min_width must be"),
        ({"faithful": 1}, "faithful must be"),
        ({"restart": "no"}, "restart must be"),
        ({"plan": Plan(), "prune": 0.1}, "not both"),
        ({"plan": {"prune": 0.1}}, "takes a Plan"),
    ],
)
def test_plans_out_of_range(wrong, message):
    with pytest.raises(mbp.BadInput, match=message):
        Simplifier(**wrong)


def test_networks_that_cannot_shrink():
    flat = mbp.Sequential(mbp.Linear(4, 3), backend="reference")
    for net, message in (
        (flat, "no hidden layer"),
        (mbp.mlp([4, 3, 2], backend="reference"), "min_width = 5 is above the 3 units"),
    ):
        with pytest.raises(mbp.BadInput, match=message):
            Simplifier(min_width=5).begin(net, mbp.SGD(net.parameters()), 1)
    for net in (lstms(TopK(3), backend="reference"), mlp(TopK(ratio=0.5), mbp.ReLU, backend="reference")):
        with pytest.raises(mbp.BadInput, match="the faithful mode is for Linear"):
            Simplifier(faithful=True).begin(net, mbp.SGD(net.parameters()), 1)
    with pytest.raises(mbp.BadInput, match="rule"):
        Follower([], "size")


def test_k_may_be_a_share_of_the_width_that_is_left():
    companion = Simplifier(prune=0.35, cycle=1)
    net, history = trained(companion, select=TopK(ratio=0.5))
    for layer, width, first in zip(net.linears(), widths_of(history)[-1], (12, 10)):
        assert layer.n_out == width < first
        assert (
            layer.select.units(layer.n_out) == -(-width // 2) or layer.select.units(layer.n_out) == width // 2
        )
        assert layer.last_choice.shape[-1] == layer.select.units(width)


def test_a_checkpoint_of_another_first_width_is_refused(tmp_path):
    path = tmp_path / "run.npz"
    trained(Simplifier(prune=0.35, cycle=1), checkpoint=path)
    with pytest.raises(mbp.BadInput, match="other settings"):
        trained(Simplifier(prune=0.35, cycle=1), hidden=(13, 10), checkpoint=path, resume=True)
