"""Embedding: look-ups, gradients of the rows that occurred, ids that are refused, and training with it."""

import numpy as np
import pytest
from helpers import assert_same, full_gradient, parameters, refused, small_integers, unwritten

import minimalbp as mbp

TAGGER = [(9, 4), (3, 2), (5, 2)]
PARSER = [(9, 3, 4), (4, 2, 2), (2, 1)]


def made(tables, backend, dtype="float64", **options):
    layer = mbp.Embedding(tables, **options)
    return mbp.Sequential(layer, backend=backend, dtype=dtype, rng=1), layer


def ids_of(tables, rng, batch):
    columns = [rng.integers(0, t[0], (batch, t[2] if len(t) == 3 else 1)) for t in tables]
    return np.concatenate(columns, axis=1).astype(np.int32)


def places(tables):
    """(table, column, offset) of each column."""
    column = offset = 0
    for i, table in enumerate(tables):
        for _ in range(table[2] if len(table) == 3 else 1):
            yield i, column, offset
            column, offset = column + 1, offset + table[1]


@pytest.mark.parametrize("tables", [TAGGER, PARSER, [(1, 1)]], ids=str)
@pytest.mark.parametrize("batch", [0, 1, 2, 17])
def test_rows_side_by_side_and_the_gradient_of_those_that_occurred(tables, batch, backend, dtype, rng):
    net, layer = made(tables, backend, dtype)
    for _ in range(2):  # twice: what a step leaves behind must not reach the next
        ids = ids_of(tables, rng, batch)
        y = net.forward(net.prepare(ids))
        assert y.shape == (batch, net.n_out)
        dy = small_integers(rng, y.shape, dtype)
        assert layer.backward(dy) is None
        wanted = [np.zeros_like(t.value) for t in layer.tables]
        seen = [set() for _ in tables]
        for i, column, offset in places(tables):
            size = tables[i][1]
            np.testing.assert_array_equal(y[:, offset : offset + size], layer.tables[i].value[ids[:, column]])
            for e, unit in enumerate(ids[:, column].tolist()):
                wanted[i][unit] += dy[e, offset : offset + size]
                seen[i].add(unit)
        for table, gradient, units in zip(layer.tables, wanted, seen):
            assert table.grad.rows.dtype == np.int32 and table.grad.rows.tolist() == sorted(units)
            assert table.grad.values.shape == (len(units), table.value.shape[1])
            np.testing.assert_array_equal(full_gradient(table), gradient)


@pytest.mark.parametrize("entries", [3, 40, 2000])
def test_kernels_leave_the_marks_and_the_rest_of_their_memory(be, dtype, entries, rng):
    """Few and many of the entries occur: the cpu kernel sorts, or walks over the table."""
    ids = rng.integers(0, entries, (7, 5)).astype(np.int32)
    dy = small_integers(rng, (7, 11), dtype)
    room = min(entries, 7 * 3)
    values, rows = unwritten((room, 2), dtype), unwritten(room, np.int32)
    count, mark = np.zeros(1, np.int32), np.zeros(entries, np.int32)
    be.embedding.backward(values, rows, count, mark, dy, ids, 1, 3, 4)
    assert not mark.any()
    units = sorted(set(ids[:, 1:4].ravel().tolist()))
    assert count[0] == len(units) and rows[: len(units)].tolist() == units
    parts = [(ids[e, 1 + j], dy[e, 4 + 2 * j : 6 + 2 * j]) for e in range(7) for j in range(3)]
    for unit, row in zip(units, values):
        np.testing.assert_array_equal(row, sum(d for other, d in parts if other == unit))


@pytest.mark.parametrize("batch", [0, 1, 2, 7])
def test_look_ups_in_any_order_leave_the_rest_of_their_memory(be, dtype, batch, rng):
    tables = tuple(small_integers(rng, shape, dtype) for shape in ((3, 2), (40, 1), (5, 4)))
    where = np.array([(2, 1), (0, 5), (0, 8), (1, 7)], np.int32)
    ids = np.stack([rng.integers(0, len(tables[i]), batch) for i, _ in where], axis=1).astype(np.int32)
    y = unwritten((batch, 11), dtype)
    assert be.embedding.forward(y, ids, tables, where) == -1
    assert np.isnan(y[:, [0, 10]]).all()
    wanted = [
        np.concatenate([tables[i][a] for i, a in ((2, p), (0, q), (1, s), (0, r))]) for p, q, r, s in ids
    ]
    np.testing.assert_array_equal(y[:, 1:10], np.reshape(wanted, (batch, 9)))
    for row in range(batch):
        for column, (i, _) in enumerate(where):
            for bad in (-1, len(tables[i]), 2**31 - 1, -(2**31)):
                wrong = ids.copy()
                wrong[row, column] = bad
                wrong[row + 1 :, 0] = -7  # not the first
                assert be.embedding.forward(y, wrong, tables, where) == 4 * row + column


