"""Networks with pruned weights: zeros in whole columns, and filters whose output is always 0."""

import minimalbp as mbp

SHAPE = (2, 8, 9)


def lenet(**options):
    return mbp.lenet(SHAPE, 3, filters=(5, 6), kernel=3, units=(7,), **options)


def convnet(**options):
    return mbp.convnet(SHAPE, 3, filters=(5, 6, 4), kernel=3, **options)


def residual(**options):
    inside = mbp.Conv2d(5, 6, 3, padding=1), mbp.BatchNorm2d(6), mbp.ReLU(), mbp.Conv2d(6, 4, 1)
    return mbp.Sequential(
        mbp.Conv2d(2, 5, 3, padding=1), mbp.ReLU(), mbp.Residual(*inside, project=mbp.Conv2d(5, 4, 1)),
        mbp.MaxPool2d(4, padding=1), mbp.Flatten(), mbp.Linear(16, 3), **options,
    )  # fmt: skip


def vectors(**options):
    return mbp.Sequential(
        mbp.Linear(10, 8), mbp.BatchNorm1d(8), mbp.ReLU(), mbp.Linear(8, 6, center="forward"), mbp.Tanh(),
        mbp.Linear(6, 3, bias=False), **options,
    )  # fmt: skip


NETS = {
    "lenet": (lenet, SHAPE),
    "lenet batchnorm": (lambda **o: lenet(batchnorm=True, **o), SHAPE),
    "lenet centred": (lambda **o: lenet(center="forward", **o), SHAPE),
    "convnet": (convnet, SHAPE),
    "residual": (residual, SHAPE),
    "vectors": (vectors, (10,)),
}


def learn(net, x, rng):
    """Statistics and parameters as after a training: none is 0 or 1 by chance."""
    for p in net.parameters():
        p.value += 0.1 * rng.normal(size=p.value.shape)
    for _ in range(3):
        net.forward(net.prepare(x))
    return net


def prune(net, rng, share=0.6, filters=1):
    """Zeros in a share of the columns of all layers but the last, and the first `filters` units without output."""
    layers = [la for la in net.layers() if isinstance(la, (mbp.Conv2d, mbp.Linear))]
    for layer in layers[:-1]:
        w = layer.weight.value
        flat = w.reshape(len(w), -1)
        flat[:, rng.random(flat.shape[1]) < share] = 0
        silence(net, layer, filters)
    return net


def silence(net, layer, filters):
    """Make the first filters of a layer 0, also behind batch normalisation."""
    layer.weight.value[:filters] = 0
    if layer.bias is not None:
        layer.bias.value[:filters] = 0
    everything = list(net.layers())
    after = everything[everything.index(layer) + 1]
    if isinstance(after, (mbp.BatchNorm1d, mbp.BatchNorm2d)):
        after.weight.value[:filters] = 0
        after.bias.value[:filters] = 0
