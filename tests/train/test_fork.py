"""Trainings in other processes after one in this process: fork, spawn, joblib."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from minimalbp.backend import cores

PROGRAM = """
import json, multiprocessing, sys, warnings
import joblib
import minimalbp as mbp

def train(seed, threads=None):
    data = mbp.load_dataset(sys.argv[2])
    net = mbp.mlp([300, 400, 3], select=mbp.TopK(20), rng=seed)  # large enough for several pieces
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for _ in range(2):
            sgd = mbp.SGD(net.parameters(), lr=0.01)
            history = mbp.fit(net, data, sgd, epochs=1, batch_size=100, threads=threads)
    return history.best.dev_loss, [str(one.message) for one in said]

if __name__ == "__main__":
    found = {"parent": train(1), "alone": train(1, threads=1)}
    if sys.argv[1] == "joblib":
        found["child"] = joblib.Parallel(2)(joblib.delayed(train)(seed) for seed in (1, 2))
    else:
        with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
            found["child"] = pool.map_async(train, (1, 2)).get(300)
    print(json.dumps(found))
"""


@pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="without the JIT there is no pool of threads")
@pytest.mark.skipif(cores() < 2, reason="one core has no pool of threads")
@pytest.mark.parametrize("how", ["fork", pytest.param("spawn", marks=pytest.mark.slow), "joblib"])
def test_a_child_trains_as_its_parent_does(how, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    rng, y = np.random.default_rng(0), np.arange(600) % 3
    np.savez(tmp_path / "data.npz", x=rng.normal(size=(600, 300)) + 3 * np.eye(300)[y], y=y)
    run = subprocess.run(
        [sys.executable, program, how, tmp_path / "data.npz"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    (loss, said), (other, _) = found["child"]
    alone = found["alone"][0]
    assert loss == pytest.approx(alone, rel=1e-6) != other
    if how == "fork":
        assert loss == alone
        (line,) = said  # once, not in the second training
        assert "it computes on one thread" in line
    else:
        assert not said
