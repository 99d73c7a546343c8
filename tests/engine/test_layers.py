"""Layers one at a time: shapes, what backward needs, what they refuse and how they call themselves."""

import numpy as np
import pytest
from helpers import refused

import minimalbp as mbp
from minimalbp.layers import Units
from minimalbp.optim import Optimizer
from minimalbp.select import Selector
from minimalbp.train.batches import Feed


def dense(layer, backend="reference", dtype="float64", rng=0):
    return mbp.Sequential(layer, backend=backend, dtype=dtype, rng=rng)


@pytest.mark.parametrize("kind", [mbp.ReLU, mbp.Tanh, mbp.Sigmoid, mbp.Cube])
def test_activations_keep_shape_and_type(kind, backend, dtype, rng):
    layer = kind()
    net = dense(layer, backend, dtype)
    for shape in ((1, 1), (3, 5), (2, 3, 4)):
        x = rng.normal(size=shape).astype(dtype)
        y = net.forward(x)
        assert (y.shape, y.dtype) == (shape, np.dtype(dtype))
        assert layer.backward(np.ones_like(y), need_dx=False) is None
        assert layer.backward(np.ones_like(y)).shape == shape
    assert net.parameters() == [] and layer.describe() == {"layer": kind.__name__}


def test_linear_without_bias(backend, dtype, rng):
    layer = mbp.Linear(3, 2, bias=False, select=mbp.TopK(1))
    net = dense(layer, backend, dtype)
    x = rng.normal(size=(5, 3)).astype(dtype)
    np.testing.assert_allclose(net(x), x @ layer.weight.value.T, rtol=1e-5)
    assert [p.name for p in net.parameters()] == ["0.weight"]
    for select in (mbp.Dense(), mbp.TopK(1), mbp.UnifiedTopK(1)):
        layer.select = select
        assert layer.backward(np.ones((5, 2), dtype)).shape == (5, 3)
    assert layer.bias is None and layer.describe() == {
        "layer": "Linear",
        "n_in": 3,
        "n_out": 2,
        "bias": False,
    }


def test_linear_refuses():
    refused(lambda: mbp.Linear(0, 3), "n_in")
    refused(lambda: mbp.Linear(3, 2.5), "n_out")
    refused(lambda: mbp.Linear(3, 2, select=5), "TopK(25)", "5")
    refused(lambda: mbp.Linear(3, 2, select=mbp.TopK), "must be a selector")
    refused(lambda: mbp.Linear(3, 2, init="glorot_unifrom"), "did you mean 'glorot_uniform'")
    refused(lambda: mbp.Linear(3, 2, bias_rows="al"), "did you mean 'all'")


def test_a_clipped_k_is_noted():
    net = mbp.Sequential(mbp.Linear(3, 5, select=mbp.TopK(6)), mbp.Linear(5, 2, select=mbp.TopK(2)))
    (note,) = net.notes()
    assert "k = 6" in note and "layer 0" in note and "5 units" in note
    assert mbp.mlp([3, 5, 2], select=mbp.TopK(ratio=0.9)).notes() == []


@pytest.mark.parametrize("p", [-0.1, 1.0, float("nan"), "0.5", True])
def test_dropout_refuses(p):
    refused(lambda: mbp.Dropout(p), "dropout")


def test_dropout_keeps_the_mean_and_is_off_outside_training(backend, dtype):
    layer = mbp.Dropout(0.25)
    net = dense(layer, backend, dtype)
    x = np.ones((100, 40), dtype)
    y = net.forward(x).copy()
    kept = np.count_nonzero(y) / y.size
    assert abs(kept - 0.75) < 4 * np.sqrt(0.75 * 0.25 / y.size)
    assert set(np.unique(y)) == {0, np.dtype(dtype).type(1 / 0.75)}
    np.testing.assert_array_equal(layer.backward(x), y)
    assert layer.backward(x, need_dx=False) is None
    assert (net.forward(x) != y).any()  # drawn anew
    assert net.forward(x, train=False) is x
    assert layer.backward(x) is x


def test_dropout_of_nothing_draws_nothing(backend):
    layer = mbp.Dropout(0)
    net = dense(layer, backend)
    before = layer.rng.bit_generator.state
    x = np.ones((2, 3))
    assert net.forward(x) is x and layer.backward(x) is x
    assert layer.rng.bit_generator.state == before


