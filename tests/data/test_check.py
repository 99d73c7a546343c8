"""What no network can be trained on is refused in one line; division is stratified and for ever the same."""

import numpy as np
import pytest
from helpers import refused
from hypothesis import given
from hypothesis import strategies as st

from minimalbp.data import Dataset, Split, check_arrays, check_dataset
from minimalbp.data.assemble import RawData, assemble, named_labels, scaled
from minimalbp.data.divide import divide, share, stratified_order


def examples(n=7, shape=(2, 3)):
    return np.zeros((n, *shape), np.float32), np.arange(n) % 3


def with_pixel(value):
    x, _ = examples()
    x[4, 1, 2] = value
    return x


def table_with_value(value):
    return with_pixel(value).reshape(7, 6)


def test_good_arrays_pass():
    x, y = examples()
    check_arrays(x, y)
    check_arrays(x, y, n_classes=3, shape=(2, 3), what="mine", training=True)
    check_arrays(x.astype(np.uint8), y.astype(np.float64), n_classes=3)


X, Y = examples()


@pytest.mark.parametrize(
    ("x", "y", "limits", "fragments"),
    [
        (X[:0], Y[:0], {}, ["mine: no examples", "at least one"]),
        (np.zeros((7, 0)), Y, {}, ["hold no numbers"]),
        (np.zeros(7), Y, {}, ["examples need the shape (n, ...), not (7,)"]),
        (X, Y[:6], {}, ["7 examples but 6 labels"]),
        (X, np.zeros((7, 3), int), {}, ["labels need the shape (n,)", "(7, 3)", "argmax"]),
        (with_pixel(np.nan), Y, {}, ["value (1, 2) of example 4 is NaN", "one of 1 such"]),
        (with_pixel(-np.inf), Y, {}, ["value (1, 2) of example 4 is infinite"]),
        (table_with_value(np.nan), Y, {}, ["value 5 of example 4 is NaN"]),
        (X, Y, {"shape": (3, 2)}, ["shape (2, 3)", "train have (3, 2)"]),
        (X.astype(complex), Y, {}, ["values must be real numbers, not complex128"]),
        (X, Y, {"n_classes": 2}, ["example 2: label 2 is outside the classes 0..1"]),
        (X, Y - 1, {}, ["example 0: label -1 is outside the classes 0, 1, 2, ..."]),
        (X, Y * -1.0, {}, ["example 1: label -1 is outside"]),
        (X, Y - 0.5, {}, ["example 0: label -0.5 is not a whole number"]),
        (X, np.full(7, np.nan), {}, ["label nan is not a whole number"]),
        (X, np.full(7, np.inf), {}, ["label inf is not a whole number"]),
        (X, np.array(list("abcabca")), {}, ["labels must be whole numbers, not <U1"]),
        (X, np.full(7, 2), {"training": True}, ["every label is 2", "at least two classes"]),
    ],
)
def test_bad_arrays_are_refused_in_one_line(x, y, limits, fragments):
    refused(lambda: check_arrays(x, y, what="mine", **limits), "mine: ", *fragments)


def test_check_dataset_names_the_part():
    x, y = examples()
    good = Split(x, y)
    data = Dataset("mine", good, good, Split(x, y + 1), ("a", "b", "c"))
    refused(lambda: check_dataset(data), "mine test: example 2: label 3 is outside the classes 0..2")
    check_dataset(Dataset("mine", good, good, good, ("a", "b", "c")))
    assert len(good) == 7
    assert (data.n_classes, data.shape, data.n_inputs) == (3, (2, 3), 6)


def test_only_bytes_are_scaled():
    bytes_ = np.array([[0, 51, 255]], np.uint8)
    assert scaled(bytes_).tolist() == [[0, np.float32(0.2), 1]]
    assert scaled(bytes_.astype(np.int16)).tolist() == [[0, 51, 255]]
    assert scaled(np.array([[1e300]]))[0, 0] == np.inf
    assert scaled(np.asfortranarray(np.ones((3, 2)))).flags.c_contiguous


def test_class_names_sort_as_numbers_where_they_are_numbers():
    assert named_labels({"all": ["10", "9", "-1"]}, "t")[0] == ("-1", "9", "10")
    classes, labels = named_labels({"train": ["b", "a", "10"], "test": ["b"]}, "t")
    assert classes == ("10", "a", "b")
    assert labels["test"].tolist() == [2]
    refused(
        lambda: named_labels({"train": [f"c{i:02}" for i in range(12)], "test": ["z"]}, "t"),
        "t test: label 'z' is outside the classes of train", "c09, ...",
    )  # fmt: skip


