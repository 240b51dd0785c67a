"""HTTP requests, right and wrong, one behind the other on a connection, cut anywhere."""
import json
import re

from fuzz_wire import Wire, end, pieces
from websocket_clients import Wrong

PATHS = ["/", "/index.html", "/livez", "/readyz", "/readyz?role=read", "/version", "/api/v1/status", "/api/v1/session",
         "/api/v1/accounts", "/api/v1/sessions", "/api/v1/messages", "/api/v1/conversations", "/api/v1/conversations/c_1/messages",
         "/api/v1/me/password", "/ws", "/assets/x", "/%", "/%2e%2e/", "//", "/..", "/metrics", "*", "http://evil/", "/" + "a" * 9000, "/\xff"]  # fmt: skip
BODIES = ["", "{}", "[]", '{"name":"x","password":"y"}', '{"name":"' + "é" * 40 + '","password":"12345678"}', "[" * 3000, "x" * 70000,
          '{"' + "é" * 64 + '":1}', '{"x' + "é" * 64 + '":1}', "\xff\xfe"]  # fmt: skip


def body_of(dice):
    return dice.choice(BODIES).encode("latin-1" if dice.random() < 0.05 else "utf-8", "replace")


def chunked(dice, body):
    out = b""
    for part in pieces(dice, body):
        if part:
            size = f"{len(part):x}" if dice.random() < 0.95 else dice.choice(["-1", "g", "f" * 17, "0x1", " 1", "8" + "0" * 15])
            out += size.encode() + (b";x=y" if dice.random() < 0.1 else b"") + b"\r\n" + part + b"\r\n"
    trailer = b"X: y\r\n" * dice.choice([0, 0, 0, 1, 6000])
    return out + b"0\r\n" + trailer + b"\r\n"


