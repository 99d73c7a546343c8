"""The counts of pooling and normalisation: small cases by hand, and the same on every backend."""

import numpy as np

import minimalbp as mbp
from minimalbp.measure import FORMULAS

S, I = 4, 4  # bytes of a float32 and of an int32  # noqa: E741


def counted(name, *args):
    args = [np.zeros(a, np.float32) if isinstance(a, tuple) and a[0] != "window" else a for a in args]
    found = FORMULAS[name](*(a[1:] if isinstance(a, tuple) else a for a in args))
    return found.phase, found.ops, found.bytes


def test_pooling():
    """Windows of 3 x 2, 2 apart, of a 5 x 4 picture with padding above: of 2, 3 and 2 rows and of 2 columns."""
    x, y, window = (2, 5, 4, 3), (2, 3, 2, 3), ("window", 3, 2, 2, 2, 1, 0)
    entries, outputs, inputs = 2 * 3 * (2 + 3 + 2) * (2 + 2), 36, 120
    winner = np.zeros(y, np.int32)
    assert counted("pool.max_forward", y, winner, x, window) == (
        "forward",
        entries,
        S * (outputs + inputs) + I * outputs,
    )
    assert counted("pool.max_backward", x, y, winner) == (
        "other",
        outputs,
        S * (outputs + inputs) + I * outputs,
    )
    both = entries + outputs, S * (outputs + inputs)
    assert counted("pool.average_forward", y, x, window) == ("forward", *both)
    assert counted("pool.average_backward", x, y, window) == ("other", *both)


def test_normalisation():
    rows, n = (7, 5), (5,)
    assert counted("norm.moments", n, n, n, n, rows, 0.1) == ("forward", 105, S * (35 + 30))
    assert counted("norm.batch_forward", rows, rows, n, n, n, n, 1e-5) == ("forward", 70, S * (70 + 20))
    assert counted("norm.batch_dw", n, n, rows, rows, n, n, 1e-5) == ("other", 105, S * (70 + 20))
    assert counted("norm.batch_dx", rows, rows, rows, n, n, n, n, n, 1e-5) == ("other", 140, S * (105 + 25))
    x, size = (2, 3, 2, 4), 48
    for box, inside in (
        ((3, 3, 1), (2 + 3 + 2) * 4 * 8),
        ((1, 1, 2), 12 * 7),
    ):  # of 2 + 3 + 2 rows; 1 + 2 + 2 + 2
        box = ("window", *box)
        assert counted("norm.response_forward", x, x, x, box, 1, 1, 1) == (
            "forward",
            inside + 4 * size,
            S * 3 * size,
        )
        found = counted("norm.response_backward", x, x, x, x, x, box, 1, 1, x)
        assert found == ("other", inside + 6 * size, S * 5 * size)


def test_counts_are_equal_on_every_backend(rng):
    found, x = [], rng.normal(size=(3, 2, 7, 6)).astype(np.float32)
    for backend in ("reference", "cpu"):
        layers = [
            mbp.BatchNorm2d(2), mbp.MaxPool2d(3, stride=2, ceil_mode=True), mbp.LocalResponseNorm(3),
            mbp.Residual(mbp.AvgPool2d(2), project=mbp.MaxPool2d(2)), mbp.Flatten(), mbp.Linear(2, 3),
        ]  # fmt: skip
        net, meter = mbp.Sequential(*layers, backend=backend), mbp.Meter()
        loss = mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype)
        with meter.attached(net, loss, mbp.SGD(net.parameters())):
            meter.start()
            y = net.forward(x)
            meter.mark("forward")
            net.backward(np.ones_like(y), need_dx=False)
            meter.mark("backward")
        found.append((meter.ops, meter.bytes))
    assert found[0] == found[1] and found[0][0]["forward"] and found[0][0]["other"]
