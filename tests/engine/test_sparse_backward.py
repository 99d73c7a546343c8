"""Invariants 2 and 3: a sparse backward is the dense backward of the masked (and scaled) dy."""

import numpy as np
import pytest
from helpers import chosen_mask, close, full_gradient, small_integers

import minimalbp as mbp
from minimalbp.backend import get_backend
from minimalbp.select import Lists, masked

SELECTORS = {
    "topk": lambda k: mbp.TopK(k),
    "unified sum": lambda k: mbp.UnifiedTopK(k),
    "unified l2": lambda k: mbp.UnifiedTopK(k, score="l2"),
    "unified signed": lambda k: mbp.UnifiedTopK(k, score="signed"),
    "random": lambda k: mbp.RandomK(k),
    "random scaled": lambda k: mbp.RandomK(k, scaled=True),
    "systematic": lambda k: mbp.Systematic(k),
    "systematic batch": lambda k: mbp.Systematic(k, over="batch"),
    "threshold": lambda k: mbp.Threshold(k),
    "threshold batch": lambda k: mbp.Threshold(k, over="batch"),
    "signs": lambda k: mbp.Signs(k),
}
SIZES = [(1, 3, 2), (2, 1, 5), (7, 17, 33), (33, 5, 17)]  # batch, n_in, n_out


