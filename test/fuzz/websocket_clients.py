"""chat.v1 clients gone wrong: frames, fragments and closes at every moment."""
import base64
import json
import struct
import time

from fuzz_wire import Wire, end, pieces

CLOSE_CODES = {1000, 1001, 1002, 1003, 1005, 1007, 1008, 1009, 1010, 1011, 1012, 1013, *range(3000, 5000)}


class Wrong(Exception):
    """The server said something that it must not say."""


def frame(dice, payload=b"", opcode=1, last=True, mask=True, reserved=0, length=None, form=None):
    size = len(payload) if length is None else length
    first = (0x80 if last else 0) | reserved << 4 | opcode
    bit = 0x80 if mask else 0
    form = form or (0 if size < 126 else 16 if size < 65536 else 64)
    if form == 0:
        head = bytes([first, bit | size & 127])
    elif form == 16:
        head = struct.pack(">BBH", first, bit | 126, size & 0xFFFF)
    else:
        head = struct.pack(">BBQ", first, bit | 127, size & (1 << 64) - 1)
    if not mask:
        return head + payload
    key = dice.randbytes(4)
    spread = (key * (len(payload) // 4 + 1))[: len(payload)]
    masked = (int.from_bytes(payload, "big") ^ int.from_bytes(spread, "big")).to_bytes(len(payload), "big")
    return head + key + masked


def handshake(dice, port, more=()):
    key = base64.b64encode(dice.randbytes(16)).decode()
    lines = ["GET /ws HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket", "Connection: Upgrade",
             "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Protocol: chat.v1", *more]  # fmt: skip
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


class Reading:
    """The server's frames out of what a wire has said; raises Wrong for what RFC 6455 or the contract forbids."""

    def __init__(self, wire):
        self.wire, self.at, self.status = wire, 0, None
        self.closed = None
        self.texts = 0

    def upgraded(self):
        if self.status is None:
            end_of_head = self.wire.said.find(b"\r\n\r\n")
            if end_of_head < 0:
                return False
            self.status = int(self.wire.said[9:12])
            self.at = end_of_head + 4
        return self.status == 101

    def read(self):
        if not self.upgraded():
            return
        said = self.wire.said
        while True:
            rest = len(said) - self.at
            if self.closed is not None and rest > 0:
                raise Wrong(f"bytes after a close frame: {bytes(said[self.at : self.at + 40])!r}")
            if rest < 2:
                return
            size, head = said[self.at + 1], 2
            if size & 0x80:
                raise Wrong("a masked frame")
            if size == 126:
                head = 4
            elif size == 127:
                head = 10
            if rest < head:
                return
            if head > 2:
                size = int.from_bytes(said[self.at + 2 : self.at + head], "big")
            if rest < head + size:
                return
            first, payload = said[self.at], bytes(said[self.at + head : self.at + head + size])
            self.at += head + size
            self.judge(first, payload)

    def judge(self, first, payload):
        if first == 0x81:
            self.texts += 1
            json.loads(payload.decode("utf-8"))
        elif first == 0x88:
            self.closed = struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else 1005
            payload[2:].decode("utf-8")
            if self.closed not in CLOSE_CODES:
                raise Wrong(f"close code {self.closed}")
        elif first != 0x8A or len(payload) > 125:
            raise Wrong(f"a frame that begins with {first:#x}, {len(payload)} bytes")


def text(value):
    return json.dumps(value, ensure_ascii=False).encode()


def request(dice, who):
    """A frame of chat.v1, mostly a right one."""
    number = dice.choice([1, 2, 3, 0, -1, 1 << 53, 1.5, "7"]) if dice.random() < 0.1 else dice.randrange(1, 1000)
    conv = who["conv"] if dice.random() < 0.7 else dice.choice(["c_1", "c_99999", "c_x", 5, None])
    body = "x" * dice.choice([0, 1, 10, 100, 4000]) if dice.random() < 0.6 else dice.choice(["\u202e", "é€😀" * 50, "\0", "\ud800"])
    op, d = dice.choice([
        ("ping", {}), ("status", {}), ("history", {"conv": conv, "limit": dice.randrange(0, 300)}), ("sync", {}),
        ("members", {"conv": conv}), ("msg.send", {"conv": conv, "body": body, "fmt": "md"}), ("read", {"conv": conv, "seq": 1}),
        ("conv.create", {"kind": "dm", "members": [who["uid"]]}), ("teleport", {}), ("typing", {"conv": conv}), ("ack", {"pos": dice.randrange(0, 1 << 40)}),
        ("hello", {"proto": [1], "client": {"name": "again"}}),
    ])  # fmt: skip
    out = {"id": number, "op": op, "d": d}
    if op in ("ack", "typing"):
        del out["id"]
    if dice.random() < 0.4:
        out["cid"] = "".join(dice.choice("0123456789ABCDEFGHJKMNPQRSTVWXYZ") for _ in range(26))
    if dice.random() < 0.05:
        out[dice.choice(["é" * 70, "x" * 63 + "é", "id ", "d"])] = dice.choice([None, [], {}, "x"])
    return json.dumps(out, ensure_ascii=dice.random() < 0.5).encode("utf-8", "surrogatepass")


def hello(dice, who, token=None):
    d = {"proto": [1], "client": {"name": "fuzz"}, "caps": ["batch"] if dice.random() < 0.5 else []}
    if token is not None:
        d["token"] = token
    elif dice.random() < 0.8:
        d["token"] = who["token"]
    return text({"id": 1, "op": "hello", "d": d})


def message_frames(dice, data):
    """One message: whole, or in fragments with control frames between them."""
    if dice.random() < 0.5:
        return [frame(dice, data)]
    out, parts = [], pieces(dice, data)
    for _ in range(dice.choice([0, 0, 1, 5])):
        parts.insert(dice.randrange(0, len(parts) + 1), b"")
    for i, part in enumerate(parts):
        out.append(frame(dice, part, 1 if i == 0 else 0, i == len(parts) - 1))
        if dice.random() < 0.15:
            out.append(frame(dice, dice.randbytes(dice.randrange(0, 126)), dice.choice([9, 10])))
    return out


def broken_frames(dice):
    """Something that RFC 6455 forbids, or that is only begun."""
    junk = dice.randbytes(dice.choice([0, 1, 2, 30, 125, 126, 2000]))
    return dice.choice([
        lambda: [frame(dice, junk, dice.randrange(16), dice.random() < 0.5, dice.random() < 0.8, dice.choice([0, 0, 1, 2, 4, 7]))],
        lambda: [frame(dice, b"a", 1, False), frame(dice, b"b", 1)],
        lambda: [frame(dice, b"a", 0)],
        lambda: [frame(dice, junk, 9)],
        lambda: [frame(dice, b"x", 9, False)],
        lambda: [frame(dice, b"\xff\xfe", 1, dice.random() < 0.5)],
        lambda: [frame(dice, b"\xe2\x82", 1, False), frame(dice, b"", 0)],
        lambda: [frame(dice, b"abcd", 1, length=dice.choice([65537, 1 << 31, (1 << 63) - 1, 1 << 63]))],
        lambda: [frame(dice, b" " * 65536, 1)],
        lambda: [frame(dice, b" " * 65537, 1)],
        lambda: [frame(dice, b" " * 40000, 1, False), frame(dice, b" " * 40000, 0)],
        lambda: [frame(dice, b"abc", 1, form=dice.choice([16, 64]))],
        lambda: [frame(dice, b"abc", 2)],
        lambda: [frame(dice, b"no JSON")] * 3,
        lambda: [frame(dice, b"x" * 300)[: dice.randrange(1, 200)]],
        lambda: [frame(dice, b"x", 1)[: dice.randrange(1, 6)]],
        lambda: [dice.randbytes(dice.randrange(1, 300))],
    ])()  # fmt: skip


def close_frame(dice):
    code = dice.choice([1000, 1001, 1005, 1006, 1015, 999, 0, 2999, 3000, 4999, 5000, 65535, 1011, dice.randrange(65536)])
    reason = dice.choice([b"", b"bye", b"b" * 123, b"b" * 124, b"\xce", "€".encode() * 41])
    payload = dice.choice([b"", b"\x03", struct.pack(">H", code), struct.pack(">H", code) + reason])
    return frame(dice, payload, 8, dice.random() < 0.95, dice.random() < 0.95)


def flood(dice):
    kind = dice.randrange(5)
    if kind == 0:
        return [frame(dice, b"a", 1, False), frame(dice, b"b", 0)] * dice.randrange(50, 600)
    if kind == 1:
        return [frame(dice, b"", 1, False)] + [frame(dice, b"", 0, False)] * dice.randrange(100, 2000)
    if kind == 2:
        return [frame(dice, b"x" * dice.randrange(126), 9)] * dice.randrange(20, 400)
    if kind == 3:
        return [frame(dice, text({"id": i, "op": "ping", "d": {}})) for i in range(1, dice.randrange(20, 200))]
    return [frame(dice, text({"id": 1, "op": "history", "d": {"conv": "c_1"}}))] * dice.randrange(20, 100)


def scenario(dice, world):
    """One connection from its handshake to its end."""
    port, who = world.port(dice), world.guest(dice)
    wire = Wire(port, little=4096 if dice.random() < 0.1 else 0)
    reading = Reading(wire)
    reads = dice.random() < 0.9  # or answers pile up at the server

    def send(data, pace=0.0):
        for part in pieces(dice, data):
            if pace:
                wire.take(pace)
            if not wire.send(part, reads=reads):
                return False
            if reads:
                reading.read()
        return True

    try:
        start = handshake(dice, port)
        if dice.random() < 0.1:  # a hello before the server has agreed
            wire.send(start + frame(dice, hello(dice, who)))
            wire.wait(lambda: wire.ended, 0.5)
            return
        send(start)
        if dice.random() < 0.9 and not wire.wait(reading.upgraded, 10):
            return
        first = dice.random()
        if first < 0.25:  # 4501 is on its way
            send(frame(dice, hello(dice, who, "bad")))
        elif first < 0.9:
            send(b"".join(message_frames(dice, hello(dice, who))))
            if dice.random() < 0.8:
                wire.wait(lambda: reading.read() or reading.texts > 0 or reading.closed is not None, 10)
        for _ in range(dice.randrange(0, 12)):
            kind, pace = dice.random(), 0.01 if dice.random() < 0.1 else 0.0
            if kind < 0.35:
                frames = message_frames(dice, request(dice, who))
            elif kind < 0.5:
                frames = flood(dice)
            elif kind < 0.65:
                frames = broken_frames(dice)
            elif kind < 0.72:
                frames = [close_frame(dice)]
            elif kind < 0.76:
                world.sign_out_elsewhere(dice, who)
                frames = flood(dice)
            elif kind < 0.8:
                frames = [b"".join(message_frames(dice, request(dice, who)) + broken_frames(dice) + [close_frame(dice)])]
            else:
                frames = [frame(dice, dice.randbytes(dice.randrange(0, 126)), dice.choice([9, 9, 10]))]
            together = dice.random() < 0.7
            for data in [b"".join(frames)] if together else frames:
                if not send(data, pace):
                    break
            if dice.random() < 0.2:
                wire.wait(lambda: False, dice.choice([0.0, 0.01, 0.1]))
                reading.read()
            if wire.ended:
                break
        if dice.random() < 0.4:  # a close is answered by a close, and then by an end
            send(frame(dice, struct.pack(">H", 1000), 8))
            wire.wait(lambda: wire.ended, 3)
        reading.read()
    finally:
        end(dice, wire)
