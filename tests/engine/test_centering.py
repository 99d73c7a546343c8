"""Centring: the running mean by its definition, dW of the centred input, invariants, PyTorch's gradients."""

import numpy as np
import pytest
from helpers import close, full_gradient, refused

import minimalbp as mbp

N_IN, H = 3, 5
LENGTHS = [4, 1, 3]
LAYERS = {
    "linear": lambda **options: mbp.Linear(N_IN, H, **options),
    "lstm": lambda **options: mbp.LSTM(N_IN, H, **options),
    "both ways": lambda **options: mbp.LSTM(N_IN, H, bidirectional=True, **options),
}
SELECTORS = {
    "dense": mbp.Dense(),
    "topk": mbp.TopK(2),
    "unified": mbp.UnifiedTopK(2),
    "random": mbp.RandomK(2, scaled=True),
}
centers = pytest.mark.parametrize("center", ["dw", "forward"])


@pytest.fixture(params=sorted(LAYERS))
def name(request):
    return request.param


def made(name, backend, dtype="float64", **options):
    """A network of one layer, whose parameters are the same whatever the options are."""
    layer = LAYERS[name](**options)
    net = mbp.Sequential(layer, backend=backend, dtype=dtype, rng=1)
    rng = np.random.default_rng(2)
    for p in net.parameters():
        p.value += 0.3 * rng.normal(size=p.value.shape).astype(dtype)
    return net, layer


def data(rng, net, dtype="float64"):
    words = sum(LENGTHS)
    x, dy = 2 + rng.normal(size=(words, N_IN)), rng.normal(size=(words, net.out_features(N_IN)))
    return x.astype(dtype), dy.astype(dtype)


def forward(net, x, **options):
    return net.forward(x, lengths=LENGTHS, **options).copy()


def inputs(net):
    """[(the weight of the inputs, its bias)] of each direction."""
    p = net.parameters()
    return [(p[0], p[1])] if len(p) == 2 else [(p[i], p[i + 2]) for i in range(0, len(p), 3)]


def follow(layer, mean, seen=7):
    """Let the running mean be `mean`, after so many batches."""
    layer.mean.value[:] = mean
    layer.statistics()[1].value[:] = seen


@centers
def test_the_running_mean_by_its_definition(name, center, backend, dtype, rng):
    """That of the first batch, then max(0.01, 1 / t) of the way; a look at the network does not move it."""
    net, layer = made(name, backend, dtype, center=center)
    mu = np.zeros(N_IN)
    for t in range(1, 106):
        x, dy = data(rng, net, dtype)
        forward(net, x, train=False)
        close(layer.mean.value, mu, dtype)
        before, batch = mu, x.mean(axis=0, dtype=np.float64)
        mu = batch if t == 1 else mu + max(0.01, 1 / t) * (batch - mu)
        forward(net, x)
        close(layer.mean.value, mu if center == "forward" else before, dtype)
        net.backward(dy, need_dx=t % 2 == 0)
        np.testing.assert_allclose(layer.mean.value, mu, rtol=1e-4)
        mu = layer.mean.value.astype(np.float64)  # else roundings add up
    assert [p.name for p in net.statistics()] == ["0.mean", "0.seen"]
    assert net.statistics()[1].value.tolist() == [105]


@pytest.mark.parametrize("select", sorted(SELECTORS))
def test_dw_is_that_of_the_centred_input_and_nothing_else_changes(name, select, backend, dtype, rng):
    """dW loses (sum of the chosen gradients) mu, with mu before it moves."""
    options = {"select": SELECTORS[select], "bias_rows": "chosen"}
    nets = [made(name, backend, dtype, center=center, **options) for center in ("off", "dw")]
    mu = rng.normal(size=N_IN)
    follow(nets[1][1], mu)
    x, dy = data(rng, nets[0][0], dtype)
    (plain, plain_dx), (centred, dx) = [(forward(net, x), net.backward(dy)) for net, _ in nets]
    np.testing.assert_array_equal(centred, plain)
    np.testing.assert_array_equal(dx, plain_dx)
    weights = [w for w, _ in inputs(nets[1][0])]
    for p, q in zip(nets[0][0].parameters(), nets[1][0].parameters()):
        if q not in weights:
            np.testing.assert_array_equal(full_gradient(p), full_gradient(q))
    for (w, b), (centred, _) in zip(*(inputs(net) for net, _ in nets)):
        close(full_gradient(centred), full_gradient(w) - np.outer(full_gradient(b), mu), dtype)
        assert (centred.grad.rows is None) == (select == "dense")
    assert (nets[1][1].mean.value != mu).all()


@pytest.mark.parametrize("select", sorted(SELECTORS))
def test_forward_is_a_layer_of_the_centred_input(name, select, backend, dtype, rng):
    nets = [made(name, backend, dtype, center=c, select=SELECTORS[select]) for c in ("off", "forward")]
    mu = rng.normal(size=N_IN).astype(dtype)
    follow(nets[1][1], mu)
    x, dy = data(rng, nets[0][0], dtype)
    found = []
    for (net, _), mine in zip(nets, (x - mu, x)):
        y = forward(net, mine)
        dx = net.backward(dy).copy()
        found.append([y, dx, *map(full_gradient, net.parameters())])
    for a, b in zip(*found):
        np.testing.assert_array_equal(a, b)
    follow(nets[1][1], mu)
    np.testing.assert_array_equal(forward(nets[1][0], x, train=False), found[0][0])


