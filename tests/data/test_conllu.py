"""CoNLL-U: what is read, what comes out again to the byte, and what is refused, with file and line."""

import gzip
from itertools import combinations

import pytest
from helpers import refused
from hypothesis import given
from hypothesis import strategies as st
from trees import any_tree, conllu, projective_tree, with_heads

from minimalbp.data import Sentence, format_conllu, is_projective, parse_conllu, read_conllu, write_conllu
from minimalbp.data.treebank.sentence import tree_fault

# A multiword token, an empty node, comments, a U+2028 inside a word, no blank line at the end
TEXT = (
    "# newdoc id = a\n# text = I don't.\n"
    "1\tI\tI\tPRON\tPRP\tCase=Nom\t2\tnsubj\t2:nsubj\t_\n"
    "2-3\tdon't\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No\n"
    "2\tdo\tdo\tVERB\tVBP\t_\t0\troot\t0:root\t_\n"
    "3\tn't\tnot\tPART\tRB\t_\t2\tadvmod\t2:advmod\t_\n"
    "3.1\tgo\tgo\tVERB\tVB\t_\t_\t_\t2:x\t_\n"
    "3.2\tgo\tgo\tVERB\tVB\t_\t_\t_\t2:x\t_\n"
    "\n\n"
    "0.1\t_\t_\t_\t_\t_\t_\t_\t_\t_\n"
    "1\ta\u2028b\t_\tNOUN\tNN\t_\t0\troot\t_\t_"
)


def test_words_tags_and_tree():
    first, second = parse_conllu(TEXT.encode())
    assert first.forms == ("I", "do", "n't")
    assert first.upos == ("PRON", "VERB", "PART")
    assert first.xpos == ("PRP", "VBP", "RB")
    assert first.heads == (2, 0, 2)
    assert first.rels == ("nsubj", "root", "advmod")
    assert len(first) == 3
    assert second.forms == ("a\u2028b",)


def test_what_is_not_changed_comes_out_to_the_byte():
    assert format_conllu(parse_conllu(TEXT.encode())) == TEXT.replace("\n\n\n", "\n\n") + "\n\n"


def test_a_prediction_replaces_four_columns_and_the_stale_graph():
    first, _ = parse_conllu(TEXT.encode())
    tagged = format_conllu([first.changed(xpos=["A", "B", "C"])])
    assert tagged == (
        TEXT.partition("\n\n")[0].replace("PRP", "A").replace("VBP", "B").replace("\tRB\t", "\tC\t") + "\n\n"
    )
    lines = format_conllu([first.changed(heads=[0, 1, 1], rels=["root", "x", "y"])]).splitlines()
    assert lines[2].split("\t")[3:] == ["PRON", "PRP", "Case=Nom", "0", "root", "_", "_"]
    assert lines[4].split("\t")[6:] == ["1", "x", "_", "_"]
    # comments, tokens and nodes stay
    assert [lines[i] for i in (0, 1, 3, 6, 7)] == [TEXT.splitlines()[i] for i in (0, 1, 3, 6, 7)]
    again = parse_conllu("\n".join(lines).encode())
    assert (again[0].heads, again[0].rels) == ((0, 1, 1), ("root", "x", "y"))


def test_windows_lines_and_a_byte_order_mark():
    raw = b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode()
    assert parse_conllu(raw) == parse_conllu(TEXT.encode())
    assert "\r" not in parse_conllu(raw)[0].block


@pytest.mark.parametrize("name", ["a.conllu", "a.conllu.gz"])
def test_files(tmp_path, name):
    path = tmp_path / "new" / name
    sentences = parse_conllu(TEXT.encode())
    write_conllu(path, sentences)
    assert read_conllu(path) == read_conllu(str(path)) == sentences
    assert (path.read_bytes()[:2] == b"\x1f\x8b") == name.endswith(".gz")
    assert [p.name for p in path.parent.iterdir()] == [name]
    first = path.read_bytes()
    write_conllu(path, sentences)
    assert path.read_bytes() == first


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.conllu"
    path.write_text("old")
    bad = Sentence(("a",), xpos=("N\tN",))
    refused(lambda: write_conllu(path, [bad]), "'N\\tN' cannot stand in a column")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.conllu"]
    refused(lambda: write_conllu(path / "x", []), "cannot write")


