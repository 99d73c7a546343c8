"""The plan of a pruning: what is refused, and how it comes back from a file."""

import pytest

from minimalbp.errors import BadInput
from minimalbp.prune import PrunePlan


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "give either ratio, such as 0.75, or speedup, such as 4"),
        ({"ratio": 0.5, "speedup": 2}, "give either ratio"),
        ({"ratio": 0}, "ratio must be a number between 0 and 1, such as 0.5, not 0"),
        ({"ratio": 1}, "ratio must be a number between 0 and 1, such as 0.5, not 1"),
        ({"ratio": float("nan")}, "ratio must be a number between 0 and 1, such as 0.5, not nan"),
        ({"ratio": 0.5, "layers": ["0", "3", "0"]}, "layers names 0 more than once in 0,3,0"),
        ({"ratio": (0.5, 0.6)}, "2 ratios need as many layers by name, not none"),
        ({"ratio": (0.5, 0.6), "layers": "3"}, "2 ratios need as many layers by name, not 3; give layers"),
        ({"speedup": 1}, "speedup must be a number in"),
        ({"ratio": 0.5, "method": "sp"}, "unknown method 'sp'; did you mean 'spp'"),
        ({"ratio": 0.5, "groups": "rows"}, "unknown groups 'rows'"),
        (
            {"ratio": 0.5, "method": "taylor", "groups": "columns"},
            "the method taylor prunes filters, not columns",
        ),
        ({"ratio": 0.5, "linear": True, "groups": "filters"}, "linear is for groups = columns"),
        ({"ratio": 0.5, "layers": "one"}, "layers must be paths such as \"0,3\", not 'one'"),
        ({"ratio": 0.5, "layers": []}, "layers must be paths"),
        ({"ratio": 0.5, "interval": 0}, "interval must be at least 1"),
        ({"ratio": 0.5, "span": 300}, "span = 300 must be at most the 200 updates"),
        ({"ratio": 0.5, "u": 1}, "u must be a number between 0 and 1"),
        ({"ratio": 0.5, "rescale": 1}, "rescale must be true or false"),
        ({"ratio": 0.5, "margin": -1}, "margin must be a number"),
        ({"ratio": 0.5, "margin": 0.1, "ranks": "all"}, "ranks = all asks for R"),
        ({"ratio": "half"}, "ratio must be a number such as 0.9"),
        (
            {"ratio": (0.5, 2), "layers": "0,3"},
            "each ratio must be a number between 0 and 1, such as 0.5, not 2",
        ),
        ({"ratio": 0.5, "layers": "0", "linear": True}, "linear is for all Linear layers"),
        ({"ratio": 0.5, "method": ["spp"]}, "unknown method"),
        ({"ratio": 0.5, "method": "taylor", "updates": 1}, "the method taylor needs 2 updates or more"),
    ],
)
def test_a_plan_out_of_range_is_refused(options, message):
    with pytest.raises(BadInput, match=message):
        PrunePlan(**options)


def test_a_plan_comes_back_from_json():
    plan = PrunePlan(ratio=0.5, layers="0, 3")
    assert plan.layers == ("0", "3") and PrunePlan.from_json(plan.as_json()) == plan
    with pytest.raises(BadInput, match="unexpected keyword"):
        PrunePlan.from_json({"ratio": 0.5, "depth": 3})


def test_a_setting_that_says_nothing_to_the_method_is_refused_where_somebody_gave_it():
    plan = PrunePlan(ratio=0.5, method="columns-l1")
    plan.check_used(["ratio", "span", "decay"])
    with pytest.raises(
        BadInput, match="margin is for the methods spp, spp-norecovery, spp-linear; leave it out"
    ):
        plan.check_used(["margin"])