@centers
def test_a_constant_added_to_all_inputs_leaves_dw_unchanged(name, center, backend, rng):
    """From the first batch on, since mu begins as its mean. In the forward pass a bias has to make up for it."""
    (net, layer), (shifted, moved) = (
        made(name, backend, center=center, select=mbp.TopK(2)) for _ in range(2)
    )
    constant = np.array([5.0, -40, 300])
    if center == "dw":
        for w, b in inputs(shifted):
            b.value -= w.value @ constant
    for _ in range(4):
        x, dy = data(rng, net)
        found = []
        for one, mine in ((net, x), (shifted, x + constant)):
            y = forward(one, mine)
            one.backward(dy)
            found.append([y, *map(full_gradient, one.parameters())])
        for a, b in zip(*found):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10)
        np.testing.assert_allclose(moved.mean.value, layer.mean.value + constant, rtol=1e-12)


def test_without_centring_a_constant_changes_dw(name, backend, rng):
    """The test above can fail."""
    net, _ = made(name, backend, select=mbp.TopK(2))
    x, dy = data(rng, net)
    found = []
    for mine in (x, x + 5):
        forward(net, mine)
        net.backward(dy)
        found.append(full_gradient(net.parameters()[0]))
    assert abs(found[1] - found[0]).max() > 0.1


def test_gradients_with_mu_held_fixed(name, backend, rng):
    """Central differences of centred forward passes."""
    net, layer = made(name, backend, center="forward")
    x, dy = data(rng, net)
    mu = rng.normal(size=N_IN)
    follow(layer, mu)
    forward(net, x)
    dx = net.backward(dy).copy()
    follow(layer, mu)
    arrays, gradients = (
        [x, *(p.value for p in net.parameters())],
        [dx, *map(full_gradient, net.parameters())],
    )
    error = mbp.directional_error(
        lambda: float((forward(net, x, train=False) * dy).sum()), arrays, gradients, rng
    )
    assert error < 1e-6


@centers
def test_gradients_are_those_of_pytorch_in_the_other_parametrisation(name, center, backend, dtype, rng):
    """y = W (x - mu) + b'. With "dw" b' = b + W mu, which is a variable of its own there."""
    torch = pytest.importorskip("torch", reason="PyTorch is a peer to compare with, not a dependency")
    net, layer = made(name, backend, dtype, center=center)
    x, dy = data(rng, net, dtype)
    mu = rng.normal(size=N_IN).astype(dtype)
    follow(layer, mu)
    y = forward(net, x)
    dx = net.backward(dy)
    peer = (
        torch.nn.Linear(N_IN, H)
        if name == "linear"
        else torch.nn.LSTM(N_IN, H, bidirectional=name == "both ways")
    )
    peer = peer.to(getattr(torch, dtype))
    mine = {p.name.removeprefix("0."): p for p in net.parameters()}
    theirs = dict(peer.named_parameters())
    with torch.no_grad():
        for key, q in theirs.items():
            q.copy_(torch.from_numpy(mine[key].value)) if key in mine else q.zero_()
        for w, b in inputs(net) if center == "dw" else ():
            theirs[b.name.removeprefix("0.")].add_(torch.from_numpy(w.value @ mu))
    leaf = torch.from_numpy(x.copy()).requires_grad_()
    outputs = []
    for part in (
        torch.split(leaf - torch.from_numpy(mu), LENGTHS)
        if name != "linear"
        else [leaf - torch.from_numpy(mu)]
    ):
        found = peer(part)
        outputs.append(found if name == "linear" else found[0])
    theirs_y = torch.cat(outputs)
    theirs_y.backward(torch.from_numpy(dy))
    close(y, theirs_y.detach().numpy(), dtype)
    close(dx, leaf.grad.numpy(), dtype)
    for key, p in mine.items():
        close(full_gradient(p), theirs[key].grad.numpy(), dtype)


def test_what_a_layer_says_of_it(name):
    refused(lambda: LAYERS[name](center="forwards"), "center 'forwards'", "did you mean 'forward'")
    for center in ("dw", "forward"):
        assert LAYERS[name](center=center).describe()["center"] == center
    plain = mbp.Sequential(LAYERS[name](), backend="reference")
    assert "center" not in plain.children[0].describe()
    assert plain.children[0].mean is None and plain.statistics() == []


@centers
def test_operations_of_centring(name, center, backend, rng):
    """One pass over x, in the phase that needs it."""
    passes = []
    for c in ("off", center):
        net, layer = made(name, backend, "float32", center=c)
        if c != "off":
            follow(layer, 1.0)
        meter, loss = mbp.Meter(), mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype)
        x, dy = data(rng, net, "float32")
        with meter.attached(net, loss, mbp.SGD(net.parameters())):
            meter.start()
            forward(net, x)
            meter.mark("forward")
            net.backward(dy)
        passes.append(dict(meter.ops))
    again = (
        x.size * len(inputs(net)) if center == "dw" and name != "linear" else 0
    )  # in the order of time steps
    gained = {phase: passes[1][phase] - passes[0][phase] for phase in passes[0]}
    assert gained.pop("dw" if center == "dw" else "forward") == 2 * x.size
    assert sum(gained.values()) == again
