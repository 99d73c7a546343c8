"""Loops as PyTorch's users write them: they work, or say what to do."""

import numpy as np
import pytest
from helpers import clusters, refused

import minimalbp as mbp


def test_layers_are_found_by_index(backend):
    net = mbp.mlp([4, 5, 3], backend=backend)
    assert len(net) == 3 and [*net] == net.children and net[-1] is net.children[2] and net[0].n_out == 5
    assert net and mbp.Residual(mbp.ReLU())


def test_a_loop_without_fit_learns(backend, dtype):
    data = clusters()
    net, loss = mbp.mlp([7, 20, 3], rng=1, backend=backend, dtype=dtype), mbp.SoftmaxCrossEntropy()
    adam, losses = mbp.Adam(net.parameters(), lr=0.01), []
    for _ in range(30):
        losses.append(loss.forward(net.forward(data.train.x), data.train.y))  # float32, int64
        net.backward(loss.backward())
        adam.step()
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize(
    "make", [lambda x: x, lambda x: x.astype("float64"), lambda x: x.tolist(), lambda x: x[:, ::-1]]
)
def test_inputs_and_gradients_of_other_types_are_converted(make, backend, rng):
    net = mbp.mlp([4, 5, 3], select=mbp.TopK(2), rng=1, backend=backend)
    x, dy = rng.normal(size=(6, 4)).astype("float32"), rng.normal(size=(6, 3)).astype("float32")
    right = net.forward(np.ascontiguousarray(make(x), "float32")).copy()
    dx = net.backward(np.ascontiguousarray(make(dy), "float32")).copy()
    np.testing.assert_array_equal(net.forward(make(x)), right)
    np.testing.assert_array_equal(net.backward(make(dy)), dx)
    np.testing.assert_array_equal(net.backward(make(dy)), dx)  # twice
    np.testing.assert_array_equal(mbp.Frozen(net).forward(make(x)), mbp.Frozen(net)(make(x)))


def test_what_does_not_fit_is_refused(backend):
    net = mbp.mlp([4, 5, 3], backend=backend)
    refused(lambda: net.backward(np.ones((2, 3))), "call forward, then backward")
    net.forward(np.ones((2, 4)))
    refused(
        lambda: net.backward(np.ones((2, 4))), "dy must be (2, 3), as the outputs of the last forward pass"
    )
    refused(lambda: net.backward(np.ones((3, 3))), "dy must be (2, 3)")
    refused(lambda: net.forward(np.ones((2, 5))), "takes 4 inputs but gets 5")
    seven = mbp.mlp([7, 3], backend=backend)
    refused(
        lambda: mbp.fit(seven, clusters(), "adam"), "optimizer must be one such as Adam(net.parameters())"
    )


def test_histories_and_data_fit_a_screen():
    data, history = clusters(), mbp.History()
    assert repr(history) == "History(0 records)" and history
    net = mbp.mlp([7, 5, 3], backend="reference")
    history = mbp.fit(net, data, mbp.Adam(net.parameters()), epochs=2, evals_per_epoch=2)
    assert len(history) == 4 and [*history] == history.records
    assert repr(history).startswith("History(4 records, epoch 2, best in epoch ") and "test accuracy" in repr(
        history
    )
    columns = history.to_dict()
    assert columns["step"] == [record.step for record in history]
    assert all(len(column) == 4 for column in columns.values())
    many = mbp.Dataset("mine", *[data.train] * 3, classes=tuple(f"{i:02}" * 30 for i in range(100)))
    assert repr(many).count("...") < 12 and "100 classes" in repr(many) and len(repr(many)) < 400
    assert repr(data.train) == f"Split({len(data.train)} examples of shape (7,))"
