"""What the tests of topologies share: an oracle of loops over Python's integers."""


def path_matrix(net):
    """Paths from each input (row) to each output, as lists of Python's integers."""
    rows = [[int(i == j) for j in range(net.sizes[0])] for i in range(net.sizes[0])]
    for layer in net:
        inputs = [layer.source[layer.start[o] : layer.start[o + 1]].tolist() for o in range(layer.n_out)]
        rows = [[sum(row[s] for s in some) for some in inputs] for row in rows]
    return rows


def matrix(text):
    """A matrix written as rows of 0 and 1 between spaces or slashes."""
    return [[int(c) for c in row] for row in text.replace("/", " ").split()]
