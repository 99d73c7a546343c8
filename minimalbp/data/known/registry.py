"""The public data sets that the package knows by name: their files, hashes, mirrors and licences."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import unknown
from ..formats.cifar import CLASSES, SHAPE


@dataclass(frozen=True)
class KnownFile:
    """A file of a known set. Hash and size are those of the DECOMPRESSED bytes, because mirrors pack differently.

    Parameters
    ----------
    name : str
        Without .gz, except for an archive.
    sha256 : str
        In hexadecimal digits.
    n_bytes : int
    archive : bool, default False
        Whether the file is an archive of many. Hash and size are then those of the file as it is.
    """

    name: str
    sha256: str
    n_bytes: int
    archive: bool = False


@dataclass(frozen=True)
class KnownSet:
    """A public data set that the package knows by name; `KNOWN` lists them all.

    Parameters
    ----------
    name, about, licence : str
    sizes : tuple of int
        Examples in train, dev and test; of a treebank, sentences.
    shape : tuple of int
        Of one example; empty for a treebank.
    classes : tuple of str
        Class names; empty for a treebank.
    files : tuple of KnownFile
        All of them make the set. If they are archives, each one does.
    mirrors : tuple of str
        Addresses to which a file's name and `packed` are appended.
    packed : str, default ".gz"
        What mirrors add to the name of a file.
    treebank : bool, default False
        Whether the files hold sentences in CoNLL-U instead of arrays.
    unpacked : tuple of str, default ()
        The folders that the archives unpack to; each is the whole set too.

    Examples
    --------
    >>> from minimalbp.data import KNOWN
    >>> KNOWN["mnist"].sizes
    (55000, 5000, 10000)
    """

    name: str
    about: str
    licence: str
    sizes: tuple[int, int, int]
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    files: tuple[KnownFile, ...]
    mirrors: tuple[str, ...]
    packed: str = ".gz"
    treebank: bool = False
    unpacked: tuple[str, ...] = ()

    @property
    def archives(self) -> bool:
        """Whether the files are archives, one of which is enough."""
        return any(file.archive for file in self.files)


def _mnist_files(*hashes: str) -> tuple[KnownFile, ...]:
    names = (
        ("train-images-idx3-ubyte", 16 + 60_000 * 28 * 28),
        ("train-labels-idx1-ubyte", 8 + 60_000),
        ("t10k-images-idx3-ubyte", 16 + 10_000 * 28 * 28),
        ("t10k-labels-idx1-ubyte", 8 + 10_000),
    )
    return tuple(KnownFile(name, sha, size) for (name, size), sha in zip(names, hashes))


_MNIST = KnownSet(
    name="mnist",
    about="handwritten digits (LeCun, Cortes, Burges)",
    licence="CC BY-SA 3.0",
    sizes=(55_000, 5_000, 10_000),
    shape=(28, 28),
    classes=tuple("0123456789"),
    files=_mnist_files(
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
)

_FASHION = KnownSet(
    name="fashion-mnist",
    about="pictures of clothes (Zalando)",
    licence="MIT",
    sizes=(55_000, 5_000, 10_000),
    shape=(28, 28),
    classes=(
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
        "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ),
    files=_mnist_files(
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
    # Zalando's own address has no https; the hash guards what comes over it
    mirrors=(
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
)  # fmt: skip

_CIFAR10 = KnownSet(
    name="cifar10",
    about="pictures of animals and vehicles, in colour (Krizhevsky)",
    licence="not stated",
    sizes=(45_000, 5_000, 10_000),
    shape=SHAPE,
    classes=CLASSES,
    # The page of the set gives MD5 only: c32a1d4ab5d03f1284b67883e8d87530 and c58f30108f718f92721af3b95e74349a.
    # These SHA-256 of the same archives stand in several public projects, Keras and GoMLX among them.
    # The first is the one that is fetched: it holds no pickles.
    files=(
        KnownFile(
            "cifar-10-binary.tar.gz",
            "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            170_052_171,
            archive=True,
        ),
        KnownFile(
            "cifar-10-python.tar.gz",
            "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
            170_498_071,
            archive=True,
        ),
    ),
    mirrors=("https://www.cs.toronto.edu/~kriz/", "https://cave.cs.toronto.edu/kriz/"),
    packed="",
    unpacked=("cifar-10-batches-bin", "cifar-10-batches-py"),
)

_EWT = KnownSet(
    name="ud-english-ewt",
    about="English Web Treebank of Universal Dependencies, release 2.16",
    licence="CC BY-SA 4.0",
    sizes=(12_544, 2_001, 2_077),
    shape=(),
    classes=(),
    files=(  # train, dev, test
        KnownFile(
            "en_ewt-ud-train.conllu",
            "3fb78e2b55482c8ee00caa653af436c88c9e5bc9a73ce26e4ae3ddc79d2b7e7b",
            14_203_025,
        ),
        KnownFile(
            "en_ewt-ud-dev.conllu",
            "531a54ff90d6ab12201c5a50c3e78e6ddac4de69abc4bce5d275d3cd29efe2b6",
            1_805_545,
        ),
        KnownFile(
            "en_ewt-ud-test.conllu",
            "e266e515a0a7547657ed3d90d9ba46487d6bd251f27ad4269d4e8a427c8555cd",
            1_804_515,
        ),
    ),
    # The tag of release 2.16 (May 2025), which two public projects that pin these hashes name as their source.
    # On the branches master and dev the files change with every release.
    mirrors=("https://raw.githubusercontent.com/UniversalDependencies/UD_English-EWT/r2.16/",),
    packed="",
    treebank=True,
)

KNOWN: dict[str, KnownSet] = {s.name: s for s in (_MNIST, _FASHION, _CIFAR10, _EWT)}


def known_set(name: str) -> KnownSet:
    """The entry of the set `name`. Raises BadInput for other names."""
    if name not in KNOWN:
        raise unknown("data set", name, KNOWN)
    return KNOWN[name]


def file_by_hash(sha: str) -> tuple[KnownSet, KnownFile] | None:
    """The set and the file whose decompressed bytes have this SHA-256, if there is one."""
    for entry in KNOWN.values():
        for file in entry.files:
            if file.sha256 == sha:
                return entry, file
    return None
