"""A user's own .csv: what is read, and the row and column of what is refused."""

import numpy as np
import pytest
from helpers import refused

from minimalbp.data import load_dataset
from minimalbp.errors import BadInput

N = 20


def table(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "mine.csv"
    path.write_bytes(text.encode(encoding))
    return path


ROWS = "".join(f"{i},{i / 2},{('cat', 'ant', 'bee')[i % 3]}\n" for i in range(N))


@pytest.mark.parametrize("head", ["", "width,height,kind\n", "\ufeffwidth,height,kind\r\n", "\n"])
def test_csv_with_and_without_header(tmp_path, head):
    data = load_dataset(table(tmp_path, head + ROWS))
    assert data.classes == ("ant", "bee", "cat")
    assert (len(data.train), len(data.dev), len(data.test)) == (12, 4, 4)
    every = np.concatenate([data.train.x, data.dev.x, data.test.x])
    assert sorted(every[:, 0]) == list(range(N))
    first = data.train.x[0]
    assert data.classes[data.train.y[0]] == ("cat", "ant", "bee")[int(first[0]) % 3]
    assert first[1] == first[0] / 2


def test_columns_numbered_by_a_header(tmp_path):
    """Pixels headed 0, 1, 2, ... are numbers too: not an example of the class "species"."""
    rows = "".join(f"{i},{2 * i},{3 * i},{'ab'[i % 2]}\n" for i in range(N))
    with pytest.raises(BadInput, match="looks like a header"):
        load_dataset(table(tmp_path, "1,2,3,species\n" + rows))
    assert load_dataset(table(tmp_path, "1,2,3,label\n" + rows)).classes == ("a", "b")


def test_csv_with_a_column_headed_label(tmp_path):
    rows = "".join(f"{10 * (i % 2)},{i},{i * i}\n" for i in range(N))
    data = load_dataset(table(tmp_path, "Label,a,b\n" + rows), dev=2, test=2)
    assert data.classes == ("0", "10")
    assert data.shape == (2,)
    assert (data.train.x[:, 1] == data.train.x[:, 0] ** 2).all()


def test_csv_header_of_numbers(tmp_path):
    rows = "".join(f"{i},{i},{i % 2}.0\n" for i in range(N))
    data = load_dataset(table(tmp_path, "0,1,label\n" + rows))
    assert data.classes == ("0", "1")
    assert len(data.train) + len(data.dev) + len(data.test) == N
    refused(
        lambda: load_dataset(table(tmp_path, "0,1,kind\n" + rows)),
        "mine.csv: row 1, column 3: label 'kind' is not a number, but all other labels are",
        "call the column 'label'",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("first", "column", "cell"), [("foo,1,2,0", 1, "'foo'"), (",1,2,0", 1, "''"), ("1,NA,2,0", 2, "'NA'"),
                                  ("1,2,x,cat", 3, "'x'"), ("foo,bar,baz,0", 1, "'foo'")],
)  # fmt: skip
def test_csv_first_row_with_a_bad_cell_is_no_header(tmp_path, first, column, cell):
    rows = "".join(f"{i},{i},{i},{i % 2}\n" for i in range(N))
    refused(
        lambda: load_dataset(table(tmp_path, first + "\n" + rows)),
        f"mine.csv: row 1, column {column}: {cell} is not a number, but other cells", "leave no number in it",
    )  # fmt: skip


def test_csv_text_labels_may_look_like_numbers_here_and_there(tmp_path):
    rows = "".join(f"{i},{('a', '-1', '2')[i % 3]}\n" for i in range(N))
    assert load_dataset(table(tmp_path, rows)).classes == ("-1", "2", "a")


@pytest.mark.parametrize(
    ("text", "fragments"),
    [
        ("", ["no rows of numbers"]),
        ("a,b,label\n", ["no rows of numbers"]),
        ("1\n2\n", ["row 1 has one column"]),
        ("1,2,a\n\n1,2,3,b\n", ["mine.csv: row 3 has 4 columns, but row 1 has 3", "quote cells"]),
        ("1,2,a\n1,x,b\n", ["mine.csv: row 2, column 2: 'x' is not a number; only the label may be text"]),
        ("1,2,a\n1,,b\n", ["row 2, column 2: '' is not a number"]),
        ("1,2,a\n1,nan,b\n" * 5, ["mine.csv: row 2, column 2: 'nan' is NaN", "leave the row out"]),
        ("1,2,a\n1,-inf,b\n" * 5, ["row 2, column 2: '-inf' is infinite or too large"]),
        (
            "1,2,a\n1,1e39,b\n" * 5,
            ["row 2, column 2: '1e39' is infinite or too large: float32 ends at 3.4e38"],
        ),
        ("x,label,y\n1,a,2\n\n1,b,inf\n", ["mine.csv: row 4, column 3: 'inf' is infinite"]),
        ("1,2,0\n1,2,0.5\n", ["mine.csv: row 2, column 3: label 0.5 is not a whole number"]),
        ("1,2,nan\n1,2,1\n", ["row 1, column 3: label nan is not a whole number"]),
        (
            "a,b,c\n1,2,0\n\n1,2,-1.0\n",
            ["mine.csv: row 4, column 3: label -1 is outside the classes 0, 1, 2"],
        ),
        ("1,2,a\n1,2,\n", ["mine.csv: row 2, column 3: no label; give the row its class"]),
        ("label,a\n ,2\n", ["row 2, column 1: no label"]),
        ("1,2,a\n1,2,a\n" * 5, ["every label is 0", "two classes"]),
        ("1,2,a\n1,2,b\n", ["dev 1, test 1 of 2 examples leave none"]),
        ('1,"2,a\n', ["not a table of comma-separated values"]),
    ],
)
def test_csv_refusals(tmp_path, text, fragments):
    refused(lambda: load_dataset(table(tmp_path, text)), "mine", *fragments)


def test_csv_of_another_encoding(tmp_path):
    refused(lambda: load_dataset(table(tmp_path, "1,2,é\n", "latin-1")), "not UTF-8 text (byte 4)")
