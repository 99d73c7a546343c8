"""PyTorch computes what a packed network does, built as docs/prune.md says."""

import re
from pathlib import Path

import numpy as np
import pytest

import minimalbp as mbp
from minimalbp.prune import pack, unpack

torch = pytest.importorskip("torch")
PAGE = Path(__file__).parents[2] / "docs" / "prune.md"


@pytest.mark.parametrize("batchnorm", [False, True])
@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize("columns", [slice(0, 0), slice(0, 2)])
def test_it_loads_the_dense_weights_and_answers_the_same(batchnorm, fold, columns, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    net = mbp.lenet((8, 8), 3, filters=(4, 6), units=(5,), batchnorm=batchnorm, backend="reference")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20, 1, 8, 8)).astype(np.float32)
    for learnt in net.statistics():  # means and variances, as a training would leave them
        learnt.value[...] = rng.uniform(0.5, 1.5, learnt.value.shape)
    first, second = (layer.weight.value for layer in net.children if isinstance(layer, mbp.Conv2d))
    first[:, :, 0] = 0  # the first line of every window
    second[:, columns] = 0  # filters that nobody reads
    small = pack(net, fold_batchnorm=fold)
    mbp.save(unpack(small), "dense.safetensors")
    (code,) = re.findall(r"```py\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names = {"unpack": unpack, "small": small}
    exec(code, names)
    with torch.no_grad():
        answer = names["theirs"](torch.from_numpy(x)).numpy()
    assert names["theirs"][0].out_channels == 4 - (columns.stop or 0)
    np.testing.assert_allclose(answer, small(x), rtol=1e-5, atol=1e-6)
