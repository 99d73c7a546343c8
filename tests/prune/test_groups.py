"""Groups of weights: what a mask hides, and that masked groups stay where they are in an update."""

import numpy as np
import pytest

import minimalbp as mbp
from minimalbp.errors import BadInput
from minimalbp.layers import Conv2d, Linear
from minimalbp.prune.groups import groups_of

KINDS = ("columns", "filters", "channels")


def network(batchnorm=False, select=None, backend="reference"):
    return mbp.lenet((5, 5), 3, filters=(3, 4), kernel=3, units=(6,), batchnorm=batchnorm, select=select,
                     backend=backend, dtype="float64")  # fmt: skip


def convolutions(net, kind):
    return groups_of(net, kind, lambda layer: isinstance(layer, Conv2d))


@pytest.mark.parametrize("kind", KINDS)
def test_norms_are_sums_of_absolute_weights(kind):
    net = network()
    for one in convolutions(net, kind):
        w = one.layer.weight.value
        axes = {"columns": 0, "filters": (1, 2, 3), "channels": (0, 2, 3)}[kind]
        np.testing.assert_allclose(one.norms(), np.abs(w).sum(axis=axes).ravel(), rtol=1e-14)


def test_columns_of_linear_layers_are_their_inputs():
    net = network()
    hidden, output = groups_of(net, "columns", lambda layer: isinstance(layer, Linear))
    assert (hidden.n, output.n) == (4, 6)
    np.testing.assert_allclose(output.norms(), np.abs(output.layer.weight.value).sum(axis=0))


@pytest.mark.parametrize("kind", KINDS)
def test_a_mask_hides_and_gives_back_the_same_bits(kind):
    net = network(batchnorm=True)
    before = [p.value.copy() for p in net.parameters()]
    for one in convolutions(net, kind):
        mask = np.arange(one.n) % 2 == 0
        one.mask(mask)
        assert (one.norms()[~mask] == 0).all() and (one.norms()[mask] > 0).all()
        one.unmask()
    for p, old in zip(net.parameters(), before):
        assert (p.value == old).all()


@pytest.mark.parametrize("batchnorm", [False, True])
def test_a_masked_filter_gives_zeros(batchnorm):
    net = network(batchnorm)
    for p in net.parameters():
        p.value += 0.1
    one = convolutions(net, "filters")[0]
    one.mask(np.array([True, False, True]))
    seen = []
    after = net.children[net.children.index(one.layer) + (2 if batchnorm else 1)]
    forward = after.forward
    after.forward = lambda x, **options: (seen.append(x.copy()), forward(x, **options))[1]
    net(np.random.default_rng(0).normal(size=(2, 1, 5, 5)))
    assert (seen[0][:, 1] == 0).all() and (seen[0][:, [0, 2]] != 0).any()


@pytest.mark.parametrize("backend", ["reference", "cpu"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("select", [None, mbp.TopK(ratio=0.3), mbp.Channels(2)])
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adagrad"])
def test_masked_groups_do_not_move(backend, kind, select, optimizer):
    net = network(batchnorm=True, select=select, backend=backend)
    made = {"sgd": lambda p: mbp.SGD(p, 0.1, momentum=0.9), "adam": mbp.Adam, "adagrad": mbp.AdaGrad}[
        optimizer
    ](net.parameters())
    rng = np.random.default_rng(1)

    def step(masks):
        x = net.prepare(rng.normal(size=(3, 1, 5, 5)))
        y = net.forward(x)
        net.backward(rng.normal(size=y.shape), need_dx=False)
        for one, mask in masks:
            one.mask_gradients(mask, made)
        made.step()

    step([])  # moments that are not zero
    masks = [(one, np.arange(one.n) % 2 == 0) for one in convolutions(net, kind)]
    before = [one.layer.weight.value.copy() for one, _ in masks]
    step(masks)
    for (one, mask), old in zip(masks, before):
        shape = one.parts[0][1]
        moved = (one.layer.weight.value != old).reshape(shape).any(axis=(0, 2))
        assert not moved[~mask].any() and moved[mask].any()


def test_filters_that_nobody_reads_cannot_leave():
    net = mbp.Sequential(mbp.Conv2d(1, 2, 3), mbp.ReLU(), backend="reference")
    with pytest.raises(BadInput, match="cannot leave: they are outputs of the network"):
        convolutions(net, "filters")
    block = mbp.Residual(mbp.Conv2d(2, 2, 1), project=mbp.Conv2d(2, 2, 1))
    net = mbp.Sequential(block, mbp.Conv2d(2, 1, 1), backend="reference")
    with pytest.raises(BadInput, match="or of a Residual"):
        convolutions(net, "filters")
    assert [one.name for one in convolutions(net, "columns")] == ["0.0", "0.1", "1"]


def test_an_unknown_kind_is_refused():
    with pytest.raises(BadInput, match="unknown groups 'rows'"):
        groups_of(network(), "rows", lambda layer: True)
