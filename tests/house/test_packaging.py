"""What is installed: every folder, every name, the version; and what `import minimalbp` brings with it."""

import configparser
import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import pytest

import minimalbp as mbp
import minimalbp.kernels

CONFIG = Path(__file__).parents[2] / "setup.cfg"
PACKAGE, KERNELS = Path(mbp.__file__).parent, Path(minimalbp.kernels.__file__).parent


def python(code):
    """The JSON that a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def folders(root, name):
    return {
        ".".join((name, *path.parent.relative_to(root).parts))
        for path in root.rglob("__init__.py")
        if root == KERNELS or not path.is_relative_to(KERNELS)
    }


@pytest.mark.skipif(not CONFIG.exists(), reason="needs setup.cfg beside the tests")
def test_every_folder_is_listed():
    config = configparser.ConfigParser()
    config.read(CONFIG, encoding="utf-8")
    listed = config["options"]["packages"].split()
    assert len(listed) == len(set(listed))
    assert set(listed) == folders(PACKAGE, "minimalbp") | folders(KERNELS, "minimalbp.kernels")


@pytest.mark.parametrize("folder", [PACKAGE, KERNELS], ids=["minimalbp", "kernels"])
def test_every_folder_with_code_is_a_package(folder):
    for path in folder.rglob("*.py"):
        assert (path.parent / "__init__.py").exists(), path


def test_import_brings_nothing_heavy():
    heavy = ["numba", "scipy", "sklearn", "torch", "matplotlib", "pooch", "tqdm", "requests", "PIL", "numpy"]
    code = "import minimalbp, sys, json; print(json.dumps([m for m in {} if m in sys.modules]))"
    assert python(code.format(heavy)) == []


def test_the_reference_runs_without_the_compiler():
    """Training on the reference backend brings neither Numba nor a peer."""
    code = """
import json, sys
import numpy as np
import minimalbp as mbp
net = mbp.mlp([3, 5, 2], backend="reference", select=mbp.TopK(2))
x, y = np.ones((4, 3), np.float32), np.array([0, 1, 0, 1])
data = mbp.Dataset("tiny", *[mbp.Split(x, y)] * 3, ("a", "b"))
mbp.fit(net, data, mbp.Adam(net.parameters()), epochs=1, batch_size=2, threads=1)
print(json.dumps([m for m in ("numba", "torch", "matplotlib", "sklearn") if m in sys.modules]))
"""
    assert python(code) == []


def test_every_public_name_resolves():
    assert sorted(dir(mbp)) == sorted(mbp.__all__)
    assert len(set(mbp.__all__)) == len(mbp.__all__)
    for name in mbp.__all__:
        assert getattr(getattr(mbp, name), "__name__", name).rpartition(".")[2] == name
        mbp.__dict__.pop(name, None) if name != "__version__" else None
        assert getattr(mbp, name) is mbp.__dict__[name]
    with pytest.raises(AttributeError, match="no attribute 'TopKay'"):
        mbp.TopKay  # noqa: B018


def test_public_names_by_star():
    code = "import json\nfrom minimalbp import *\nprint(json.dumps(TopK(25).describe()))"
    assert python(code) == {"name": "topk", "k": 25}


def test_version_is_that_of_the_metadata():
    assert importlib.metadata.version("minimalbp") == mbp.__version__


def test_no_top_level_package_called_kernels():
    """The folder is installed inside minimalbp: its name at top level belongs to somebody else."""
    code = """
import json, importlib.metadata as m
names = m.packages_distributions().get("kernels", [])
print(json.dumps("minimalbp" in names))
"""
    assert python(code) is False
