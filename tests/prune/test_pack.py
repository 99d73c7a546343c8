"""A packed network computes what the pruned one computes, in float64 to the last digits, and has fewer weights."""

import numpy as np
import pytest
from helpers import close, parameters, refused
from pruned import NETS, SHAPE, learn, lenet, prune

import minimalbp as mbp
from minimalbp.prune import Unequal, pack, prove

KINDS = (mbp.PackedConv2d, mbp.PackedLinear)


def sizes(net):
    return [p.value.shape for p in net.parameters() if p.value.ndim > 1]


@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize("name", NETS)
def test_outputs_are_those_of_the_pruned_network(name, fold, backend, dtype, rng):
    make, shape = NETS[name]
    x = rng.normal(size=(4, *shape))
    net = prune(learn(make(backend=backend, dtype=dtype, rng=2), x, rng), rng)
    before = parameters(net)
    packed = pack(net, fold_batchnorm=fold)
    close(packed(x), net(x), dtype)
    assert prove(net, packed, x) <= 1e-12
    assert (packed.be, packed.dtype) == (net.be, net.dtype)
    for key, value in parameters(net).items():
        np.testing.assert_array_equal(value, before[key])
    kinds = [type(la) for la in packed.layers()]
    assert any(issubclass(kind, KINDS) for kind in kinds)
    norms = [issubclass(kind, (mbp.BatchNorm1d, mbp.BatchNorm2d)) for kind in kinds]
    assert any(norms) == (not fold and name in ("lenet batchnorm", "residual", "vectors"))
    assert sum(p.value.size for p in packed.parameters()) < 0.7 * sum(p.value.size for p in net.parameters())


def test_dead_filters_leave_with_all_that_reads_them(backend, rng):
    net = lenet(backend=backend, batchnorm=True, rng=2)
    x = rng.normal(size=(3, *SHAPE))
    learn(net, x, rng)
    first, second, hidden = net.children[0], net.children[4], net.children[9]
    first.weight.value[[1, 3]] = 0  # silent, with its normalisation
    for p in net.children[1].parameters():
        p.value[[1, 3]] = 0
    second.weight.value[:, 0] = 0  # nothing reads filter 0 of the first
    hidden.weight.value[:, 2 * 4 : 3 * 4] = 0  # nor filter 2 of the second, whose map has 4 pixels
    packed = pack(net)
    assert sizes(packed) == [(2, 2, 3, 3), (5, 2, 3, 3), (7, 20), (3, 7)]
    close(packed(x), net(x), "float32")


def test_removals_reach_the_layers_before(backend, rng):
    net = lenet(backend=backend, rng=2)
    x = rng.normal(size=(3, *SHAPE))
    second, hidden = net.children[3], net.children[7]
    second.weight.value[:5, :2] = 0  # filters 0 and 1 of the first are read by filter 5 of the second alone,
    hidden.weight.value[:, 5 * 4 :] = 0  # which nothing reads
    packed = pack(net)
    assert sizes(packed) == [(3, 2, 3, 3), (5, 3, 3, 3), (7, 20), (3, 7)]
    close(packed(x), net(x), "float32")


def test_one_filter_of_a_dead_layer_stays(backend, rng):
    net = lenet(backend=backend, rng=2)
    for p in net.children[3].parameters():
        p.value[:] = 0
    packed = pack(net)
    assert packed.children[3].weight.value.shape == (1, 0)
    assert packed.children[0].out_channels == 1
    x = rng.normal(size=(3, *SHAPE))
    close(packed(x), net(x), "float32")


def test_constant_outputs_are_not_taken_for_silent_ones(backend, rng):
    net = mbp.Sequential(
        mbp.Linear(3, 4),
        mbp.Sigmoid(),
        mbp.Linear(4, 4),
        mbp.BatchNorm1d(4),
        mbp.Linear(4, 2),
        backend=backend,
    )
    x = rng.normal(size=(5, 3))
    learn(net, x, rng)
    for layer in (net.children[0], net.children[2]):
        layer.weight.value[1] = 0
        layer.bias.value[1] = 0
    packed = pack(net)
    assert [la.n_out for la in packed.linears()] == [4, 4, 2]
    close(packed(x), net(x), "float32")


