"""A visitor's own CSV: read as data only, refused in words, scaled as is said, and trained on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import landscapes.networks.table
from landscapes.networks import Network, Table, TableError, read_table
from landscapes.networks.data import classes_of, count_of, features_of, scaling_of

ROWS = [f"{i},{2 * i + 0.5},{i % 3}" for i in range(12)]


def csv_of(*rows: str) -> bytes:
    return "\n".join([*rows, ""]).encode()


def test_numbers_with_the_class_last() -> None:
    table = read_table(csv_of(*ROWS))
    np.testing.assert_array_equal(table.x, [[i, 2 * i + 0.5] for i in range(12)])
    np.testing.assert_array_equal(table.y, np.arange(12) % 3)
    assert table.classes == ("0", "1", "2") and table.names == ("column 1", "column 2", "column 3")


@pytest.mark.parametrize("data", [
    csv_of("a,b,class", *ROWS), csv_of("a, b ,class", "", *ROWS), b"\xef\xbb\xbf" + csv_of("a,b,class", *ROWS),
    csv_of("a,b,class", *ROWS).replace(b"\n", b"\r\n"), csv_of("a,b,class", *ROWS).replace(b",", b";"),
    csv_of("a,b,class", *ROWS).replace(b",", b"\t"),
])  # fmt: skip
def test_names_in_the_first_row_and_other_separators(data: bytes) -> None:
    table = read_table(data)
    assert table.names == ("a", "b", "class")
    np.testing.assert_array_equal(table.x, read_table(csv_of(*ROWS)).x)


def test_classes_may_be_words_and_are_in_order() -> None:
    words = read_table(csv_of(*(f"{i},{('setosa', 'virginica')[i % 2]}" for i in range(10))))
    assert words.classes == ("setosa", "virginica") and words.y.tolist() == [0, 1] * 5
    numbers = read_table(csv_of(*(f"{i},{(10, 9.0, 9)[i % 3]}" for i in range(12))))
    assert numbers.classes == ("9", "10")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty; expected a CSV of numbers"),
        (b"\n \n", "the file is empty"),
        (b"\x89PNG\r\n\x1a\n\xff", "not text"),
        (csv_of("a,b,class"), "there are 0 examples, at least 10 are needed"),
        (csv_of(*ROWS[:9]), "there are 9 examples"),
        (csv_of(*ROWS, "1,2"), "line 13 has 2 entries, those before have 3"),
        (csv_of("a,b,class", *ROWS, "1,two,0"), r"line 14, column 2 \(b\): 'two' is not a finite number"),
        (csv_of(*ROWS, "1,,0"), "column 2: '' is not a finite number"),
        (csv_of(*ROWS, "1,nan,0"), "'nan' is not a finite number"),
        (csv_of(*ROWS, "1,inf,0"), "'inf' is not a finite number"),
        (csv_of(*ROWS, "1,2,"), "line 13 has no class"),
        (csv_of(*ROWS, "1," + "9" * 60 + "x,0"), r"'9{40}' is not"),
        (csv_of(*(f"{i},1" for i in range(12))), "all examples are of the class '1'"),
        (csv_of(*(f"1,{i}" for i in range(30))), "30 different entries, at most 20 classes"),
        (csv_of(*map(str, range(12))), "at least 2 are needed"),
        (csv_of("1," * 1500 + "1"), "a line has 1,501 entries"),
        (csv_of(*ROWS, '1,"2,0'), "is not CSV"),
        (csv_of(*ROWS, "1,\x00,2"), "line 13"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_words(data: bytes, message: str) -> None:
    with pytest.raises(TableError, match=message):
        read_table(data)


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert landscapes.networks.table.MOST_BYTES == 5_000_000
    monkeypatch.setattr(landscapes.networks.table, "MOST_BYTES", 20)
    with pytest.raises(TableError, match="MB are read; leave out some"):
        read_table(csv_of(*ROWS))


@given(st.one_of(st.binary(), st.text().map(str.encode), st.lists(st.text()).map(lambda rows: csv_of(*rows, *ROWS))))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        assert isinstance(read_table(data), Table)
    except TableError as e:
        assert str(e)


def test_tables_are_equal_where_their_numbers_are() -> None:
    a, b = read_table(csv_of(*ROWS)), read_table(csv_of(*ROWS).replace(b",", b";"))
    assert a == b and hash(a) == hash(b) and Network(a) == Network(b)
    assert a != read_table(csv_of(*ROWS[:-1])) and a != read_table(csv_of("a,b,c", *ROWS))
    with pytest.raises(ValueError, match="read-only"):
        a.x[0, 0] = 1.0


def test_a_network_is_trained_on_it_scaled_by_its_training_examples() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(50.0, 20.0, (80, 3))
    x[:, 2] = 7.0
    table = Table.of(x, [str(int(a > 50.0)) for a in x[:, 0]])
    assert (classes_of(table), features_of(table), count_of(table)) == (2, 3, 80)
    assert "−0.5 to 0.5" in scaling_of(table)
    n = Network(table, (4,), loss="logistic", held_out=0.25)
    e = n.examples
    assert (e.x.shape, e.held_out_x.shape, n.count, n.dim) == ((60, 3), (20, 3), 60, 21)
    np.testing.assert_allclose(e.x.min(axis=0), [-0.5, -0.5, 0.0], atol=1e-15)
    np.testing.assert_allclose(e.x.max(axis=0), [0.5, 0.5, 0.0], atol=1e-15)
    both = np.sort(np.concatenate([e.x[:, 0], e.held_out_x[:, 0]]))  # one scale and one shift for all of them
    assert np.corrcoef(np.sort(x[:, 0]), both)[0, 1] == pytest.approx(1.0, abs=1e-12)
    w = n.start(0)
    for _ in range(300):
        w = w - 2.0 * n.gradient(w)
    assert n.accuracy(w) > 0.95 and n.held_out_accuracy(w) > 0.8
    assert np.mean(n.classify(w, e.x) == e.y) == n.accuracy(w)
