"""One POST and the four things that can come of it."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from largesse.delivery.posting import BODY_BYTES_MAX, Poster, Result, retry_after
from tests.delivery.receiver import answer, receiving
from tests.factories.vault import VAULT


@pytest.fixture
async def poster() -> AsyncIterator[Poster]:
    async with Poster(allow_private=True, vault=VAULT, limit_s=0.5) as poster:
        yield poster


async def test_bytes_and_headers_arrive_as_they_are(poster: Poster) -> None:
    async with receiving() as receiver:
        outcome = await poster.post(
            receiver.url + "?a=%2F", b'{"a":1}', {"Content-Type": "application/json", "X-One": "1"}
        )
    assert (outcome.result, outcome.status, outcome.body, outcome.reason) == (Result.ACCEPTED, 200, "ok", None)
    (got,) = receiver.got
    assert (got.target, got.body) == ("/hook?a=%2F", b'{"a":1}')
    assert (got.headers["content-type"], got.headers["x-one"]) == ("application/json", "1")
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert got.headers["user-agent"].startswith("Largesse/")


async def test_the_host_is_named_although_the_address_is_pinned(poster: Poster) -> None:
    async with receiving() as receiver:
        outcome = await poster.post(f"http://localhost:{receiver.port}/", b"{}", {})
    assert outcome.result is Result.ACCEPTED
    assert receiver.got[0].headers["host"] == f"localhost:{receiver.port}"


@pytest.mark.parametrize("status", [300, 400, 404, 410, 500, 503])
async def test_any_status_but_2xx_is_a_refusal(poster: Poster, status: int) -> None:
    async with receiving(lambda _: answer(status, body=b"no")) as receiver:
        outcome = await poster.post(receiver.url, b"{}", {})
    assert (outcome.result, outcome.status, outcome.body) == (Result.REFUSED, status, "no")


async def test_a_redirect_is_not_followed(poster: Poster) -> None:
    async with receiving() as second, receiving(lambda _: answer(302, Location=second.url)) as receiver:
        outcome = await poster.post(receiver.url, b"{}", {})
    assert (outcome.result, outcome.status) == (Result.REFUSED, 302)
    assert second.got == []


async def test_retry_after_is_told_in_seconds(poster: Poster) -> None:
    async with receiving(lambda _: answer(429, Retry_After="120")) as receiver:
        assert (await poster.post(receiver.url, b"{}", {})).retry_after_s == 120


def test_retry_after_as_a_date_and_as_nonsense() -> None:
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT", 1445412420.0) == 60
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT", 1445412999.0) == 0
    assert [retry_after(value, 0) for value in (None, "", "soon", "-5", "1e9", "9" * 400)][:-1] == [None] * 5


async def test_nobody_listens_so_it_was_surely_not_received(poster: Poster) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    outcome = await poster.post(f"http://127.0.0.1:{port}/", b"{}", {})
    assert outcome.result is Result.UNREACHED
    assert outcome.reason


async def test_a_name_that_nobody_knows_was_not_reached(poster: Poster) -> None:
    assert (await poster.post("http://nobody.invalid/", b"{}", {})).result is Result.UNREACHED


async def test_a_line_that_drops_leaves_the_outcome_unknown(poster: Poster) -> None:
    async with receiving(lambda _: None) as receiver:
        outcome = await poster.post(receiver.url, b"{}", {})
    assert (outcome.result, outcome.status) == (Result.UNKNOWN, None)
    assert len(receiver.got) == 1


async def test_an_answer_that_comes_too_late_leaves_the_outcome_unknown(poster: Poster) -> None:
    async with receiving(delay_s=5) as receiver:
        outcome = await poster.post(receiver.url, b"{}", {})
    assert outcome.result is Result.UNKNOWN
    assert outcome.reason == "No answer within 0.5 seconds."


async def test_nonsense_for_an_answer_leaves_the_outcome_unknown(poster: Poster) -> None:
    async with receiving(lambda _: b"\x00\x01nonsense\r\n\r\n") as receiver:
        assert (await poster.post(receiver.url, b"{}", {})).result is Result.UNKNOWN


async def test_of_an_endless_body_only_the_beginning_is_read(poster: Poster) -> None:
    async with receiving(lambda _: answer(200, body=b"x" * 1_000_000)) as receiver:
        outcome = await poster.post(receiver.url, b"{}", {})
    assert (outcome.result, outcome.body) == (Result.ACCEPTED, "x" * BODY_BYTES_MAX)


async def test_a_body_that_never_comes_does_not_change_what_the_status_said(poster: Poster) -> None:
    async with receiving(lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc") as receiver:
        outcome = await poster.post(receiver.url, b"{}", {})
    assert (outcome.result, outcome.body) == (Result.ACCEPTED, "abc")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "127.1"])
async def test_private_targets_get_no_connection(host: str) -> None:
    async with receiving() as receiver, Poster(allow_private=False, vault=VAULT) as poster:
        outcome = await poster.post(f"http://{host}:{receiver.port}/", b"{}", {})
    assert outcome.result is Result.UNREACHED
    assert receiver.got == []


async def test_tls_asks_for_the_name_and_believes_nobody_who_cannot_prove_it(poster: Poster, tmp_path: Path) -> None:
    asked: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    context.sni_callback = lambda _socket, name, _context: asked.append(name)

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        outcome = await poster.post(f"https://localhost:{port}/", b"{}", {})
    assert asked == ["localhost"]
    assert outcome.result is Result.UNREACHED
    assert "certificate" in (outcome.reason or "").lower()


def self_signed(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    return path