def test_flatten_and_back(backend, dtype, rng):
    net = mbp.Sequential(mbp.Flatten(), mbp.Linear(12, 2), backend=backend, dtype=dtype)
    x = rng.normal(size=(5, 3, 4)).astype(dtype)
    assert net.forward(x).shape == (5, 2)
    assert net.backward(np.ones((5, 2), dtype)).shape == x.shape
    assert net.children[0].backward(x, need_dx=False) is None


def test_pictures_are_flattened_for_a_linear_layer(backend, rng):
    net = mbp.Sequential(mbp.Linear(12, 2), backend=backend)
    x = rng.normal(size=(5, 3, 4))
    np.testing.assert_array_equal(net(x), net(x.reshape(5, 12)))


def test_residual_adds_its_input(backend, dtype, rng):
    inner = mbp.Linear(3, 3)
    net = mbp.Sequential(mbp.Residual(inner), backend=backend, dtype=dtype)
    x = rng.normal(size=(2, 3)).astype(dtype)
    expected = x + x @ inner.weight.value.T
    np.testing.assert_allclose(net(x), expected, rtol=1e-5)
    assert net.parameters()[0].name == "0.0.weight"
    net.forward(x)
    assert net.backward(x, need_dx=False) is None


def test_widths_that_do_not_fit_are_refused():
    message = refused(lambda: mbp.Sequential(mbp.Linear(3, 4), mbp.Linear(5, 2)), "layer 1", "5", "4")
    assert "Linear(n_in=5, n_out=2)" in message
    refused(lambda: mbp.Sequential(mbp.Linear(3, 4), mbp.Residual(mbp.Linear(4, 5))), "layer 1", "5 outputs")
    net = mbp.Sequential(mbp.Residual(mbp.Flatten(), mbp.Linear(12, 12)))
    refused(lambda: net(np.ones((2, 3, 4))), "(2, 3, 4)", "(2, 12)")
    net = mbp.Sequential(mbp.Linear(3, 2))
    refused(lambda: net(np.ones((2, 4))), "takes 3 inputs", "4")
    refused(lambda: net(np.ones(3)), "(3,)")
    assert mbp.Sequential(mbp.Residual(mbp.Linear(3, 3))).n_out == 3


def test_containers_refuse_what_is_no_layer_or_stands_twice():
    refused(lambda: mbp.Sequential(), "at least one layer")
    refused(lambda: mbp.Residual(), "at least one layer")
    refused(lambda: mbp.Sequential(mbp.ReLU), "takes layers")
    relu = mbp.ReLU()
    refused(lambda: mbp.Sequential(relu, relu), "twice")
    refused(lambda: mbp.Sequential(relu, mbp.Residual(relu)), "twice")


def test_network_refuses_unknown_names():
    refused(lambda: mbp.Sequential(mbp.ReLU(), backend="gpu"), "backend", "reference")
    refused(lambda: mbp.Sequential(mbp.ReLU(), dtype="float16"), "dtype", "float32")
    refused(lambda: mbp.Sequential(mbp.ReLU(), rng=-1), "seed")


def test_names_and_places():
    net = mbp.Sequential(mbp.Linear(3, 3), mbp.Residual(mbp.ReLU(), mbp.Linear(3, 3)), mbp.Dropout(0.5))
    assert [p.name for p in net.parameters()] == ["0.weight", "0.bias", "1.1.weight", "1.1.bias"]
    assert [layer.label.split(",")[0] for layer in net.linears()] == ["layer 0", "layer 1.1"]
    assert repr(net.children[1]) == "Residual(ReLU(), Linear(n_in=3, n_out=3))"
    assert net.describe()["layers"][2] == {"layer": "Dropout", "p": 0.5}


def test_mlp_is_the_papers_network():
    select = mbp.TopK(3)
    net = mbp.mlp([7, 5, 6, 3], select=select, dropout=0.2, init="he", rng=4, backend="reference")
    kinds = [type(layer).__name__ for layer in net.children]
    assert kinds == ["Linear", "ReLU", "Dropout", "Linear", "ReLU", "Dropout", "Linear"]
    assert [layer.select for layer in net.linears()] == [select, select, mbp.Dense()]  # output: dense
    plain = mbp.mlp([7, 3])
    assert [type(layer).__name__ for layer in plain.children] == ["Linear"]
    assert plain.linears()[0].select == mbp.Dense()


def test_mlp_needs_inputs_and_outputs():
    refused(lambda: mbp.mlp([5]), "inputs and outputs")


@pytest.mark.parametrize("base", [mbp.Layer, Units, Selector, Optimizer, Feed])
def test_bases_leave_the_work_to_their_heirs(base):
    with pytest.raises(TypeError, match="abstract"):
        base()
