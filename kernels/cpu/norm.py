"""Batch normalisation and local response normalisation: in how many pieces; see reference/norm.py."""

from .normalisation import batch, response
from .policy import pieces

__all__ = ["batch_dw", "batch_dx", "batch_forward", "moments", "response_backward", "response_forward"]


def moments(mean, var, running_mean, running_var, x, rate):
    (wide, block), n = batch.block_size(x.shape[1]), pieces(2 * x.size)
    running, x = (running_mean, running_var), x.reshape(-1)
    if n > 1:
        batch.moments_pieces(mean, var, *running, x, float(rate), wide, block, n)
    else:
        batch.moments(mean, var, *running, x, float(rate), wide, block)


def batch_forward(y, x, mean, var, weight, bias, eps):
    (wide, _), n = batch.block_size(x.shape[1]), pieces(x.size)
    y, x, eps = y.reshape(-1), x.reshape(-1), x.dtype.type(eps)
    if n > 1:
        batch.forward_pieces(y, x, mean, var, weight, bias, eps, wide, n)
    else:
        batch.forward(y, x, mean, var, weight, bias, eps, wide, 0, len(x))


def batch_dw(dw, db, dy, x, mean, var, eps):
    (wide, block), n = batch.block_size(x.shape[1]), pieces(2 * x.size)
    dy, x, eps = dy.reshape(-1), x.reshape(-1), x.dtype.type(eps)
    if n > 1:
        batch.sums_pieces(dw, db, dy, x, mean, var, eps, wide, block, n)
    else:
        batch.sums(dw, db, dy, x, mean, var, eps, wide, block)


def batch_dx(dx, dy, x, mean, var, weight, dw, db, eps):
    (wide, _), n = batch.block_size(x.shape[1]), pieces(2 * x.size)
    dx, dy, x, eps = dx.reshape(-1), dy.reshape(-1), x.reshape(-1), x.dtype.type(eps)
    if n > 1:
        batch.backward_pieces(dx, dy, x, mean, var, weight, dw, db, eps, wide, n)
    else:
        batch.backward(dx, dy, x, mean, var, weight, dw, db, eps, wide, 0, len(x))


def response_forward(y, scale, x, box, alpha, beta, k):
    lines, n = len(x) * x.shape[1], pieces(x.size * (4 + box[0] * box[1] * box[2]))
    factor, k = x.dtype.type(alpha / (box[0] * box[1] * box[2])), x.dtype.type(k)
    if n > 1:
        response.forward_pieces(y, scale, x, box, factor, x.dtype.type(beta), k, lines, n)
    else:
        response.forward(y, scale, x, box, factor, x.dtype.type(beta), k, 0, lines)


def response_backward(dx, dy, y, scale, x, box, alpha, beta, work):
    lines, n = len(x) * x.shape[1], pieces(x.size * (4 + box[0] * box[1] * box[2]))
    factor = x.dtype.type(2 * alpha * beta / (box[0] * box[1] * box[2]))
    if n > 1:
        response.backward_pieces(dx, dy, y, scale, x, box, factor, x.dtype.type(beta), work, lines, n)
    else:
        response.ratio(work, dy, y, scale, 0, lines)
        response.backward(dx, dy, scale, x, box, factor, x.dtype.type(beta), work, 0, lines)
