"""Augmentation: what happens to pictures, who decides it, and that a training resumes bit for bit."""

import numpy as np
import pytest
from helpers import Told, assert_same, clusters, parameters, refused

import minimalbp as mbp
from minimalbp.seeds import Streams
from minimalbp.train.augment import Augment, AugmentedRows, move, parse_augment
from minimalbp.train.batches import Rows

SHAPES = pytest.mark.parametrize("shape", [(4, 5), (1, 4, 5), (3, 5, 4), (2, 3, 3)], ids=str)


def pictures(shape, n=12):
    """Pictures of numbers that are all different, and never zero."""
    x = np.arange(1, n * np.prod(shape) + 1, dtype=np.float32).reshape(n, *shape)
    return mbp.Split(x, np.arange(n) % 3)


def feed(part, augment, seed=0, dtype="float64"):
    net = mbp.mlp([int(np.prod(part.x.shape[1:])), 3], backend="reference", dtype=dtype)
    return AugmentedRows(net, part, augment, Streams(seed))


def moved(picture, down, right, mirror):
    """One picture (height, width) padded with zeros, cut out and mirrored, pixel by pixel."""
    height, width = picture.shape
    out = np.zeros_like(picture)
    for i in range(height):
        for j in range(width):
            if 0 <= i - down < height and 0 <= j - right < width:
                out[i, width - 1 - j if mirror else j] = picture[i - down, j - right]
    return out


# --- one picture ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("right", range(-4, 5))
@pytest.mark.parametrize("down", range(-3, 4))
def test_a_picture_moves(down, right, mirror):
    picture = np.arange(1, 41.0).reshape(2, 4, 5)
    out = np.zeros_like(picture)
    move(out, picture, down, right, mirror)
    np.testing.assert_array_equal(out, [moved(channel, down, right, mirror) for channel in picture])


# --- batches ----------------------------------------------------------------------------------------


@SHAPES
@pytest.mark.parametrize("augment", [Augment(crop=2), Augment(flip=True), Augment(2, True)], ids=str)
def test_batches_are_what_was_drawn(shape, augment):
    part = pictures(shape)
    rows = feed(part, augment)
    for which in (np.array([7, 0, 11, 3]), np.array([5]), np.arange(12)):
        x, labels, lengths = rows.take(which)
        expected = np.zeros((len(which), *shape))
        for row, i in zip(expected.reshape(len(which), -1, *shape[-2:]), which):
            (down, right), mirror = rows.shifts[i], rows.mirrored[i]
            row[:] = [moved(c, down, right, mirror) for c in part.x[i].reshape(-1, *shape[-2:])]
        np.testing.assert_array_equal(x, expected.reshape(len(which), -1))
        np.testing.assert_array_equal(labels, part.y[which])
        assert (lengths, labels.dtype, x.flags.c_contiguous) == (None, np.int32, True)


def test_every_shift_is_as_likely_as_any_other():
    part = mbp.Split(np.ones((6000, 3, 3), np.float32), np.zeros(6000, np.int64))
    rows = feed(part, Augment(crop=1, flip=True))
    counts = np.zeros((3, 3), int)
    np.add.at(counts, tuple(rows.shifts.T + 1), 1)
    assert counts.min() > 550 and counts.max() < 790  # 667 each, give or take five times 25
    assert 2800 < rows.mirrored.sum() < 3200
    assert not rows.shifts[rows.mirrored == 1].mean(axis=0).round(1).any()


def test_only_what_is_asked_for_happens():
    part = pictures((3, 4))
    assert not feed(part, Augment(crop=1)).mirrored.any()
    assert not feed(part, Augment(flip=True)).shifts.any()


def test_draws_belong_to_seed_epoch_and_example():
    part, which = pictures((3, 4, 4), n=40), np.arange(40)
    one, other = feed(part, Augment(2, True)), feed(part, Augment(2, True))
    first = one.take(which)[0].copy()
    one.begin(1)
    second = one.take(which)[0].copy()
    assert (first != second).any()
    other.begin(5)
    other.begin(1)  # what was drawn before does not count, nor do other batches
    other.take(which[:7])
    np.testing.assert_array_equal(other.take(which[::-1])[0], second[::-1])
    assert (feed(part, Augment(2, True), seed=1).take(which)[0] != first).any()


def test_the_examples_themselves_stay():
    part = pictures((3, 4))
    before = part.x.copy()
    rows = feed(part, Augment(2, True), dtype="float32")  # which has no reason to copy them
    rows.take(np.arange(12))
    np.testing.assert_array_equal(part.x, before)
    assert np.shares_memory(rows.x, part.x)


def test_a_step_allocates_no_batch():
    rows = feed(pictures((3, 4)), Augment(2, True))
    x, labels, _ = rows.take(np.arange(5))
    again, labels_again, _ = rows.take(np.arange(5, 10))
    assert np.shares_memory(x, again) and np.shares_memory(labels, labels_again)


# --- training ---------------------------------------------------------------------------------------


def digits():
    data = mbp.load_dataset("digits")
    part = mbp.Split(data.train.x[:120], data.train.y[:120])
    return mbp.Dataset("digits", part, data.dev, data.test, data.classes)


