"""The companion that prunes: what leaves, what stays, and that it can be resumed."""

from dataclasses import replace

import numpy as np
import pytest
from noise import QUICK, SLOW, SPLIT, begun, network, train

import minimalbp as mbp
from minimalbp.errors import BadInput
from minimalbp.prune import METHODS, PrunePlan, Pruner, pack, speedup, theoretical
from minimalbp.prune.theory import ratio_for


@pytest.mark.parametrize("method", METHODS)
def test_every_method_reaches_its_ratio_exactly_and_it_stays_zero(method):
    net, pruner = network(), Pruner(replace(QUICK, method=method))
    train(net, pruner, epochs=10)
    assert pruner.settled is not None and pruner.settled < pruner.step
    for one in pruner.layers:
        assert one.pruned == one.target == -(-one.n // 2)
        assert ((one.groups.norms() == 0) == one.gone).all()


@pytest.mark.parametrize("kind", ["columns", "filters", "channels"])
def test_probabilities_work_for_every_kind_of_groups(kind):
    net, pruner = network(), Pruner(replace(QUICK, groups=kind, layers=("3",)))
    train(net, pruner, epochs=10)
    assert [(one.name, one.pruned) for one in pruner.layers] == [
        ("3", {"columns": 14, "filters": 2, "channels": 2}[kind])
    ]


def test_columns_of_linear_layers_are_pruned_when_asked():
    net, pruner = network(), Pruner(replace(QUICK, linear=True))
    train(net, pruner, epochs=10)
    assert [one.name for one in pruner.layers] == ["0", "3", "7", "9"]
    assert (net.children[7].weight.value == 0).all(axis=0).sum() == 2


def test_what_has_not_left_at_the_last_update_leaves_by_rank():
    net, pruner = network(), Pruner(replace(QUICK, a=0.01, updates=5, span=5))
    train(net, pruner)
    assert pruner.updates == 5 and pruner.remainder == [5, 14]
    for one in pruner.layers:
        assert one.pruned == one.target


def test_the_network_is_scored_when_the_last_group_has_left_and_the_training_ends():
    net, scored = network(), []

    def score():
        scored.append(float(net.children[0].weight.value.sum()))
        return {"accuracy": 0.5}

    pruner = Pruner(replace(QUICK, method="columns-l1"), retrain=5, on_settled=score)
    history = train(net, pruner, epochs=50)
    assert pruner.scores == {"accuracy": 0.5} and len(scored) == 1
    assert pruner.settled == 3  # span = 4: the fourth update, before the fourth step
    assert (
        history.records[-1].step == 10
    )  # the first evaluation after 5 more steps: they are at 2, 5, 7 and 10
    assert history.begins == 1 and history.best in history.records[1:]


def test_a_speed_up_is_reached():
    net, pruner = network(), Pruner(PrunePlan(speedup=3.0, method="columns-l1", interval=1, span=4))
    train(net, pruner)
    assert 3 <= speedup(net) < 3.6
    assert speedup(net) == theoretical(net, pack(net), (6, 6))["net"]["theoretical"]


def test_filters_count_with_the_columns_that_read_them():
    net = network()
    net(SPLIT.x[:1])
    first, second = net.children[0], net.children[3]
    second.weight.value[:, 1] = 0  # nobody reads filter 1 of the first layer
    second.weight.value[0] = 0
    second.bias.value[0] = 0
    assert speedup(net) == (36 * 27 + 9 * 108) / (36 * 2 * 9 + 9 * 3 * 18)
    assert first.units == 3


@pytest.mark.parametrize("method", ["spp", "taylor", "random", "ssl"])
def test_a_resumed_run_is_the_same_bit_for_bit(method, tmp_path):
    plan = replace(QUICK, method=method, a=0.1)
    whole, parts = network(), network()
    there = Pruner(plan, seed=1)
    train(whole, there, epochs=6, rng=5)
    path = tmp_path / "checkpoint.npz"
    train(parts, Pruner(plan, seed=1), epochs=1, rng=5, checkpoint=path)
    again, here = network(rng=9), Pruner(plan, seed=1)
    train(again, here, epochs=6, rng=5, checkpoint=path, resume=True)
    for a, b in zip(whole.parameters(), again.parameters()):
        assert (a.value == b.value).all()
    assert here.settled == there.settled and here.updates == there.updates
    for a, b in zip(here.layers, there.layers):
        assert (a.p == b.p).all() and (a.gone == b.gone).all() and a.recovered() == b.recovered()
    for a, b in zip(here.trajectories, there.trajectories):
        assert np.array_equal(a, b)


def test_another_plan_cannot_resume(tmp_path):
    path = tmp_path / "checkpoint.npz"
    train(network(), Pruner(QUICK), epochs=1, checkpoint=path)
    with pytest.raises(BadInput, match="other settings"):
        train(network(), Pruner(replace(QUICK, ratio=0.6)), checkpoint=path, resume=True)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (
            replace(QUICK, layers=("1",)),
            "there is no layer 1 with weights to prune; the network has 0, 3, 7, 9",
        ),
        (replace(QUICK, ratio=0.99), "would take all 9 columns of layer 0, Conv2d"),
        (replace(QUICK, ratio=0.9999999), "ratio = 0.9999999 would take .*; give a smaller one"),
        (replace(QUICK, ratio=0.9, method="taylor", layers=("0",)), "would take all 3 filters of layer 0"),
        (
            replace(QUICK, groups="channels"),
            r"the only channel of layer 0.*\); name other layers, with layers = 3",
        ),
        (
            replace(QUICK, groups="channels", layers=("0",)),
            "the only channel of layer 0.*; prune other groups",
        ),
        (PrunePlan(speedup=26.0), r"speedup = 26 would take all 9 .*or name other layers, with layers = 3"),
        (replace(QUICK, layers=("9",), groups="filters"), "the filters of layer 9, Linear.* cannot leave"),
        (PrunePlan(speedup=4.0, layers=("7",)), "speedup is about convolutions"),
    ],
)
def test_what_cannot_be_pruned_is_refused(plan, message):
    with pytest.raises(BadInput, match=message):
        begun(network(), plan)


