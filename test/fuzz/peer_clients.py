"""Strangers at the ports where the daemons speak to each other: frames (u32 length, u32 crc32c, protobuf) right and wrong."""
import struct

from fuzz_wire import Wire, end, pieces

_TABLE = []
for _i in range(256):
    for _ in range(8):
        _i = _i >> 1 ^ (0x82F63B78 if _i & 1 else 0)
    _TABLE.append(_i)


def crc32c(data):
    c = 0xFFFFFFFF
    for b in data:
        c = c >> 8 ^ _TABLE[(c ^ b) & 255]
    return c ^ 0xFFFFFFFF


def varint(n):
    out = b""
    n &= (1 << 64) - 1
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def some_value(dice, depth=0):
    kind = dice.random()
    if kind < 0.4:
        return dice.choice([0, 1, 2, 3, 1 << 31, (1 << 63) - 1, (1 << 64) - 1, dice.randrange(1000)])
    if kind < 0.7 or depth > 3:
        return dice.choice([b"", b"n1", b"\xff\xfe", dice.randbytes(16), dice.randbytes(dice.randrange(0, 200))])
    return b"".join(field(dice.randrange(1, 20), some_value(dice, depth + 1)) for _ in range(dice.randrange(0, 6)))


def hello(dice):
    """Never one that would be taken for a member's: its cluster is not ours."""
    who = field(1, dice.choice([b"n1", b"n9", b"", b"\xff"])) + field(2, dice.randbytes(16)) + field(3, dice.randbytes(16))
    purpose = dice.choice([0, 1, 2, 3, 3, 4, 99])
    return field(1, field(1, dice.choice([0, 1, 2])) + field(2, dice.choice([0, 1, 9])) + field(3, dice.randbytes(16)) + field(4, who) + field(5, purpose))


def frame(dice, body):
    size, check = len(body), crc32c(body)
    if dice.random() < 0.1:
        size = dice.choice([0, 1, size + 1, 1 << 20, 1 << 31, (1 << 32) - 1])
    if dice.random() < 0.1:
        check ^= 1 << dice.randrange(32)
    return struct.pack("<II", size, check) + body


def scenario(dice, world):
    wire = Wire(world.peer_port(dice))
    try:
        for i in range(dice.choice([1, 1, 2, 5, 30])):
            kind = dice.random()
            if i == 0 and kind < 0.6:
                body = hello(dice)
            elif kind < 0.8:
                body = field(dice.randrange(1, 45), some_value(dice))
            elif kind < 0.9:
                body = bytearray(hello(dice))
                body[dice.randrange(len(body))] ^= 1 << dice.randrange(8)
                body = bytes(body)
            else:
                body = dice.randbytes(dice.randrange(0, 300))
            data = frame(dice, body)
            if dice.random() < 0.1:
                data = data[: dice.randrange(len(data) + 1)]
            for part in pieces(dice, data):
                if not wire.send(part):
                    return
            if dice.random() < 0.3:
                wire.take(0.05)
    finally:
        end(dice, wire)
