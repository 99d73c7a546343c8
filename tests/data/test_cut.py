"""NAME[:N]: a part of the training examples, in equal shares of every class where they lie sorted by class."""

import numpy as np
import pytest

from minimalbp.data import load_dataset


def store(path, y):
    """Examples whose first value is their number. All of them are training examples."""
    x = np.stack([np.arange(len(y)), y], axis=1).astype(np.float32)
    np.savez(path, x_train=x, y_train=y, x_dev=x[:2], y_dev=y[:2], x_test=x[:2], y_test=y[:2])
    return path


@pytest.fixture
def by_class(tmp_path):
    """60 examples, sorted: 30 of the first class, 20 of the second, 10 of the third."""
    return store(tmp_path / "sorted.npz", np.repeat([0, 1, 2], [30, 20, 10]))


def numbers(data):
    return data.train.x[:, 0].astype(int).tolist()


@pytest.mark.parametrize(
    ("n", "shares"), [(6, [3, 2, 1]), (12, [6, 4, 2]), (30, [15, 10, 5]), (60, [30, 20, 10])]
)
def test_sorted_examples_are_cut_in_equal_shares(by_class, n, shares):
    data = load_dataset(f"{by_class}[:{n}]")
    assert np.bincount(data.train.y).tolist() == shares
    assert numbers(data) == sorted(numbers(data))
    np.testing.assert_array_equal(data.train.x[:, 1], data.train.y)
    assert (data.name, len(data.dev), len(data.test)) == (f"sorted[:{n}]", 2, 2)


def test_a_cut_is_the_same_each_time_and_part_of_a_larger_one(by_class):
    small, large = (numbers(load_dataset(f"{by_class}[:{n}]")) for n in (7, 23))
    assert small == numbers(load_dataset(f"{by_class}[:7]"))
    assert set(small) < set(large)
    assert small != numbers(load_dataset(f"{by_class}[:7]", seed=1))


def test_mixed_examples_are_cut_after_the_first_n(tmp_path):
    path = store(tmp_path / "mixed.npz", np.arange(60) % 3)
    assert numbers(load_dataset(f"{path}[:7]")) == list(range(7))


def test_a_folder_of_pictures(tmp_path):
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    for part, n in (("train", 9), ("test", 2)):
        for name in "abc":
            folder = tmp_path / part / name
            folder.mkdir(parents=True)
            for i in range(n):
                image.fromarray(np.full((2, 2, 3), i, np.uint8)).save(folder / f"{i}.png")
    data = load_dataset(f"{tmp_path}[:6]", dev=6)
    assert np.bincount(data.train.y).tolist() == [2, 2, 2]
    assert data.shape == (3, 2, 2)