def test_a_network_without_convolutions_says_what_to_do():
    net = mbp.mlp([4, 3, 2], backend="reference")
    with pytest.raises(
        BadInput, match="no convolutions to prune; take the model lenet or convnet, or give linear"
    ):
        Pruner(QUICK).begin(net, mbp.Adam(net.parameters()), 1)


def test_the_progress_bar_shows_how_far_each_layer_is():
    pruner = Pruner(replace(QUICK, method="columns-l1", span=2))
    pruner_of = begun(network(), pruner.plan)
    assert pruner_of.status() == "pruned 0:0% 3:0%"
    pruner = Pruner(pruner.plan)
    train(network(), pruner, epochs=1)
    assert pruner.status() == "pruned 0:56% 3:52%"  # 5 of 9 columns, and 14 of 27


def test_a_speed_that_the_pruned_layers_cannot_reach_is_refused():
    """Of 36 positions x 27 weights and 9 x 108, the second half can leave."""
    net = network()
    net(SPLIT.x[:1])
    groups = begun(net, replace(QUICK, layers=("3",))).layers[0].groups
    assert ratio_for(1.6, net, [groups]) == pytest.approx(0.75)
    with pytest.raises(BadInput, match=r"speedup = 2 cannot be reached: .* are 2 times as fast"):
        ratio_for(2, net, [groups])


@pytest.mark.parametrize("kind", ["filters", "channels"])
def test_what_reads_a_filter_counts_as_gone_with_it(kind):
    """One of the two layers is pruned, and the other loses as large a share."""
    net = network()
    net(SPLIT.x[:1])
    plan = replace(QUICK, groups=kind, layers=("0" if kind == "filters" else "3",))
    groups = begun(net, plan).layers[0].groups
    assert ratio_for(2, net, [groups]) == pytest.approx(0.5)


@pytest.mark.parametrize("batchnorm", [False, True])
def test_pruned_filters_save_in_the_next_layer_too(batchnorm):
    net, pruner = network(batchnorm=batchnorm), Pruner(replace(QUICK, method="filters-l1"))
    train(net, pruner)
    assert pruner.widths() == [1, 2]
    assert speedup(net) == (36 * 27 + 9 * 108) / (36 * 9 + 9 * 2 * 9)


