"""The papers' tagger, ours and PyTorch's, each with a clock: what bench_lstm.py compares."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np

import minimalbp as mbp

from .clocked import Clocked

WORDS, FEATURES, TAGS = 10_000, [60, 1000, 700, 900, 12, 700, 700], 45  # entries: about those of a treebank
TABLES = [(WORDS, 50), *((n, 20) for n in FEATURES)]
N_IN, HIDDEN = 190, 500


class Ours(Clocked):
    """The tagger with its clock."""

    def __init__(self, select: mbp.Dense | mbp.TopK, rows: str, backend: str = "cpu"):
        self.lstm = mbp.LSTM(N_IN, HIDDEN, select=select)
        layers = [mbp.Embedding(TABLES, scale=0.1), self.lstm, mbp.Linear(HIDDEN, TAGS)]
        super().__init__(mbp.Sequential(*layers, backend=backend), rows)


class Torch:
    """The same in PyTorch. sparse: the gradients of tables as sparse tensors, and SparseAdam for them."""

    def __init__(self, sparse: bool, like: Ours):
        import torch

        self.torch = torch
        tables = [torch.nn.Embedding(*table, sparse=sparse) for table in TABLES]
        self.tables = torch.nn.ModuleList(tables)
        self.lstm, self.linear = torch.nn.LSTM(N_IN, HIDDEN), torch.nn.Linear(HIDDEN, TAGS)
        self.lstm.bias_hh_l0.requires_grad_(False)  # a second bias, which ours has not
        lstm = [self.lstm.weight_ih_l0, self.lstm.weight_hh_l0, self.lstm.bias_ih_l0]
        others = [*lstm, *self.linear.parameters()]
        self.parameters = [*self.tables.parameters(), *others]
        with torch.no_grad():
            self.lstm.bias_hh_l0.zero_()
            for q, p in zip(self.parameters, like.net.parameters()):
                q.copy_(torch.from_numpy(p.value))
        self.optimizers = [torch.optim.Adam(others if sparse else self.parameters, lr=1e-3, fused=True)]
        if sparse:
            self.optimizers.append(torch.optim.SparseAdam(list(self.tables.parameters()), lr=1e-3))
        self.seconds: list[tuple[float, ...]] = []

    def step(self, x: np.ndarray, labels: np.ndarray) -> float:
        torch = self.torch
        ids, target = torch.from_numpy(x), torch.from_numpy(labels).long()
        marks = [time.perf_counter()]  # taking the arrays over is no part of a step in PyTorch
        parts = [table(ids[:, i]) for i, table in enumerate(self.tables)]
        h, _ = self.lstm(torch.cat(parts, dim=1).unsqueeze(1))
        logits = self.linear(h.squeeze(1))
        marks.append(time.perf_counter())
        value = torch.nn.functional.cross_entropy(logits, target)
        for optimizer in self.optimizers:
            optimizer.zero_grad()  # PyTorch's own default, which is also its fastest
        value.backward()
        marks.append(time.perf_counter())
        for optimizer in self.optimizers:
            optimizer.step()
        marks.append(time.perf_counter())
        self.seconds.append(tuple(b - a for a, b in pairwise(marks)))
        return float(value.detach())

    def gradients(self) -> list[np.ndarray]:
        return [q.grad.to_dense().numpy() for q in self.parameters]