def train(augment, epochs=3, rng=0, path=None, resume=False, backend="reference", companions=()):
    net = mbp.mlp([64, 12, 10], select=mbp.TopK(4), dropout=0.1, backend=backend, rng=3)
    adam = mbp.Adam(net.parameters(), lr=0.01)
    history = mbp.fit(
        net, digits(), adam, epochs=epochs, batch_size=25, rng=rng, evals_per_epoch=2, augment=augment,
        checkpoint=path, resume=resume, threads=1, companions=companions,
    )  # fmt: skip
    return net, history


def test_training_with_augmentation_is_another_one(backend):
    plain, _ = train(None, backend=backend)
    one, history = train(Augment(1), backend=backend)
    again, same = train(Augment(1), backend=backend)
    assert_same(parameters(one), parameters(again))
    assert history.records == same.records
    assert any((a != b).any() for a, b in zip(parameters(one).values(), parameters(plain).values()))


def test_other_streams_stay_what_they_were(monkeypatch):
    """The order of the examples, the initial weights and dropout are those of a training without it."""
    monkeypatch.setattr("minimalbp.train.augment.move", lambda out, picture, *drawn: np.copyto(out, picture))
    plain, still = train(None), train(Augment(2, True))
    assert_same(parameters(plain[0]), parameters(still[0]))
    assert plain[1].records == still[1].records


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_resumes_bit_for_bit(tmp_path, parts, backend):
    """Also in the middle of an epoch: each has two parts."""
    augment = Augment(2, True)
    whole, history = train(augment, backend=backend)
    told = []
    stop = Told(lambda record: told.append(record) or len(told) == parts)
    train(augment, path=tmp_path / "c.npz", backend=backend, companions=[stop])
    rest, resumed = train(augment, path=tmp_path / "c.npz", resume=True, backend=backend)
    assert_same(parameters(whole), parameters(rest))
    assert history.records == resumed.records


def test_a_checkpoint_remembers_it(tmp_path):
    train(Augment(2, True), epochs=1, path=tmp_path / "c.npz")
    for other, there in ((None, "None"), (Augment(2), "crop2")):
        refused(
            lambda other=other: train(other, path=tmp_path / "c.npz", resume=True),
            "other settings", f"augment is crop2,flip there, {there} here",
        )  # fmt: skip
    train(None, epochs=1, path=tmp_path / "c.npz")
    refused(
        lambda: train(Augment(2), path=tmp_path / "c.npz", resume=True), "augment is None there, crop2 here"
    )


def test_dev_and_test_are_not_augmented(monkeypatch):
    net, history = train(Augment(2, True), epochs=1)
    score = mbp.evaluate(net, digits().dev, threads=1)
    assert (history.records[-1].dev_accuracy, history.records[-1].dev_loss) == (score.accuracy, score.loss)


# --- refusals and texts -----------------------------------------------------------------------------


def test_what_is_no_picture():
    data = clusters()
    net = mbp.mlp([7, 3], backend="reference")
    adam = mbp.Adam(net.parameters())
    refused(
        lambda: mbp.fit(net, data, adam, augment=Augment(1)),
        "augment needs pictures, (height, width) or (channels, height, width)",
        "but these examples have the shape (7,); leave it out",
    )
    refused(
        lambda: mbp.fit(net, data, adam, augment="crop4"),
        "augment must be an Augment, such as",
        "not 'crop4'",
    )


def test_parts_with_a_feed_of_their_own():
    class Words:
        def feed(self, net, streams):
            raise AssertionError

    refused(
        lambda: AugmentedRows(None, Words(), Augment(1), Streams(0)),
        "but these examples are none; leave it out",
    )


def test_a_crop_that_hides_a_picture():
    rows = feed(pictures((3, 5)), Augment(2))
    assert len(rows) == 12
    refused(
        lambda: feed(pictures((3, 5)), Augment(3)),
        "crop 3 could move a picture of 3x5 out of sight",
        "at most 2",
    )


def test_settings():
    for wrong in (-1, 1.5, True, None):
        refused(lambda wrong=wrong: Augment(crop=wrong), "crop must be", f"not {wrong}")
    refused(lambda: Augment(flip=1), "flip must be True or False, not 1")
    refused(Augment, "an Augment without crop and flip does nothing")


@pytest.mark.parametrize(
    ("text", "augment"),
    [
        ("crop4,flip", Augment(4, True)), ("crop4", Augment(4)), ("flip", Augment(flip=True)),
        ("flip, crop12", Augment(12, True)),
    ],
)  # fmt: skip
def test_texts(text, augment):
    assert parse_augment(text) == augment
    assert parse_augment(str(augment)) == augment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "crop",
        "crop0",
        "crop-1",
        "crop4flip",
        "flip,flip",
        "crop1,crop2",
        "turn",
        "flip,",
        "FLIP",
        None,
        4,
    ],
)
def test_texts_that_mean_nothing(text):
    refused(
        lambda: parse_augment(text),
        "augment must be crop and a number of pixels, flip, or both, such as crop4,flip",
    )


def test_without_augmentation_rows_are_rows():
    part = pictures((3, 4))
    net = mbp.mlp([12, 3], backend="reference")
    still = feed(part, Augment(1), dtype="float32")
    still.shifts[:] = 0
    for ours, theirs in zip(still.take(np.array([3, 1])), Rows(net, part).take(np.array([3, 1]))):
        np.testing.assert_array_equal(ours, theirs)