def test_each_layer_may_have_a_ratio_of_its_own():
    net, pruner = network(), Pruner(replace(QUICK, ratio="0.75, 0.5", layers="3,0"))
    assert pruner.plan.ratio == (0.75, 0.5) and PrunePlan.from_json(pruner.plan.as_json()) == pruner.plan
    train(net, pruner, epochs=10)
    assert [(one.name, one.pruned) for one in pruner.layers] == [("0", 5), ("3", 21)]


@pytest.mark.parametrize("method", ["filters-l1", "spp"])
@pytest.mark.parametrize("select", [mbp.Threshold(ratio=0.02), mbp.TopK(1), mbp.Channels(1)])
def test_filters_leave_under_sparse_gradients_too(method, select):
    net, pruner = network(select=select), Pruner(replace(QUICK, method=method, groups="filters"))
    train(net, pruner, epochs=10)
    assert pruner.widths() == [1, 2]


def test_columns_that_the_lasso_takes_to_zero_leave_before_the_end_of_the_span():
    net = network()
    pruner = Pruner(replace(QUICK, method="ssl", span=30, strength=30.0))
    train(net, pruner, epochs=10)
    assert pruner.settled < 29 and [one.pruned for one in pruner.layers] == [5, 14]
    weights = [net.children[0].weight.value.copy(), net.children[3].weight.value.copy()]
    for rule in pruner.rules:
        rule.observe(1.0)  # a layer that is done does not shrink any more
    assert all((w == net.children[i].weight.value).all() for w, i in zip(weights, (0, 3)))


def test_what_is_zero_at_the_start_has_left_already():
    net = network()
    net.children[3].weight.value[:, 0] = 0  # 9 of 27 columns
    pruner = Pruner(replace(QUICK, method="random"))
    train(net, pruner, epochs=10)
    assert pruner.layers[1].pruned == 14 and (net.children[3].weight.value[:, 0] == 0).all()


def test_a_filter_without_weights_is_gone_with_its_bias():
    net = network()
    net.children[0].weight.value[1], net.children[0].bias.value[1] = 0, 3
    pruner = Pruner(PrunePlan(ratio=0.3, groups="filters", layers=("0",), rescale=False))
    train(net, pruner, epochs=1)
    assert pruner.settled == 0 and (pruner.updates, pruner.layers[0].pruned) == (1, 1)
    assert net.children[0].bias.value[1] == 0 and len(pruner.trajectories[0]) == 1


def test_the_smallest_ratio_takes_one_group():
    pruner = Pruner(replace(QUICK, ratio=1e-300))
    train(network(), pruner, epochs=10)
    assert [one.pruned for one in pruner.layers] == [1, 1]


def test_paths_end_when_a_layer_is_done_and_fall_only_where_a_group_recovered():
    net, pruner = network(), Pruner(replace(QUICK, a=0.2, margin=0.0, updates=200))
    train(net, pruner, epochs=40)
    for one, path in zip(pruner.layers, pruner.trajectories):
        rows = np.array(path)
        fell = (np.diff(rows, axis=0) < 0).any(axis=0)
        assert (fell == one.fell).all() and (rows[-1] >= 1).sum() == one.pruned
    lengths = [len(path) for path in pruner.trajectories]
    assert max(lengths) == pruner.updates


def test_packed_layers_are_refused():
    net = mbp.Sequential(
        mbp.PackedConv2d(1, 2, 3, 4), mbp.ReLU(), mbp.Flatten(), mbp.Linear(32, 3), backend="reference"
    )
    with pytest.raises(BadInput, match="is packed; prune the network before"):
        begun(net, SLOW)


@pytest.mark.parametrize(("make", "message"), [
    (lambda: Pruner({"ratio": 0.5}), "plan must be a PrunePlan"),
    (lambda: Pruner(SLOW, retrain="x"), "retrain must be a whole number"),
    (lambda: Pruner(SLOW, retrain=-1), "retrain must be at least 0"),
    (lambda: Pruner(SLOW, seed=-1), "seed must be at least 0"),
])  # fmt: skip
def test_a_pruner_of_something_else_is_refused(make, message):
    with pytest.raises(BadInput, match=message):
        make()
