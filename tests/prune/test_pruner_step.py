"""A step of a training that prunes: masks, gradients, decay, and what an update does to the weights."""

from dataclasses import replace

import numpy as np
import pytest
from noise import QUICK, SLOW, SPLIT, begun, network

import minimalbp as mbp


@pytest.mark.parametrize("backend", ["reference", "cpu"])
def test_a_step_is_that_of_the_network_with_the_masked_weights(backend):
    net, plain = network(backend), network(backend)
    pruner = begun(net, SLOW)
    for one in pruner.layers:
        one.p[:] = 0.5
    x, dy = net.prepare(SPLIT.x[:4]), np.ones((4, 3))
    pruner.before_step()
    for one, layer in zip(pruner.layers, (plain.children[0], plain.children[3])):
        layer.weight.value.reshape(len(layer.weight.value), -1)[
            :, ~pruner.masks[pruner.layers.index(one)]
        ] = 0
    np.testing.assert_array_equal(net.forward(x), plain.forward(x))
    pruner.before_backward()
    np.testing.assert_array_equal(net.backward(dy), plain.backward(dy))
    pruner.observe()
    for one, mask, layer in zip(pruner.layers, pruner.masks, (plain.children[0], plain.children[3])):
        mine = one.groups.layer.weight
        wanted = layer.weight.grad.values.reshape(len(mine.value), -1) * mask
        np.testing.assert_array_equal(mine.grad.values.reshape(len(mine.value), -1), wanted)


def test_full_weights_in_dx_are_an_option():
    nets = {backward: network() for backward in ("masked", "full")}
    dx = {}
    for backward, net in nets.items():
        pruner = begun(net, replace(SLOW, backward=backward))
        for one in pruner.layers:
            one.p[:] = 0.5
        pruner.before_step()
        net.forward(net.prepare(SPLIT.x[:4]))
        pruner.before_backward()
        dx[backward] = net.backward(np.ones((4, 3))).copy()
        pruner.observe()
    assert (dx["masked"] != dx["full"]).any()
    assert all(
        (a.value == b.value).all() for a, b in zip(nets["full"].parameters(), nets["masked"].parameters())
    )
    net = network()  # by hand: forward with masks, backward without
    pruner = begun(net, SLOW)
    for one in pruner.layers:
        one.p[:] = 0.5
    pruner.before_step()
    net.forward(net.prepare(SPLIT.x[:4]))
    for one in pruner.layers:
        one.groups.unmask()
        one.groups.layer.read_weights()
    np.testing.assert_array_equal(dx["full"], net.backward(np.ones((4, 3))))


def test_masks_have_the_mean_that_the_probabilities_say():
    pruner = begun(network(), SLOW)
    n = 4000
    pruner.plan = replace(SLOW, interval=2 * n)
    for one in pruner.layers:
        one.p = np.linspace(0, 1, one.n)
    seen = [np.zeros(one.n) for one in pruner.layers]
    for _ in range(n):
        pruner.before_step()
        for one, mask, total in zip(pruner.layers, pruner.masks, seen):
            total += mask
            one.groups.unmask()
    for one, total in zip(pruner.layers, seen):
        error = np.sqrt(one.p * (1 - one.p) / n)
        assert (np.abs(total / n - (1 - one.p)) <= 4 * error).all()


@pytest.mark.parametrize("decay_masked", [True, False])
def test_masked_groups_change_by_decay_only(decay_masked):
    net = network()
    optimizer = mbp.SGD(net.parameters(), 0.1, momentum=0.9)
    pruner = begun(net, replace(SLOW, decay=0.5, decay_masked=decay_masked), optimizer)
    for one in pruner.layers:
        one.p[::2] = 1
    before = [one.groups.layer.weight.value.copy() for one in pruner.layers]
    pruner.before_step()
    net.backward(np.ones_like(net.forward(net.prepare(SPLIT.x[:4]))), need_dx=False)
    pruner.observe()
    optimizer.step()
    for one, old in zip(pruner.layers, before):
        now, old = (w.reshape(len(w), -1)[:, ::2] for w in (one.groups.layer.weight.value, old))
        np.testing.assert_array_equal(now, old * (1 - 0.1 * 0.5) if decay_masked else old)


def test_at_the_end_groups_are_scaled_by_their_chance_where_asked():
    for rescale, factor in ((True, 0.75), (False, 1)):
        pruner = begun(network(), replace(SLOW, rescale=rescale))
        one = pruner.layers[0]
        before = one.groups.norms()
        one.p[:] = 0.25
        one.remove(np.arange(one.target))
        one.settle(rescale=rescale)
        np.testing.assert_allclose(one.groups.norms()[one.target :], factor * before[one.target :])


def test_rescaled_filters_before_batch_normalisation_give_as_much_less():
    net = network(batchnorm=True)
    for p in net.parameters():
        p.value += 0.1
    net.forward(net.prepare(SPLIT.x), train=True)  # statistics
    pruner = begun(net, replace(SLOW, groups="filters"))
    one, norm = pruner.layers[0], net.children[1]
    outputs = {}
    for when in ("before", "after"):
        net(SPLIT.x[:5])
        outputs[when] = norm.forward(net.children[0].forward(net.prepare(SPLIT.x[:5])), train=False).copy()
        one.p[1] = 0.25
        one.settle(rescale=when == "before")
    np.testing.assert_allclose(outputs["after"][:, 1], 0.75 * outputs["before"][:, 1], rtol=1e-12)
    np.testing.assert_array_equal(outputs["after"][:, 0], outputs["before"][:, 0])


def test_the_highest_probability_leaves_first_when_updates_are_used_up():
    pruner = begun(network(), replace(QUICK, updates=1, span=1, a=1e-9, ratio=0.1))
    one = pruner.layers[0]
    norms = one.groups.norms()
    one.p[:] = 0.5
    one.p[np.argmax(norms)] = 0.51
    pruner.step, pruner.history = 0, mbp.History()
    pruner.before_step()
    assert np.flatnonzero(one.gone).tolist() == [np.argmax(norms)] and pruner.remainder[0] == 1