def request(dice, port, who):
    method = dice.choice(["GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW", "get", ""])
    version = dice.choice(["HTTP/1.1"] * 12 + ["HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "HTTP/0.9", "http/1.1", ""])
    lines = [f"{method} {dice.choice(PATHS)} {version}"]
    if dice.random() < 0.9:
        lines.append("Host: " + dice.choice([f"127.0.0.1:{port}"] * 8 + ["evil.example", "", "localhost", "[::1]", "a b", "x" * 300]))
    body = b""
    framing = dice.random()
    if framing < 0.3:
        body = body_of(dice)
        lines.append(f"Content-Length: {len(body)}")
    elif framing < 0.45:
        body = chunked(dice, body_of(dice))
        lines.append("Transfer-Encoding: " + dice.choice(["chunked"] * 5 + ["Chunked", "xchunked", "gzip, chunked", "chunked, identity", "\x0bchunked", ""]))
    elif framing < 0.55:
        body = dice.choice([b"0\r\n\r\n", b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n", b"{}"])
        lines += dice.sample(["Content-Length: 5", "Content-Length: 6", "Content-Length: +2", "Content-Length: 2, 2", "Transfer-Encoding: chunked",
                              "Transfer-Encoding: identity", "Transfer-Encoding : chunked", "Content-Length: 18446744073709551616"], 2)  # fmt: skip
    for _ in range(dice.choice([0, 0, 1, 2, 4])):
        lines.append(dice.choice([
            "Connection: close", "Connection: keep-alive", "Connection: Upgrade", "Upgrade: websocket", "Expect: 100-continue", "Expect: x",
            "Origin: https://evil.example", f"Origin: http://127.0.0.1:{port}", "Origin: null", 'If-None-Match: W/"x", *', "If-None-Match: *",
            "Authorization: Bearer " + who["token"], "Authorization: Bearer x", "Authorization: Basic eDp5", "Content-Type: application/json",
            "Content-Type: text/plain", "X: " + "a" * 17000, "X: a\rb", "X : y", " folded", "no colon", "\0: y", "Sec-WebSocket-Version: 12",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol: chat.v1", "Idempotency-Key: x", "Accept-Encoding: gzip",
        ]))  # fmt: skip
    if dice.random() < 0.03:
        lines += ["A: b"] * dice.randrange(100, 8000)
    line_end = "\r\n" if dice.random() < 0.97 else "\n"
    out = (line_end.join(lines) + line_end * 2).encode("latin-1", "replace") + body
    if dice.random() < 0.1:
        out = out[: dice.randrange(len(out) + 1)]
    return out


def judge(said, most):
    """How many final answers there are. Raises Wrong when they are more than requests, or not HTTP."""
    at, count = 0, 0
    while at < len(said):
        head = said.find(b"\r\n\r\n", at)
        if head < 0:
            return count
        lines = bytes(said[at:head]).decode("latin-1").split("\r\n")
        found = re.fullmatch(r"HTTP/1\.[01] (\d{3})( .*)?", lines[0])
        if not found:
            raise Wrong(f"not an HTTP answer: {lines[0][:80]!r}")
        status = int(found[1])
        at = head + 4
        if status < 200:
            if status == 101:
                return count + 1
            continue
        count += 1
        if count > most:
            raise Wrong(f"{count} answers to {most} requests: {lines[0]}")
        fields = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
        if "transfer-encoding" in fields:
            raise Wrong("an answer in chunks")
        size = int(fields.get("content-length", 0))
        # A HEAD is answered without what its length announces: then the next answer, or the end, follows at once.
        if said[at : at + 7] == b"HTTP/1." or at == len(said):
            continue
        body = bytes(said[at : at + size])
        at += size
        if len(body) == size and fields.get("content-type", "").startswith("application/json") and body:
            json.loads(body.decode("utf-8"))
    return count


def scenario(dice, world):
    admin = dice.random() < 0.15
    port = world.admin_port(dice) if admin else world.port(dice)
    who = world.guest(dice)
    wire = Wire(port, little=4096 if dice.random() < 0.1 else 0)
    reads = dice.random() < 0.9
    sent = 0
    try:
        for _ in range(dice.choice([1, 1, 1, 2, 3, 8])):
            sent += 1
            for part in pieces(dice, request(dice, port, who)):
                if not wire.send(part, reads=reads):
                    break
            if dice.random() < 0.6:
                wire.wait(lambda: judge(wire.said, 10**6) >= sent, 0.3)
            if wire.ended:
                break
        # Bytes of a body that the server refused may be requests of their own only behind a close.
        judge(wire.said, 10**6)
    finally:
        end(dice, wire)


def smuggling(dice, world):
    """A request whose body looks like another request: whatever its framing says, there is one answer, or two when the
    second request really was one."""
    port = world.port(dice)
    inner = f"GET /version HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"
    lines = dice.choice([
        ["Transfer-Encoding: xchunked"], ["Transfer-Encoding: chunked, identity"], ["Transfer-Encoding: identity, chunked"],
        ["Transfer-Encoding: gzip"], ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], ["Transfer-Encoding: identity"],
        ["Transfer-Encoding: chunked", f"Content-Length: {len(inner)}"], [f"Content-Length: {len(inner)}", "Transfer-Encoding: chunked"],
        ["Content-Length: 5", "Content-Length: 6"], ["Content-Length: 2, 2"], ["Transfer-Encoding : chunked"], ["Transfer-Encoding: \x0bchunked"],
        ["Transfer-Encoding: chunked;x"], ["Transfer-Encoding: \"chunked\""], ["Transfer-Encoding: "],
    ])  # fmt: skip
    head = [f"POST /api/v1/session HTTP/1.{dice.choice([1, 1, 1, 0])}", f"Host: 127.0.0.1:{port}", "Content-Type: application/json", *lines]
    body = ("0\r\n\r\n" if dice.random() < 0.5 else "") + inner
    wire = Wire(port)
    try:
        for part in pieces(dice, ("\r\n".join(head) + "\r\n\r\n" + body).encode("latin-1")):
            wire.send(part)
        wire.half_close()
        wire.wait(lambda: wire.ended, 5)
        judge(wire.said, 1)
        if not re.match(rb"HTTP/1\.[01] (400|501) ", wire.said):
            raise Wrong(f"{lines} is answered {bytes(wire.said[:40])!r}")
    finally:
        end(dice, wire)
