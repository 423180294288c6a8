import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.wire.multipart import BOUNDARY_LENGTH_MAX, PARTS_MAX, parse_multipart

TYPE = "multipart/form-data; boundary=b"


def body(*parts: tuple[str, bytes], boundary: str = "b") -> bytes:
    pieces = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="f"\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, content in parts
    ]
    return b"".join(pieces) + f"--{boundary}--\r\n".encode()


@given(
    st.lists(
        st.tuples(st.sampled_from("xyz"), st.binary().filter(lambda content: b"\r\n--b" not in b"\r\n" + content)),
        max_size=5,
    )
)
def test_each_part_comes_back_to_the_byte_and_of_a_name_given_twice_the_first(parts: list[tuple[str, bytes]]) -> None:
    expected: dict[str, bytes] = {}
    for name, content in parts:
        expected.setdefault(name, content)
    assert parse_multipart(body(*parts), TYPE) == expected


@given(st.binary(), st.text(alphabet=st.characters(max_codepoint=255)))
def test_no_body_and_no_type_break_it(content: bytes, type: str) -> None:
    parse_multipart(content, type)
    parse_multipart(content, TYPE)


@pytest.mark.parametrize(
    "type",
    ['multipart/form-data; boundary="a b"', 'multipart/form-data; BOUNDARY="a b"; charset=utf-8'],
)
def test_a_boundary_may_be_quoted(type: str) -> None:
    assert parse_multipart(body(("x", b"1"), boundary="a b"), type) == {"x": b"1"}


@pytest.mark.parametrize("type", ["", "text/csv", "multipart/form-data", "multipart/form-data; boundary=",
                                  "multipart/form-data; boundary=" + "b" * (BOUNDARY_LENGTH_MAX + 1)])  # fmt: skip
def test_without_a_boundary_there_are_no_parts(type: str) -> None:
    assert parse_multipart(body(("x", b"1"), boundary="b" * (BOUNDARY_LENGTH_MAX + 1)), type) == {}


@pytest.mark.parametrize(
    "piece",
    [
        b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--b--',
        b'--b\r\ncontent-disposition: form-data;name="x"\r\n\r\n1\r\n--b--',
        b'--b\r\nContent-Disposition: form-data; filename="name"; name="x"\r\n\r\n1\r\n--b--',
        b'preamble\r\n--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--b--\r\nafter the end',
        b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1',  # cut off: the part is what came of it
    ],
)
def test_a_part_is_found_however_a_client_writes_it(piece: bytes) -> None:
    assert parse_multipart(piece, TYPE) == {"x": b"1"}


@pytest.mark.parametrize(
    "piece",
    [
        b"--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--",
        b'--b\r\nContent-Disposition: form-data; filename="x"\r\n\r\n1\r\n--b--',
        b'--b\r\nContent-Disposition: form-data; name="x"\r\n--b--',
        b'--b--\r\n--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--b--',
    ],
)
def test_what_has_no_name_or_no_content_or_comes_after_the_end_is_no_part(piece: bytes) -> None:
    assert parse_multipart(piece, TYPE) == {}


def test_there_is_a_number_of_parts() -> None:
    many = [(str(number), b"") for number in range(PARTS_MAX + 5)]
    assert PARTS_MAX <= len(parse_multipart(body(*many), TYPE)) <= PARTS_MAX + 1
