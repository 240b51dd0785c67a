"""Bytes on a socket, for what a well-behaved library refuses to send."""
import base64
import os
import socket
import struct
from urllib.parse import urlparse


def connect(url):
    place = urlparse(url)
    return socket.create_connection((place.hostname, place.port), timeout=15)


def http(url, request):
    """Sends raw bytes; returns all that comes until the server closes or 15 s pass."""
    with connect(url) as s:
        s.sendall(request)
        out = b""
        try:
            while chunk := s.recv(65536):
                out += chunk
                if b"\r\n\r\n" in out and complete(out):
                    break
        except (socket.timeout, ConnectionResetError):
            pass
        return out


def complete(answer):
    head, body = answer.split(b"\r\n\r\n", 1)
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return len(body) >= int(line.split(b":")[1])
    return False


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else 0


class WebSocket:
    """A handshake by hand, then frames as told, right or wrong."""

    def __init__(self, url, headers=()):
        self.s = connect(url)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = ["GET /ws HTTP/1.1", f"Host: {urlparse(url).netloc}", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: chat.v1", *headers]  # fmt: skip
        self.s.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            chunk = self.s.recv(4096)
            if not chunk:
                break
            self.buffer += chunk
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        self.status = status_of(head)

    def frame(self, payload, opcode=1, fin=True, mask=True, length=None):
        """One frame; `length`: a length field that lies."""
        size = len(payload) if length is None else length
        first = bytes([(0x80 if fin else 0) | opcode])
        bit = 0x80 if mask else 0
        if size < 126:
            second = bytes([bit | size])
        elif size < 65536:
            second = bytes([bit | 126]) + struct.pack(">H", size)
        else:
            second = bytes([bit | 127]) + struct.pack(">Q", size)
        key = os.urandom(4) if mask else b""
        body = bytes(b ^ key[i % 4] for i, b in enumerate(payload)) if mask else payload
        self.s.sendall(first + second + key + body)

    def take(self, count):
        while len(self.buffer) < count:
            chunk = self.s.recv(65536)
            if not chunk:
                raise ConnectionError("closed")
            self.buffer += chunk
        out, self.buffer = self.buffer[:count], self.buffer[count:]
        return out

    def receive(self):
        """(opcode, payload) of the next frame of the server."""
        first, second = self.take(2)
        size = second & 0x7F
        if size == 126:
            size = struct.unpack(">H", self.take(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self.take(8))[0]
        return first & 0x0F, self.take(size)

    def close_code(self):
        """The code of the server's close frame; 0 when it just cut the connection."""
        try:
            while True:
                opcode, payload = self.receive()
                if opcode == 8:
                    return struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else 1005
        except (ConnectionError, socket.timeout, OSError):
            return 0

    def close(self):
        self.s.close()