def test_gradients_through_a_network(backend, rng):
    layers = [mbp.Embedding(PARSER, scale=1), mbp.Linear(17, 5), mbp.Cube(), mbp.Linear(5, 3)]
    net = mbp.Sequential(*layers, backend=backend, dtype="float64", rng=2)
    ids, labels = ids_of(PARSER, rng, 7), rng.integers(0, 3, 7).astype(np.int32)
    loss = mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype)

    def value():
        return loss.forward(net.forward(net.prepare(ids)), labels)

    value()
    assert net.backward(loss.backward()) is None
    params = net.parameters()
    gradients = [full_gradient(p) for p in params]
    assert mbp.directional_error(value, [p.value for p in params], gradients, rng) < 1e-6


def test_only_the_rows_that_occurred_move(backend, rng):
    net, layer = made([(50, 3)], backend)
    optimizer, before = mbp.Adam(net.parameters(), rows="chosen"), layer.tables[0].value.copy()
    net.forward(net.prepare([[7], [3], [7]]))
    net.backward(np.ones((3, 3)))
    optimizer.step()
    moved = (layer.tables[0].value != before).any(axis=1)
    assert np.flatnonzero(moved).tolist() == [3, 7]


def test_where_entries_start(backend):
    _, layer = made([(400, 5), (300, 7)], backend)
    for table in layer.tables:
        assert 0.0099 < np.abs(table.value).max() <= 0.01 and abs(table.value.mean()) < 4e-4
    assert [t.name for t in layer.tables] == ["0.0.weight", "0.1.weight"]
    assert not made([(2, 3)], backend, scale=0)[1].tables[0].value.any()


def test_ids_that_are_refused(backend, rng):
    net, layer = made(PARSER, backend)
    good = ids_of(PARSER, rng, 3)
    for bad in (-1, 4, 2**31 - 1):
        ids = good.copy()
        ids[2, 5] = bad
        refused(lambda ids=ids: net(ids), f"id {bad} in row 2, column 5", "0..3")
    for dtype in (np.int64, np.uint64):
        refused(lambda dtype=dtype: net(good.astype(dtype) + dtype(2**32)), "below 2**31", str(2**32))
    refused(lambda: net(good.astype(np.float32)), "whole numbers", "float32")
    refused(lambda: net(good[:, :-1]), "7 columns", "6")
    refused(lambda: layer.forward(good.astype(np.int64)), "int32", "int64")
    refused(lambda: net(good[0]), "(7,)")
    for dtype in (np.uint8, np.int64):
        np.testing.assert_array_equal(net(good.astype(dtype)), net(good))
    assert net.prepare(good) is good


@pytest.mark.parametrize("tables", [None, [], [5], ["ab"], [(1, 2, 3, 4)], 7], ids=str)
def test_what_is_no_list_of_tables_is_refused(tables):
    refused(lambda: mbp.Embedding(tables), "tables must be a list")


@pytest.mark.parametrize("table", [(0, 3), (3, 2.5), (3, 2, 0), (True, 2)], ids=str)
def test_sizes_that_are_refused(table):
    refused(lambda: mbp.Embedding([table]), "a table's entries, size and columns")


def test_scale_and_widths_that_are_refused():
    refused(lambda: mbp.Embedding([(3, 2)], scale=-1), "scale")
    refused(lambda: mbp.Sequential(mbp.Embedding([(3, 2)]), mbp.Linear(3, 2)), "3 inputs", "2")


def test_fit_trains_on_ids(backend):
    """Where a class is a matter of two ids, Embedding and a linear layer learn it; the run can be resumed."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    x = np.stack([y * 2 + rng.integers(0, 2, 60), rng.integers(0, 4, 60)], axis=1)
    data = mbp.Dataset("ids", *[mbp.Split(x, y)] * 3, ("a", "b", "c"))
    net = mbp.Sequential(mbp.Embedding([(6, 3), (4, 2)]), mbp.Linear(5, 3), backend=backend)
    history = mbp.fit(net, data, mbp.Adam(net.parameters(), lr=0.05), epochs=20, batch_size=7, threads=1)
    assert history.best.dev_accuracy == 1


def test_round_trips(backend, tmp_path, rng):
    nets = [mbp.Sequential(mbp.Embedding(TAGGER), mbp.Linear(8, 2), rng=r, backend=backend) for r in (1, 2)]
    mbp.save(nets[0], tmp_path / "w.safetensors")
    mbp.load(nets[1], tmp_path / "w.safetensors")
    assert_same(parameters(nets[0]), parameters(nets[1]))
    assert nets[0].describe()["layers"][0] == {"layer": "Embedding", "tables": [[9, 4], [3, 2], [5, 2]]}
    assert mbp.Embedding(PARSER).describe()["tables"] == [[9, 3, 4], [4, 2, 2], [2, 1]]
