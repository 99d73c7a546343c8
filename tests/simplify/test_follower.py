"""The controls of meSimp: networks that shrink as another did, and what is refused."""

import numpy as np
import pytest
from shrinking import trained, widths_of

import minimalbp as mbp
from minimalbp.simplify import Follower, Simplifier


@pytest.mark.parametrize("rule", ["magnitude", "random"])
def test_a_follower_has_the_widths_of_the_other_run(rule, tmp_path):
    _, history = trained(Simplifier(prune=0.35, cycle=1))
    path = tmp_path / "run.npz"
    net, followed = trained(Follower(widths_of(history), rule), checkpoint=path)
    assert widths_of(followed) == widths_of(history) and followed.begins == history.begins
    again, resumed = trained(Follower(widths_of(history), rule), checkpoint=path, resume=True)
    assert resumed == followed
    np.testing.assert_array_equal(net.linears()[0].weight.value, again.linears()[0].weight.value)


def test_magnitude_keeps_the_largest_weights():
    net = mbp.mlp([5, 4, 2], backend="reference")
    w = net.linears()[0].weight.value
    w[:] = 0
    w[:, 2] = [1, -3, 2, 0.5]
    companion = Follower([[4], [2]], "magnitude")
    companion.begin(net, mbp.SGD(net.parameters()), 1)
    companion.before_part(1, mbp.History())
    assert companion.left[0].tolist() == [[1, 2]]


@pytest.mark.parametrize("rule", ["magnitude", "random"])
def test_the_controls_restart_their_moments_as_well(rule, monkeypatch):
    called = []
    monkeypatch.setattr(mbp.Adam, "reset", lambda self: called.append(self.t))
    trained(Follower([[12, 10]] * 10, rule, restart=2), epochs=5)
    assert called == [12, 16, 28, 32], "as the network that they follow"


@pytest.mark.parametrize(
    "wrong, message",
    [
        ([4] * 6, "a list of sizes for each part, not 4"),
        ([None] * 6, "a list of sizes for each part, not None"),
        ([[4.5, 4]], "a width must be a whole number"),
        ([[-3, 4]], "a width must be at least 1"),
        ([[4]], r"widths must be those of 2 hidden layers, not \[4\]"),
        ([[12, 10], [12, 11]], "a width of layer 2, .* must be at most 10, not 11"),
    ],
)
def test_widths_that_no_run_had(wrong, message):
    with pytest.raises(mbp.BadInput, match=message):
        trained(Follower(wrong, "random"))
    with pytest.raises(mbp.BadInput, match="seed must be"):
        Follower([[4, 4]], "random", seed=-1)
