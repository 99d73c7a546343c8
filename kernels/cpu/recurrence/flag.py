"""A number that one thread writes and another waits for, within one parallel region.

There is no deadlock if the writer's piece comes before the reader's: a thread that runs both runs them in order.
"""

from numba import types
from numba.extending import intrinsic

from ..policy import JIT, kernel

if not JIT:

    def publish(flag, value):
        flag[0] = value

    def wait_for(flag, least):
        assert flag[0] >= least, "pieces run one after another, the writer's first"

else:

    @intrinsic
    def publish(typing, flag, value):
        """flag[0] = value, after everything this thread has written so far. flag int64 (1,)."""
        return types.void(flag, types.int64), _store

    @intrinsic
    def _value(typing, flag):
        return types.int64(flag), _load

    @kernel
    def wait_for(flag, least):
        """Wait until flag[0] >= least. What the other thread wrote before that can then be read here."""
        while _value(flag) < least:  # type: ignore[call-arg]
            pass


def _address(context, builder, signature, args):
    return context.make_array(signature.args[0])(context, builder, args[0]).data


def _store(context, builder, signature, args):
    builder.store_atomic(args[1], _address(context, builder, signature, args), "release", 8)
    return context.get_dummy_value()


def _load(context, builder, signature, args):
    return builder.load_atomic(_address(context, builder, signature, args), "acquire", 8)