@pytest.mark.parametrize(("value", "count"), [(0.2, 20), (0.001, 1), (1, 1), (30, 30), (np.int64(4), 4)])
def test_share_takes_fractions_and_counts(value, count):
    assert share("dev", value, 100) == count


@pytest.mark.parametrize("value", [0, -1, 0.0, 1.0, 1.5, -0.1, np.nan, np.inf, True, "0.2"])
def test_share_refuses_the_rest(value):
    refused(
        lambda: share("dev", value, 100), "dev must be a fraction in (0, 1) or a whole count", repr(value)
    )


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.integers(0, 2**32), st.data())
def test_every_stretch_of_the_order_is_in_proportion(labels, seed, data):
    y = np.array(labels)
    order = stratified_order(y, seed)
    assert sorted(order) == list(range(len(y)))
    start = data.draw(st.integers(0, len(y)))
    stop = data.draw(st.integers(start, len(y)))
    stretch = np.bincount(y[order[start:stop]], minlength=5)
    share_of = np.bincount(y, minlength=5) * (stop - start) / len(y)
    # a class strays by less than one at either end; the others decide where the ends lie
    assert np.all(np.abs(stretch - share_of) < 1 + len(np.unique(y)))


def test_division_is_the_same_for_a_seed_and_differs_between_seeds():
    y = np.arange(50) % 5
    a, b, c = (divide(y, {"dev": 0.2, "test": 10}, seed) for seed in (0, 0, 1))
    assert {part: len(rows) for part, rows in a.items()} == {"dev": 10, "test": 10, "train": 30}
    assert sorted(np.concatenate(list(a.values()))) == list(range(50))
    for part, rows in a.items():
        assert np.bincount(y[rows]).tolist() == [len(rows) // 5] * 5
        assert (rows == b[part]).all()
    assert (a["dev"] != c["dev"]).any()
    # literal: another NumPy or machine must give these too
    assert a["dev"].tolist() == [2, 3, 11, 13, 15, 20, 21, 32, 39, 44]


def test_division_refuses_to_leave_nothing_to_train_on():
    y = np.arange(10) % 2
    refused(lambda: divide(y, {"dev": 5, "test": 0.5}, 0, "t"), "t: dev 5, test 5 of 10 examples leave none")
    lone = np.array([0, 0, 0, 0, 1])
    refused(lambda: divide(lone, {"dev": 0.5, "test": 2}, 0, "t"), "t: class 1 has 1 of 5 examples and none")
    refused(lambda: divide(y, {"dev": 1}, -1), "seed must be at least 0, not -1")


def test_assemble_refuses_parts_that_do_not_fit():
    x, y = examples(12)

    def fails(parts, *fragments, **options):
        refused(lambda: assemble("t", RawData(parts), **options), *fragments)

    two = {"train": (x, y), "test": (x.astype(np.uint8), y)}
    fails(two, "t test: values of dtype uint8, but train has float32")
    own = {"train": (x, y), "test": (x, y)}
    fails(own, "t has its own test part of 12; leave test= out", test=0.1)
    far = {"all": (x, np.where(y == 2, 1000, y))}
    fails(far, "label 1000 would mean 1001 classes, but there are 12 examples")
    fails({"all": (x[:0], y[:0])}, "t: no examples")
    fails({"all": (x, y - 1)}, "t.npz: example 0: label -1 is outside", where="t.npz")
    fails({"all": (x, y * 0)}, "at least two classes")
    fails({"all": (x.astype(str), y)}, "values must be real numbers")


def test_assemble_cuts_the_missing_parts_from_train():
    x, y = examples(30)
    x[:, 0, 0] = np.arange(30)
    data = assemble("t", RawData({"train": (x, y), "test": (x[:4], y[:4])}), seed=3)
    assert (len(data.train), len(data.dev), len(data.test)) == (24, 6, 4)
    assert sorted([*data.train.x[:, 0, 0], *data.dev.x[:, 0, 0]]) == list(range(30))
    assert data.classes == ("0", "1", "2")
    for split in (data.train, data.dev, data.test):
        assert split.x.dtype == np.float32
        assert split.x.flags.c_contiguous
        assert split.y.dtype == np.int64
    check_dataset(data)
