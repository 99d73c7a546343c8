"""Makers of CoNLL-U text, sentences and random trees for the tests of treebanks."""

import random

from hypothesis import strategies as st

from minimalbp.data import Sentence, Treebank, write_conllu

TAGS = {"D": "DET", "N": "NOUN", "V": "VERB", "P": "PUNCT", "A": "ADV"}


def sentence(text):
    """ "the/D/2/det dog/N/3/nsubj ...": form/tag/head/relation; upos after TAGS, xpos is the tag itself."""
    rows = [word.split("/") for word in text.split()]
    forms, tags, heads, rels = zip(*rows)
    return Sentence(forms, tuple(TAGS.get(t, "X") for t in tags), tags, tuple(map(int, heads)), rels)


def conllu(*rows, comment="# text = whatever"):
    """CoNLL-U of one sentence from "id form upos xpos head rel" rows; `_` elsewhere."""
    lines = [comment] if comment else []
    for row in rows:
        i, form, upos, xpos, head, rel = row.split()
        lines.append("\t".join((i, form, "_", upos, xpos, "_", head, rel, "_", "_")))
    return "\n".join(lines) + "\n\n"


@st.composite
def any_tree(draw, most=9):
    """Heads of a random tree with one root: every word but the root hangs on one placed before it."""
    n = draw(st.integers(1, most))
    order = draw(st.permutations(range(1, n + 1)))
    heads = [0] * n
    for i in range(1, n):
        heads[order[i] - 1] = order[draw(st.integers(0, i - 1))]
    return tuple(heads)


@st.composite
def layouts(draw, n):
    """Which lines a sentence of n words has, as ids: the words, empty nodes after some, tokens of several words."""
    ids = [f"0.{i + 1}" for i in range(draw(st.integers(0, 1)))]
    end = 0  # of the last token
    for word in range(1, n + 1):
        if word > end and draw(st.booleans()):
            end = min(n, word + draw(st.integers(0, 2)))
            ids.append(f"{word}-{end}")
        ids.append(str(word))
        ids += [f"{word}.{i + 1}" for i in range(draw(st.integers(0, 2)))]
    return ids


@st.composite
def projective_tree(draw, most=12):
    """Heads of a random projective tree with one root: a head is picked in a span, and in those beside it."""
    n = draw(st.integers(1, most))
    heads = [0] * n

    def span(low, high, head):  # words low..high-1 hang on `head`, in one piece or in several
        while low < high:
            end = draw(st.integers(low + 1, high)) if head else high
            top = draw(st.integers(low, end - 1))
            heads[top - 1] = head
            span(low, top, top)
            span(top + 1, end, top)
            low = end

    span(1, n + 1, 0)
    return tuple(heads)


def with_heads(heads, rels=("det", "nsubj", "obj:x", "obj", "punct")):
    """A sentence over these heads, its words, tags and relations named by position."""
    n = range(len(heads))
    return Sentence(
        tuple(f"w{i % 7}" for i in n),
        tuple(list(TAGS.values())[i % 5] for i in n),
        tuple("DNVPA"[i % 5] for i in n),
        tuple(heads),
        tuple("root" if head == 0 else rels[i % len(rels)] for i, head in enumerate(heads)),
    )


NOUNS, VERBS = ("dog", "cat", "tree", "door", "bird", "saw"), ("sees", "hears", "likes", "saw")


def toy_sentence(draw):
    """A subject, a verb, now and then an object, a full stop; `draw` is a random.Random."""

    def noun(role, position, verb):
        """The words of a noun phrase that begins at `position`, counted from 1."""
        words = [(draw.choice(("the", "a")), "D", "det")]
        if draw.random() < 0.3:
            words.append((draw.choice(("old", "red", "small")), "A", "amod"))
        head = position + len(words)
        return [(*w, head) for w in words] + [(draw.choice(NOUNS), "N", role, verb)]

    subject = noun("nsubj", 1, 0)
    verb = len(subject) + 1
    words = [(*w[:3], w[3] or verb) for w in subject] + [(draw.choice(VERBS), "V", "root", 0)]
    if draw.random() < 0.7:
        words += noun("obj", verb + 1, verb)
    words.append((".", "P", "punct", verb))
    forms, tags, rels, heads = zip(*words)
    return Sentence(forms, tuple(TAGS[t] for t in tags), tags, heads, rels)


def bank_of(train=12, held_out=4, seed=0):
    """A treebank of such sentences."""
    draw = random.Random(seed)
    parts = [tuple(toy_sentence(draw) for _ in range(n)) for n in (train, held_out, held_out)]
    return Treebank("toy", *parts)


def toy_treebank(path, n=60, seed=0):
    """Write n sentences that a small network learns to tag and to parse; returns the path as text."""
    draw = random.Random(seed)
    write_conllu(path, [toy_sentence(draw) for _ in range(n)])
    return str(path)