def linear(size, backend, dtype, select, **options):
    layer = mbp.Linear(size[1], size[2], select=select, **options)
    mbp.Sequential(layer, backend=backend, dtype=dtype, rng=1)
    return layer


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("bias_rows", ["all", "chosen"])
@pytest.mark.parametrize("name", sorted(SELECTORS))
def test_equals_the_dense_backward_of_the_masked_gradient(name, bias_rows, size, backend, dtype, rng):
    batch, n_in, n_out = size
    for k in sorted({1, n_out // 2, n_out - 1}):
        select = SELECTORS[name](k)
        sparse = linear(size, backend, dtype, select, bias_rows=bias_rows)
        dense = linear(size, backend, dtype, mbp.Dense())
        x = rng.normal(size=(batch, n_in)).astype(dtype)
        dy = small_integers(rng, (batch, n_out), dtype)  # with many ties
        before = sparse.rng.bit_generator.state if sparse.rng else None
        choice = select(dy, sparse.be, sparse.buf, sparse.rng)
        mask = chosen_mask(choice, dy.shape)
        if isinstance(choice, Lists):
            left = masked(choice, choice.value, dy.shape)
            assert mask.sum() <= k * batch and (left * dy >= 0).all()
        else:
            left = np.where(mask, dy, 0) * np.dtype(dtype).type(select.scale(n_out))
            assert (mask.sum(axis=1) == k).all()
        if sparse.rng:
            sparse.rng.bit_generator.state = before  # the layer will draw the same
        for layer, g in ((sparse, dy), (dense, left)):
            np.testing.assert_array_equal(layer.forward(x), sparse.forward(x))
            layer.dx = layer.backward(g)
        close(sparse.dx, dense.dx, dtype)
        close(full_gradient(sparse.weight), full_gradient(dense.weight), dtype)
        db = full_gradient(dense.bias) if bias_rows == "chosen" else dy.sum(axis=0)
        close(full_gradient(sparse.bias), db, dtype)
        rows = sparse.weight.grad.rows
        assert rows.dtype == np.int32
        assert rows.tolist() == np.flatnonzero(mask.any(axis=0)).tolist()
        assert (sparse.bias.grad.rows is None) == (bias_rows == "all")


@pytest.mark.parametrize("k", [5, 6, 100])
def test_all_units_equals_dense_bit_for_bit(backend, dtype, k, rng):
    dense = linear((7, 3, 5), backend, dtype, mbp.Dense())
    x, dy = rng.normal(size=(7, 3)).astype(dtype), rng.normal(size=(7, 5)).astype(dtype)
    dense.forward(x)
    dx = dense.backward(dy)
    for select in (*(make(k) for make in SELECTORS.values()), mbp.TopK(ratio=1.0)):
        layer = linear((7, 3, 5), backend, dtype, select)
        layer.forward(x)
        assert layer.backward(dy).tobytes() == dx.tobytes()
        for mine, theirs in ((layer.weight, dense.weight), (layer.bias, dense.bias)):
            assert mine.grad.rows is None
            assert mine.grad.values.tobytes() == theirs.grad.values.tobytes()


def test_mask_of_every_kind_of_choice():
    assert chosen_mask(None, (2, 3)).all()
    assert chosen_mask(np.array([0, 2]), (2, 3)).tolist() == [[True, False, True]] * 2
    assert chosen_mask(np.array([[0], [2]]), (2, 3)).tolist() == [[True, False, False], [False, False, True]]
    lists = Lists(np.array([0, 2, 2]), np.array([0, 2, 7]), np.ones(3))  # the second example has none
    assert chosen_mask(lists, (2, 3)).tolist() == [[True, False, True], [False, False, False]]


@pytest.mark.parametrize("name", ["dense", *sorted(SELECTORS)])
def test_gradients_do_not_depend_on_whether_dx_is_wanted(name, backend, dtype, rng):
    select = SELECTORS.get(name, lambda k: mbp.Dense())(2)
    x, dy = rng.normal(size=(7, 3)).astype(dtype), rng.normal(size=(7, 5)).astype(dtype)
    found = []
    for need_dx in (True, False):
        layer = linear((7, 3, 5), backend, dtype, select)
        layer.forward(x)
        dx = layer.backward(dy, need_dx=need_dx)
        assert (dx is None) == (not need_dx)
        found.append([full_gradient(p).tobytes() for p in (layer.weight, layer.bias)])
    assert found[0] == found[1]


class Spy:
    """A layer's backend that notes which kernels are called."""

    def __init__(self, module, called):
        self.module, self.called = module, called

    def __getattr__(self, name):
        self.called.append(name)
        return getattr(self.module, name)


@pytest.mark.parametrize("select", [None, mbp.TopK(2), mbp.UnifiedTopK(2), mbp.Signs(2)], ids=str)
def test_the_first_linear_layer_skips_dx(select, backend, rng):
    """Also where layers without parameters lie below it, and within a container."""
    for first in (mbp.Linear(3, 5, select=select), mbp.Residual(mbp.Linear(3, 3, select=select))):
        layers = [mbp.Tanh(), first, mbp.ReLU(), mbp.Linear(5 if isinstance(first, mbp.Linear) else 3, 2)]
        net = mbp.Sequential(*layers, backend=backend)
        called = {}
        for layer in net.linears():
            notes = called[layer.path] = []
            namespace = {s: getattr(net.be, s) for s in ("select", "activation")}
            layer.be = type("Watched", (), {**namespace, "linear": Spy(net.be.linear, notes)})
        net.forward(rng.normal(size=(4, 3)).astype(np.float32))
        assert net.backward(np.ones((4, 2), np.float32), need_dx=False) is None
        of_first, of_last = called.values()
        assert not any(name.startswith("dx_") for name in of_first)
        assert any(name.startswith("dw_") for name in of_first)
        assert "dx_all" in of_last
        net.forward(rng.normal(size=(4, 3)).astype(np.float32))
        assert net.backward(np.ones((4, 2), np.float32)).shape == (4, 3)
        assert any(name.startswith("dx_") for name in of_first)


@pytest.mark.parametrize("select", [mbp.TopK(3), mbp.Signs(3)], ids=str)
def test_every_backend_gives_the_same_gradients(select, dtype, rng):
    """The whole chain, with each layer's own choice, agrees between the specification and cpu."""
    x = rng.normal(size=(7, 17)).astype(dtype)
    found = {}
    for name in ("reference", "cpu"):
        net = mbp.mlp([17, 33, 7, 3], select=select, backend=name, dtype=dtype, rng=2)
        assert net.be is get_backend(name)
        net.forward(x)
        net.backward(x[:, :3].copy())
        found[name] = [full_gradient(p) for p in net.parameters()]
    for a, b in zip(*found.values()):
        close(a, b, dtype)


@pytest.mark.parametrize("bias_rows", ["all", "chosen"])
@pytest.mark.parametrize(
    "select", [make(2) for name, make in SELECTORS.items() if name[:3] in ("sys", "thr", "sig")]
)
def test_examples_without_a_gradient_choose_nothing(select, bias_rows, backend, rng):
    """A layer and an LSTM: no rows, no dx, and an optimiser takes that."""
    for layer, width in (
        (mbp.Linear(3, 9, select=select, bias_rows=bias_rows), 9),
        (mbp.LSTM(3, 9, select=select), 9),
    ):
        net = mbp.Sequential(layer, backend=backend)
        before = [p.value.copy() for p in net.parameters()]
        net.forward(rng.normal(size=(4, 3)).astype(np.float32))
        assert not net.backward(np.zeros((4, width), np.float32)).any()
        assert len(net.parameters()[0].grad.rows) == 0
        for optimizer in (mbp.Adam, mbp.AdaGrad, mbp.SGD):
            for rows in ("all", "chosen"):
                optimizer(net.parameters(), rows=rows).step()
        for p, was in zip(net.parameters(), before):
            np.testing.assert_array_equal(p.value, was)
