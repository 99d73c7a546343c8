"""What the room of training offers: names that bring their module with them."""

import subprocess
import sys

import pytest

import minimalbp as mbp
from minimalbp import train


@pytest.mark.parametrize("name", train.__all__)
def test_each_name_is_there_and_documented(name):
    thing = getattr(train, name)
    assert thing.__doc__ and name in dir(train)
    if name in mbp.__all__:
        assert thing is getattr(mbp, name)


def test_other_names_are_not():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        train.nothing  # noqa: B018


def test_importing_it_is_light():
    code = "import minimalbp.train, sys; print([m for m in ('numpy', 'minimalbp.train.loop') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
