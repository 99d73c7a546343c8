"""Networks whose units leave: by a companion that takes them out, and by masks, which is what that must come to."""

import numpy as np
from helpers import clusters

import minimalbp as mbp
from minimalbp.select import TopK

DATA = clusters()


def mlp(select, activation, center="off", **options):
    both = {"select": select, "center": center}
    return mbp.Sequential(
        mbp.Linear(6, 9, **both), activation(), mbp.Linear(9, 8, bias=False, **both), activation(),
        mbp.Linear(8, 3, center=center), **options,
    )  # fmt: skip


def lstms(select, bidirectional=False, gates="each", center="off", **options):
    both = {"select": select, "bidirectional": bidirectional, "gates": gates, "center": center}
    width = 7 * (1 + bidirectional)
    return mbp.Sequential(
        mbp.LSTM(6, 7, **both), mbp.LSTM(width, 5, **both), mbp.Linear(5 * (1 + bidirectional), 3), **options
    )


def outputs_of(hidden, units):
    return (units + hidden.shape[1] * np.arange(hidden.shape[0])[:, None]).ravel()


def mask(hidden, kept):
    """The masked network: nothing reads the units that are gone, neither the next layer nor their own."""
    groups, n = hidden.shape
    gone = np.setdiff1d(np.arange(groups * n), outputs_of(hidden, kept))
    for cut in hidden.reader.input_cuts(gone):
        if cut.axis == 1:  # not running means
            cut.param.value[:, gone] = 0
    if isinstance(hidden.layer, mbp.LSTM):
        for d, units in zip(hidden.layer.directions, kept):
            d.u.value[:, np.setdiff1d(np.arange(n), units)] = 0


def trained(*companions, epochs=4, select=None, hidden=(12, 10), optimizer=None, dropout=0.0, **options):
    sizes = [DATA.n_inputs, *hidden, DATA.n_classes]
    net = mbp.mlp(sizes, select=select or TopK(4), dropout=dropout, backend="reference")
    adam = mbp.Adam(net.parameters(), lr=0.01, **(optimizer or {}))
    settings = {"epochs": epochs, "batch_size": 8, "evals_per_epoch": 2} | options
    history = mbp.fit(net, DATA, adam, companions=companions, **settings)
    return net, history


def widths_of(history):
    return [r.widths for r in history.records]
