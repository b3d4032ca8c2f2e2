"""A small WebSocket client (RFC 6455) for one local server: text, binary, ping, close.

ComfyUI reports progress over a WebSocket and Python's standard library has no client for one.
"""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import struct
import time
from types import TracebackType

# RFC 6455, section 1.3: the text that a server appends to the client's key.
_KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CONTINUE, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


class WebSocketClosedError(ConnectionError):
    """The server closed the connection."""


class WebSocket:
    """One open connection to `ws://127.0.0.1:<port><path>`."""

    def __init__(self, port: int, path: str, timeout_seconds: float = 30.0) -> None:
        """Connect and shake hands.

        Raises:
            OSError: Nothing listens there, or it does not speak WebSocket.
        """
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_seconds)
        self._buffer = bytearray()
        self._parts: list[bytes] = []
        self._kind = _TEXT
        try:
            self._shake_hands(port, path, timeout_seconds)
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> WebSocket:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _shake_hands(self, port: int, path: str, timeout_seconds: float) -> None:
        """Ask for the upgrade and check the answer."""
        key = base64.b64encode(os.urandom(16)).decode("ascii")
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
        ]
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("ascii"))
        end = time.monotonic() + timeout_seconds
        while b"\r\n\r\n" not in self._buffer:
            self._fill(end)
        head, _, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        self._buffer = bytearray(rest)
        digest = hashlib.sha1((key + _KEY_SUFFIX).encode("ascii")).digest()
        if b" 101 " not in head.split(b"\r\n")[0] or base64.b64encode(digest) not in head:
            raise ConnectionError(f"no WebSocket at {path}: {head[:80].decode('latin-1')}")

    def send_text(self, text: str) -> None:
        """Send one text message."""
        self._send(_TEXT, text.encode("utf-8"))

    def receive(self, timeout_seconds: float) -> str | bytes:
        """The next message: str for text, bytes for binary.

        Raises:
            TimeoutError: No whole message came in time; nothing is lost, call again.
            WebSocketClosedError: The server is gone.
        """
        end = time.monotonic() + timeout_seconds
        while True:
            frame = self._take_frame()
            if frame is None:
                self._fill(end)
                continue
            is_last, kind, data = frame
            if kind == _PING:
                self._send(_PONG, data)
            elif kind == _CLOSE:
                raise WebSocketClosedError("the server closed the connection")
            elif kind in (_CONTINUE, _TEXT, _BINARY):
                self._kind = self._kind if kind == _CONTINUE else kind
                self._parts.append(data)
                if is_last:
                    whole, self._parts = b"".join(self._parts), []
                    return whole.decode("utf-8") if self._kind == _TEXT else whole

    def close(self) -> None:
        """Say goodbye and close."""
        try:
            self._send(_CLOSE, b"")
        except OSError:
            return
        finally:
            self._socket.close()

    def _fill(self, end: float) -> None:
        """Read what has come, waiting until `end` at most."""
        self._socket.settimeout(max(0.001, end - time.monotonic()))
        data = self._socket.recv(1 << 16)
        if not data:
            raise WebSocketClosedError("the server is gone")
        self._buffer += data

    def _take_frame(self) -> tuple[bool, int, bytes] | None:
        """One whole frame out of the buffer (last?, kind, data), or None when more must come."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, start = buffer[1] & 0x7F, 2
        if size >= 126:
            layout = ">H" if size == 126 else ">Q"
            start += struct.calcsize(layout)
            if len(buffer) < start:
                return None
            (size,) = struct.unpack_from(layout, buffer, 2)
        if len(buffer) < start + size:
            return None
        frame = bool(buffer[0] & 0x80), buffer[0] & 0x0F, bytes(buffer[start : start + size])
        del buffer[: start + size]
        return frame

    def _send(self, kind: int, data: bytes) -> None:
        """Send one whole frame, masked as RFC 6455 asks of clients."""
        size = len(data)
        if size < 126:
            head = struct.pack(">BB", 0x80 | kind, 0x80 | size)
        elif size < 1 << 16:
            head = struct.pack(">BBH", 0x80 | kind, 0x80 | 126, size)
        else:
            head = struct.pack(">BBQ", 0x80 | kind, 0x80 | 127, size)
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))
        self._socket.settimeout(30.0)
        self._socket.sendall(head + mask + masked)
