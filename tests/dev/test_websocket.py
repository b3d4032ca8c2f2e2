"""The WebSocket client against hand-made frames (RFC 6455)."""

from __future__ import annotations

import base64
import hashlib
import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from dev.comfyui.websocket import WebSocket, WebSocketClosedError

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


def frame(kind: int, data: bytes, *, is_last: bool = True) -> bytes:
    """An unmasked frame, as servers send them."""
    first = (0x80 if is_last else 0) | kind
    if len(data) < 126:
        return struct.pack(">BB", first, len(data)) + data
    if len(data) < 1 << 16:
        return struct.pack(">BBH", first, 126, len(data)) + data
    return struct.pack(">BBQ", first, 127, len(data)) + data


class Peer:
    """The other end of the connection, run by the test."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.socket = socket.socket()
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self) -> None:
        """Shake hands with whoever comes."""
        self.socket.close()
        self.socket, _ = self._listener.accept()
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.socket.recv(4096)
        key = next(
            line.split(b": ")[1]
            for line in head.split(b"\r\n")
            if line.startswith(b"Sec-WebSocket-K")
        )
        digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        self.socket.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
        )

    def read_frame(self) -> tuple[int, bytes]:
        """One masked frame of the client: its kind and its data."""
        head = self.socket.recv(2, socket.MSG_WAITALL)
        size = head[1] & 0x7F
        assert head[1] & 0x80, "clients must mask"
        if size == 126:
            (size,) = struct.unpack(">H", self.socket.recv(2, socket.MSG_WAITALL))
        mask = self.socket.recv(4, socket.MSG_WAITALL)
        data = self.socket.recv(size, socket.MSG_WAITALL) if size else b""
        return head[0] & 0x0F, bytes(b ^ mask[i % 4] for i, b in enumerate(data))

    def close(self) -> None:
        self._thread.join()
        self.socket.close()
        self._listener.close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    """A server for one connection."""
    made = Peer()
    yield made
    made.close()


@pytest.fixture
def client(peer: Peer) -> Iterator[WebSocket]:
    """A client connected to `peer`."""
    with WebSocket(peer.port, "/ws") as connection:
        yield connection


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536])
def test_binary_message_of_any_length_arrives_whole(
    peer: Peer, client: WebSocket, size: int
) -> None:
    data = bytes(i % 251 for i in range(size))
    threading.Thread(target=peer.socket.sendall, args=(frame(BINARY, data),)).start()
    assert client.receive(5.0) == data


def test_text_in_fragments_with_a_ping_between_is_joined(peer: Peer, client: WebSocket) -> None:
    first, last = "Grüße".encode()[:3], "Grüße".encode()[3:]
    peer.socket.sendall(
        frame(TEXT, first, is_last=False) + frame(PING, b"are you there") + frame(0x0, last)
    )
    assert client.receive(5.0) == "Grüße"
    assert peer.read_frame() == (PONG, b"are you there")


def test_message_that_comes_late_is_not_lost(peer: Peer, client: WebSocket) -> None:
    whole = frame(TEXT, b"hello")
    peer.socket.sendall(whole[:3])
    with pytest.raises(TimeoutError):
        client.receive(0.05)
    peer.socket.sendall(whole[3:])
    assert client.receive(5.0) == "hello"


@pytest.mark.parametrize("size", [5, 300])
def test_sent_text_is_masked_and_whole(peer: Peer, client: WebSocket, size: int) -> None:
    client.send_text("x" * size)
    assert peer.read_frame() == (TEXT, b"x" * size)


def test_close_of_the_server_is_an_error(peer: Peer, client: WebSocket) -> None:
    peer.socket.sendall(frame(CLOSE, b""))
    with pytest.raises(WebSocketClosedError):
        client.receive(5.0)
