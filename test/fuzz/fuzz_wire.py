"""One TCP connection whose every byte and moment a fuzzer decides; what the other side says is kept and read."""
import select
import socket
import struct
import time


class Wire:
    """A connection that never blocks for long: `send` gives up when the other side takes nothing."""

    def __init__(self, port, little=0):
        self.socket = socket.socket()
        if little:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, little)
        self.socket.settimeout(10)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.said = bytearray()  # by the server
        self.ended = False  # it has closed or reset

    def take(self, wait=0.0):
        """Reads what is there, or the first that comes within `wait` seconds. False: nothing came."""
        if self.ended or not select.select([self.socket], [], [], wait)[0]:
            return False
        try:
            piece = self.socket.recv(1 << 18)
        except BlockingIOError:
            return False
        except OSError:
            piece = b""
        self.said += piece
        self.ended = not piece
        return bool(piece)

    def send(self, data, limit=2.0, reads=True):
        """False: the connection has ended, or nothing was taken for `limit` seconds."""
        view, until = memoryview(data), time.monotonic() + limit
        while view and not self.ended:
            if reads:
                self.take()
            try:
                view = view[self.socket.send(view) :]
                until = time.monotonic() + limit
            except BlockingIOError:
                if time.monotonic() > until:
                    return False
                select.select([], [self.socket], [], 0.05)
            except OSError:
                self.take()
                self.ended = True
        return not self.ended

    def wait(self, condition, limit):
        """Reads until `condition()`; False when the connection ended or `limit` seconds passed before."""
        until = time.monotonic() + limit
        while not condition():
            left = until - time.monotonic()
            if self.ended or left <= 0:
                return condition()
            self.take(left)
        return True

    def half_close(self):
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def reset(self):
        """Closes so that the other side gets a RST."""
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
        self.socket.close()

    def close(self):
        self.socket.close()


def pieces(dice, data):
    """The same bytes, cut as the dice say."""
    how = dice.random()
    if how < 0.5 or len(data) < 2:
        return [data]
    if how < 0.6 and len(data) < 400:
        return [data[i : i + 1] for i in range(len(data))]
    cuts = sorted(dice.randrange(1, len(data)) for _ in range(dice.randrange(1, 6)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)]) if a < b]


def end(dice, wire):
    """The end of a connection: as the dice say."""
    how = dice.random()
    if how < 0.3:
        wire.reset()
    elif how < 0.5:
        wire.half_close()
        wire.wait(lambda: False, 0.3)
        wire.close()
    else:
        wire.close()
