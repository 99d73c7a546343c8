"""UAS and LAS after the rules of the CoNLL 2018 shared task for gold words, line by line: a second opinion.

It knows nothing of the package: it takes two texts of CoNLL-U, and a head is the word whose id the column names.
"""


def scores(gold, system):
    """(UAS, LAS, words): shares of all words, those of punctuation too. The texts have the same words."""
    right, found = words(gold), words(system)
    assert [word[0] for word in right] == [word[0] for word in found], "other words"
    heads = [a[1] == b[1] for a, b in zip(right, found)]
    both = [a[1:] == b[1:] for a, b in zip(right, found)]
    return sum(heads) / len(right), sum(both) / len(right), len(right)


def words(text):
    """(form, head, relation without subtype) of each; the head as the index of a word in the text, or "root"."""
    found, sentence = [], {}  # sentence: {id: columns}
    for line in [*text.split("\n"), ""]:
        if line and not line.startswith("#"):
            columns = line.split("\t")
            if not set("-.") & set(columns[0]):  # 2-3 is a token of several words, 3.1 an empty node
                sentence[columns[0]] = columns
        elif sentence and not line:
            index = {word: len(found) + i for i, word in enumerate(sentence)} | {"0": "root"}
            found += [(c[1], index[c[6]], c[7].split(":")[0]) for c in sentence.values()]
            sentence = {}
    return found
