"""Optimisers against PyTorch's, where the two mean the same."""

import numpy as np
import pytest

import minimalbp as mbp
from minimalbp.backend import get_backend

torch = pytest.importorskip("torch", reason="PyTorch is a peer to compare with, not a dependency")

STEPS = 20
PAIRS = {
    "sgd": (lambda p: mbp.SGD(p, lr=0.1), lambda p: torch.optim.SGD(p, lr=0.1)),
    "sgd momentum decay": (
        lambda p: mbp.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
    ),
    "adagrad": (  # epsilon inside or outside the root: the same where it is nothing
        lambda p: mbp.AdaGrad(p, lr=0.1, eps=1e-30, weight_decay=0.01),
        lambda p: torch.optim.Adagrad(p, lr=0.1, eps=1e-30, weight_decay=0.01),
    ),
    "adam": (  # epsilon before or after the bias correction, too
        lambda p: mbp.Adam(p, lr=0.01, eps=1e-20),
        lambda p: torch.optim.Adam(p, lr=0.01, eps=1e-20),
    ),
    "adam decay": (
        lambda p: mbp.Adam(p, lr=0.01, betas=(0.8, 0.99), eps=1e-20, weight_decay=0.1),
        lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.8, 0.99), eps=1e-20, weight_decay=0.1),
    ),
}


@pytest.mark.parametrize("name", sorted(PAIRS))
def test_same_steps_as_pytorch(name, backend, dtype, rng):
    mine_of, theirs_of = PAIRS[name]
    start = rng.normal(size=(7, 5)).astype(dtype)
    p = mbp.Param("0.weight", start.copy(), get_backend(backend))
    q = torch.nn.Parameter(torch.from_numpy(start.copy()))
    mine, theirs = mine_of([p]), theirs_of([q])
    for _ in range(STEPS):
        g = rng.normal(size=start.shape).astype(dtype)
        p.grad, q.grad = mbp.RowGrad(None, g), torch.from_numpy(g)
        mine.step()
        theirs.step()
    tolerance = {"float32": 1e-5, "float64": 1e-12}[dtype]
    np.testing.assert_allclose(p.value, q.detach().numpy(), rtol=tolerance, atol=tolerance)


def test_clip_norm_is_that_of_pytorch(backend, rng):
    arrays = [rng.normal(size=(3, 4)), rng.normal(size=(3,))]
    mine = [mbp.Param(str(i), np.zeros_like(a), get_backend(backend)) for i, a in enumerate(arrays)]
    theirs = [torch.nn.Parameter(torch.zeros(a.shape, dtype=torch.float64)) for a in arrays]
    for p, q, a in zip(mine, theirs, arrays):
        p.grad, q.grad = mbp.RowGrad(None, a), torch.from_numpy(a.copy())
    torch.nn.utils.clip_grad_norm_(theirs, 0.5)
    torch.optim.SGD(theirs, lr=1.0).step()
    mbp.SGD(mine, lr=1.0, clip_norm=0.5).step()
    for p, q in zip(mine, theirs):
        np.testing.assert_allclose(p.value, q.detach().numpy(), rtol=1e-5)  # PyTorch adds 1e-6 to the norm


def test_a_whole_network_goes_the_same_way(backend, rng):
    """Forward, loss, backward and five steps, dense: the two frameworks agree to rounding."""
    net = mbp.mlp([7, 17, 3], backend=backend, dtype="float64", rng=3)
    peer = torch.nn.Sequential(torch.nn.Linear(7, 17), torch.nn.ReLU(), torch.nn.Linear(17, 3)).double()
    peer.load_state_dict({p.name: torch.from_numpy(p.value.copy()) for p in net.parameters()})
    loss = mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype)
    mine = mbp.SGD(net.parameters(), lr=0.1, momentum=0.9)
    theirs = torch.optim.SGD(peer.parameters(), lr=0.1, momentum=0.9)
    for _ in range(5):
        x, labels = rng.normal(size=(5, 7)), rng.integers(0, 3, 5)
        value = loss.forward(net.forward(x), labels.astype(np.int32))
        net.backward(loss.backward(), need_dx=False)
        mine.step()
        theirs.zero_grad()
        other = torch.nn.functional.cross_entropy(peer(torch.from_numpy(x)), torch.from_numpy(labels))
        other.backward()
        theirs.step()
        assert value == pytest.approx(other.item(), rel=1e-10)
    for p, q in zip(net.parameters(), peer.parameters()):
        np.testing.assert_allclose(p.value, q.detach().numpy(), rtol=1e-9, atol=1e-12)