def test_sums_of_residuals_keep_their_channels(backend, rng):
    make, shape = NETS["residual"]
    net = make(backend=backend, rng=2)
    x = rng.normal(size=(2, *shape))
    learn(net, x, rng)
    for layer in (net.children[0], net.children[2].children[0], net.children[2].children[3]):
        layer.weight.value[0] = 0
        layer.bias.value[0] = 0
    for p in net.children[2].children[1].parameters():
        p.value[0] = 0
    packed = pack(net)
    assert packed.children[0].out_channels == 5  # added to, by way of the projection
    assert packed.children[2].children[0].out_channels == 5  # 6, less the one inside
    assert packed.children[2].children[3].out_channels == 4
    close(packed(x), net(x), "float32")


def test_nothing_to_pack_gives_a_copy(backend, rng):
    net = lenet(backend=backend, rng=2, select=mbp.TopK(3))
    packed = pack(net)
    assert packed.describe() == net.describe() and packed.children[0].select == mbp.TopK(3)
    x = rng.normal(size=(3, *SHAPE))
    np.testing.assert_array_equal(packed(x), net(x))
    assert packed.children[0].weight.value is not net.children[0].weight.value


def test_packed_networks_are_packed_again(backend, rng):
    net = prune(lenet(backend=backend, rng=2), rng, share=0.3, filters=0)
    once = pack(net)
    x = rng.normal(size=(3, *SHAPE))
    once.children[3].weight.value[:, ::2] = 0
    twice = pack(once)
    assert twice.children[3].weight.value.shape[1] == once.children[3].weight.value.shape[1] // 2
    assert prove(once, twice, x) < 1e-12
    close(twice(x), once(x), "float32")


@pytest.mark.parametrize("select", [None, mbp.TopK(ratio=0.2), mbp.Positions(3), mbp.Channels(2)])
def test_packed_networks_train(select, backend, rng):
    """Gradients too are those of the pruned network whose zeros do not learn."""
    vectors = None if select is None else mbp.TopK(3)
    net = lenet(backend=backend, rng=2, select=select, units_select=vectors, dtype="float64")
    prune(net, rng, share=0.3, filters=0)  # no filter is dead: the two have the same units
    packed, x, labels = pack(net), rng.normal(size=(4, *SHAPE)), np.array([0, 1, 2, 0])
    same = [a.value.shape[0] for a in packed.parameters()] == [a.value.shape[0] for a in net.parameters()]
    for one in (net, packed):
        loss = mbp.SoftmaxCrossEntropy().bind(one.be, one.dtype)
        loss.forward(one.forward(one.prepare(x)), labels)
        one.backward(loss.backward(), need_dx=False)
    assert same
    for a, b in zip(net.parameters(), packed.parameters()):
        values = [p.grad.values.reshape(len(p.grad.values), -1) for p in (a, b)]
        layer = packed.children[int(a.name.split(".")[0])]
        if a.name.endswith("weight") and isinstance(layer, KINDS):
            values[0] = values[0][:, layer.columns.value]
        close(values[1], values[0], "float64")


def test_a_wrong_network_is_not_proved(rng):
    net = prune(lenet(backend="reference", rng=2, batchnorm=True), rng)
    x = rng.normal(size=(3, *SHAPE))
    for fold in (False, True):
        packed = pack(net, fold_batchnorm=fold)
        packed.parameters()[0].value[0, 0] += 1e-6
        with pytest.raises(Unequal, match="above 1e-12; the packed network is not that"):
            prove(net, packed, x)
    other = pack(net)
    other.parameters()[-1].value[:] = np.nan
    with pytest.raises(Unequal, match="differ by nan"):
        prove(net, other, x)
    refused(lambda: prove(net, pack(net), rng.normal(size=(3, 4))), "takes pictures")