def test_sentences_without_a_file():
    plain = Sentence(("Dogs", "bark"))
    assert (plain.upos, plain.heads) == (("_", "_"), (-1, -1))
    assert format_conllu([plain]).splitlines()[0] == "1\tDogs" + "\t_" * 8
    assert parse_conllu(format_conllu([plain]).encode(), trees=False) == (plain,)
    with pytest.raises(AttributeError):
        plain.forms = ("Cats",)
    refused(lambda: Sentence(()), "at least one word")
    refused(lambda: Sentence(("a", "b"), heads=(0,)), "a sentence of 2 words has 1 heads")
    refused(lambda: plain.changed(head=[0, 1]), "unknown column 'head'; did you mean 'heads'?")
    refused(lambda: plain.changed(heads=[0, 3]), "head 3 is outside 0..2")
    refused(lambda: format_conllu([Sentence(("a b\n",))]), "cannot stand in a column")


forms = st.text(st.characters(exclude_characters="\t\n\r", exclude_categories=["Cs"]), min_size=1).filter(
    lambda form: form != "_"
)


@given(any_tree(), st.data())
def test_round_trip(heads, data):
    n = len(heads)
    column = st.lists(forms, min_size=n, max_size=n).map(tuple)
    sentence = Sentence(*(data.draw(column) for _ in range(3)), heads, data.draw(column))
    text = format_conllu([sentence, sentence])
    once = parse_conllu(text.encode())
    assert once == (sentence, sentence)
    assert format_conllu(once) == text


# --- what is refused ------------------------------------------------------------------------------------------

GOOD = ("1 a NOUN N 2 det", "2 b NOUN N 0 root")


@pytest.mark.parametrize(
    "text, line, fragments",
    [
        ("", 1, ["no sentence in the file (0 bytes)"]),
        ("\n\n", 1, ["no sentence in the file"]),
        ("# only\n# comments\n\n", 1, ["a sentence without words"]),
        ("hello\n", 1, ["1 column, not 10", "tabs"]),
        (
            conllu(*GOOD).replace("root", "ro\rot"),
            3,
            ["a carriage return inside the line; end lines with \\n"],
        ),
        (conllu(*GOOD).replace("\n", "\r\r\n"), 2, ["a carriage return inside the line"]),
        ("# c\r1\ta\r\r", 1, ["a sentence without words; end lines with \\n"]),
        (conllu(*GOOD) + "1\ta\tb\n", 5, ["3 columns, not 10"]),
        (conllu(*GOOD).replace("det\t_\t_", "det\t_\t_\t_"), 2, ["11 columns, not 10"]),
        (conllu(*GOOD).replace("NOUN", "", 1), 2, ["column 4 is empty; write _"]),
        (conllu(GOOD[1]), 2, ["id 2 is out of order, expected 1"]),
        (conllu(GOOD[0], GOOD[0]), 3, ["id 1 is out of order, expected 2"]),
        (conllu(GOOD[0], "1.2 c X X _ _", GOOD[1]), 3, ["id 1.2 is out of order, expected 1.1"]),
        (conllu("2-3 ab _ _ _ _", *GOOD), 2, ["id 2-3 is out of order, expected 1-3"]),
        (conllu("1-2 ab _ _ _ _", GOOD[0], "2-2 b _ _ _ _", GOOD[1]), 4, ["2-2 overlaps"]),
        (conllu(GOOD[0], "2-1 b _ _ _ _", GOOD[1]), 3, ["2-1 overlaps another, or runs backwards"]),
        (conllu("1-3 abc _ _ _ _", *GOOD), 4, ["a multiword token ends at 3, the sentence at 2"]),
        (conllu("x a NOUN N 0 root"), 2, ["'x' is not an id; write 1 for a word"]),
        (conllu("١ a NOUN N 0 root"), 2, ["is not an id; write 1"]),
        (conllu(GOOD[0]).rstrip() + "\n# late\n", 3, ["a comment inside a sentence"]),
        (conllu("1 a NOUN N 3 det", GOOD[1]), 2, ["head 3 is outside the sentence of 2 words"]),
        (conllu("1 a NOUN N -2 det", GOOD[1]), 2, ["head '-2' is not a number"]),
        (conllu("1 a NOUN N 1_0 det", GOOD[1]), 2, ["head '1_0' is not a number"]),
        (conllu("1 a NOUN N " + "9" * 5000 + " det", GOOD[1]), 2, ["is not a number", "characters"]),
        (conllu("1 a NOUN N 1 det", GOOD[1]), 2, ["the heads form a cycle (words 1)"]),
        (conllu("1 a X X 0 root", "2 a X X 3 x", "3 a X X 2 x"), 3, ["form a cycle (words 2, 3)"]),
        (conllu("1 a NOUN N 2 det", "2 b NOUN N 1 det"), 2, ["no word of the sentence is the root"]),
        (conllu("1 a NOUN N 0 root", GOOD[1]), 3, ["a second root (head 0) after word 1"]),
        (conllu("1 a NOUN N _ _", GOOD[1]), 2, ["the word has no head"]),
    ],
)
def test_refused_with_file_and_line(tmp_path, text, line, fragments):
    path = tmp_path / "x.conllu"
    path.write_text(text, encoding="utf-8")
    refused(lambda: read_conllu(path), f"{path}, line {line}: ", *fragments)


