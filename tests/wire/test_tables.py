"""Files as people have them: every line is a row, a fault, or empty."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.domain.errors import InvalidPayload
from largesse.wire.delimited import BEHIND, UNCLOSED, Delimiter, Encoding
from largesse.wire.tables import name_of, read_table, spoiled

ROWS = [["Name", "Source_id", "Email"], ["Jörg; Müller", "a", "a@example.com"], ["Zoë, A", "b", ""]]


def written(delimiter: str, line_end: str = "\r\n") -> str:
    return line_end.join(delimiter.join(f'"{cell}"' if not cell.isalnum() else cell for cell in row) for row in ROWS)


def cells(table) -> list[list[str]]:
    return [table.columns, *(row["cells"] for row in table.rows)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("head", ["", "sep={}", '"sep={}"'])
def test_each_delimiter_is_found(delimiter, line_end, head):
    first = head.format(delimiter) + line_end if head else ""
    assert cells(read_table((first + written(delimiter, line_end)).encode())) == ROWS


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_each_encoding_is_found(codec):
    assert cells(read_table(written(";").encode(codec))) == ROWS


def test_what_the_caller_says_goes_before_what_it_looks_like():
    table = read_table(b"a;b,c\n1;2,3\n", delimiter=Delimiter.SEMICOLON)
    assert cells(table) == [["a", "b,c"], ["1", "2,3"]]
    assert read_table("a,b\nЯ,1".encode("utf-16-le"), encoding=Encoding.UTF_16).rows[0]["cells"] == ["Я", "1"]
    assert read_table(b"a,b\n\xc3\xa4,1", encoding=Encoding.ISO_8859_1).rows[0]["cells"] == ["Ã¤", "1"]


def test_a_column_of_codes_is_not_parted_by_what_stands_in_a_cell():
    table = read_table(b"Code\nA;B\nC|D\n", "code")
    assert cells(table) == [["Code"], ["A;B"], ["C|D"]]


def test_other_separators_are_refused():
    with pytest.raises(InvalidPayload, match="sep=#"):
        read_table(b"sep=#\na#b\n")


@pytest.mark.parametrize(
    ("stray", "fault"),
    [('x11,"A', UNCLOSED), ('x11,"A" B', BEHIND), ('"x11"y,A', BEHIND), ('x11,"', UNCLOSED)],
)
def test_one_stray_quote_costs_one_row(stray, fault):
    lines = ["Source_id,Name", *(f"x{n},N{n}" for n in range(1, 1001))]
    lines[11] = stray
    table = read_table("\n".join(lines).encode())
    faults = [row for row in table.rows if "fault" in row]
    assert [(row["row"], row["line"], row["fault"]) for row in faults] == [(11, 12, f"Line 12: {fault}")]
    assert name_of(table.columns, faults[0], "source id") in {"x11", 'x11"y'}
    assert len(table.rows) == 1000


def test_a_quoted_cell_keeps_its_lines_and_the_next_row_its_line():
    table = read_table(b'a,b\r\n"1\r\n2","say ""hi"""\r\n\r\n3,4\r\n')
    assert [(row["line"], row["cells"]) for row in table.rows] == [(2, ["1\n2", 'say "hi"']), (5, ["3", "4"])]
    assert table.empty == 1


def test_rows_of_another_width_are_named():
    table = read_table(b"code,name\nA\nB,1,2\nC,1\n")
    assert [name_of(table.columns, row, "code") for row in table.rows] == ["A", "B", "C"]
    assert ["fault" in row for row in table.rows] == [True, True, False]


@pytest.mark.parametrize("cell", ["4.00638E+12", "4,00638E+12", "1E+15", "4.0e+12"])
def test_what_a_spreadsheet_has_rounded_is_told(cell):
    table = read_table(f"code;name\n{cell};1E+3\nOK-1;x\n".encode())
    assert spoiled(table.columns, table.rows, "code") == [{"row": 1, "line": 2, "column": "code", "value": cell}]


@given(st.text(alphabet=st.sampled_from('ab,;"\n\r\t x'), max_size=200))
def test_every_line_is_a_row_or_a_fault_or_empty(text):
    try:
        table = read_table(("a,b\n" + text).encode(), delimiter=Delimiter.COMMA)
    except InvalidPayload:
        return
    lines = [row["line"] for row in table.rows]
    assert lines == sorted(set(lines))
    spanned = sum(cell.count("\n") for row in table.rows for cell in row.get("cells", ()))
    physical = ("a,b\n" + text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    total = len(physical) - (not physical[-1]) - 1
    assert table.empty + len(table.rows) + spanned == total


@pytest.mark.parametrize("line", ['"', '"""', 'x,"', 'x,"a""', '"a', '""x', '","', "a" * 90])
def test_of_a_hundred_thousand_lines_with_quotes_without_an_end_each_is_accounted_for(line):
    """Were each looked at up to the end of the file, the time of one test wouldn't be enough."""
    table = read_table(("a,b\n" + f"{line}\n" * 100_000).encode())
    spanned = sum(cell.count("\n") for row in table.rows for cell in row.get("cells", ()))
    assert table.empty + len(table.rows) + spanned == 100_000
