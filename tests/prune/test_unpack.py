"""Packed networks unpacked, in PyTorch, and in folders."""

import numpy as np
import pytest
from helpers import assert_same, close, parameters, refused
from pruned import NETS, learn, prune

import minimalbp as mbp
from minimalbp.prune import load_packed, pack, save_packed, state_dict, unpack


@pytest.mark.parametrize("name", NETS)
def test_unpacked_networks_are_dense_and_equal(name, backend, rng):
    make, shape = NETS[name]
    x = rng.normal(size=(4, *shape))
    packed = pack(prune(learn(make(backend=backend, rng=2), x, rng), rng))
    dense = unpack(packed)
    kinds = {type(la).__name__ for la in dense.layers()}
    assert not {"PackedConv2d", "PackedLinear"} & kinds
    close(dense(x), packed(x), "float32")
    assert pack(dense).describe() == packed.describe()
    assert state_dict(packed).keys() == parameters(dense).keys()


def in_torch(torch, net):
    """The torch.nn.Sequential of the same layers, for those of these tests."""
    nn, found = torch.nn, []
    for layer in net.children:
        if isinstance(layer, mbp.Conv2d):
            sizes = layer.in_channels, layer.out_channels, layer.kernel_size, layer.stride, layer.padding
            found.append(nn.Conv2d(*sizes, bias=layer.has_bias))
        elif isinstance(layer, mbp.Linear):
            found.append(nn.Linear(layer.n_in, layer.n_out, bias=layer.has_bias))
        elif isinstance(layer, mbp.BatchNorm2d):
            found.append(nn.BatchNorm2d(layer.n))
        elif isinstance(layer, mbp.MaxPool2d):
            found.append(nn.MaxPool2d(layer.kernel_size))
        else:
            found.append({"ReLU": nn.ReLU, "Flatten": nn.Flatten}[type(layer).__name__]())
    return nn.Sequential(*found)


@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize("name", ["lenet", "lenet batchnorm", "lenet centred"])
def test_pytorch_loads_a_packed_network(name, fold, rng, tmp_path):
    torch = pytest.importorskip("torch")
    make, shape = NETS[name]
    x = rng.normal(size=(4, *shape)).astype("float32")
    packed = pack(prune(learn(make(backend="reference", rng=2), x, rng), rng), fold_batchnorm=fold)
    dense = unpack(packed)
    mbp.save(dense, tmp_path / "w.safetensors")
    theirs = in_torch(torch, dense)
    from safetensors.torch import load_file

    theirs.load_state_dict(load_file(tmp_path / "w.safetensors"))
    theirs.eval()
    with torch.no_grad():
        close(theirs(torch.from_numpy(x)).numpy(), packed(x), "float32")


@pytest.mark.parametrize("name", NETS)
def test_a_folder_gives_the_network_back(name, backend, dtype, rng, tmp_path):
    make, shape = NETS[name]
    x = rng.normal(size=(4, *shape))
    packed = pack(prune(learn(make(backend=backend, dtype=dtype, rng=2), x, rng), rng))
    save_packed(packed, tmp_path / "new" / "folder")
    again = load_packed(tmp_path / "new" / "folder", select=mbp.TopK(3), backend=backend)
    assert any(la.select == mbp.TopK(3) for la in again.layers() if hasattr(la, "select"))
    assert_same(parameters(again), parameters(packed))
    again = load_packed(tmp_path / "new" / "folder", backend=backend)
    assert not any(la.select == mbp.TopK(3) for la in again.layers() if hasattr(la, "select"))
    assert_same(parameters(again), parameters(packed))
    np.testing.assert_array_equal(again(x), packed(x))
    assert sorted(p.name for p in (tmp_path / "new" / "folder").iterdir()) == [
        "network.json",
        "weights.safetensors",
    ]


def test_a_folder_is_written_whole_or_not_at_all(rng, tmp_path, monkeypatch):
    make, _ = NETS["lenet"]
    first, second = (make(backend="reference", rng=seed) for seed in (1, 2))
    save_packed(first, tmp_path)
    monkeypatch.setattr("minimalbp.prune.folder.save", lambda net, path: path.write_bytes(b"half") and 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save_packed(second, tmp_path)
    assert_same(parameters(load_packed(tmp_path, backend="reference")), parameters(first))
    assert len(list(tmp_path.iterdir())) == 2


def test_damaged_folders_are_refused(rng, tmp_path):
    make, _ = NETS["lenet"]
    save_packed(make(backend="reference"), tmp_path)
    text, weights = (tmp_path / name for name in ("network.json", "weights.safetensors"))
    whole, kept = text.read_text(), weights.read_bytes()
    weights.write_bytes(weights.read_bytes()[:-1])
    refused(lambda: load_packed(tmp_path), "is not the file that", "save the network again")
    weights.unlink()
    refused(lambda: load_packed(tmp_path), "cannot read", "weights.safetensors")
    text.write_text("{}")
    refused(lambda: load_packed(tmp_path), "does not describe a network")
    text.write_text(whole.replace('"layer": "ReLU"', '"layer": ["ReLU"]'))
    weights.write_bytes(kept)
    refused(lambda: load_packed(tmp_path), "unknown layer")
    text.write_text(whole.replace('"format": 1', '"format": 9'))
    refused(lambda: load_packed(tmp_path), "has format 9; this version reads format 1")
    refused(lambda: load_packed(tmp_path / "none"), "cannot read")