def test_refused_bytes(tmp_path):
    path = tmp_path / "x.conllu"
    path.write_bytes(conllu(*GOOD).encode() + b"1\t\xe9")
    refused(lambda: read_conllu(path), f"{path}, line 5: byte 0xe9 is not UTF-8")
    path.write_bytes(gzip.compress(conllu(*GOOD).encode())[:-9])
    refused(lambda: read_conllu(path), f"{path}: corrupt or cut-short gzip")
    refused(
        lambda: read_conllu(tmp_path / "none"), "none: cannot be read: No such file", "give an existing file"
    )
    refused(lambda: read_conllu(tmp_path), "cannot be read: Is a directory; give an existing file")


def test_without_trees_heads_may_be_anything_inside():
    text = conllu("1 a X X _ _", "2 b X X 3 x", "3 c X X 2 x", "4 d X X 0 root", "5 e X X 0 root")
    (sentence,) = parse_conllu(text.encode(), trees=False)
    assert sentence.heads == (-1, 3, 2, 0, 0)
    refused(
        lambda: parse_conllu(conllu("1 a X X 2 x").encode(), trees=False), "outside the sentence of 1 word"
    )


# --- trees ----------------------------------------------------------------------------------------------------


@given(any_tree(most=8))
def test_random_trees_are_trees_and_projective_where_no_arcs_cross(heads):
    assert tree_fault(heads) is None
    arcs = [(min(arc), max(arc)) for arc in enumerate(heads, 1)]
    crossing = any(a < c < b < d or c < a < d < b for (a, b), (c, d) in combinations(arcs, 2))
    assert is_projective(heads) == (not crossing)


@given(projective_tree())
def test_random_projective_trees_are_that(heads):
    assert tree_fault(heads) is None
    assert is_projective(heads)
    assert with_heads(heads).heads == heads


@given(st.lists(st.integers(0, 6), min_size=6, max_size=6))
def test_what_is_no_tree_is_found(heads):
    def rises(word):  # to the root, in no more steps than there are words
        for _ in heads:
            word = heads[word - 1] if word else 0
        return word == 0

    good = heads.count(0) == 1 and all(rises(word) for word in range(1, 7))
    assert (tree_fault(heads) is None) == good


def test_a_long_cycle_is_named_in_short():
    heads = [0, *range(3, 5000), 2]
    word, why = tree_fault(heads)
    assert (word, why) == (1, "the heads form a cycle (words 2, 3, 4, 5, 6, 7, 8, 9, ...)")
