"""docs/testing.md, "Abuse and bad input", from outside: each gets its documented refusal, the processes live, nothing has
changed."""
import asyncio
import json
import resource
import socket
import struct
import subprocess
import tempfile
from pathlib import Path

import websockets
import websockets.exceptions
from chain import BIN, running, wait_for
from chat import Client, Refused, post, register, ulid
from raw_socket import WebSocket, connect, http, status_of


class Abused:
    """A chain with two users and a room; at the end: same pids, same memory within bounds, same state."""

    def __init__(self, chain):
        self.chain, self.url = chain, chain.urls["n1"]

    async def __aenter__(self):
        self.ana = register(self.url, "ana")
        self.eve = register(self.url, "eve")
        async with Client(self.url, self.ana["token"]) as ana:
            self.conv = (await ana.change("conv.create", {"kind": "room", "name": "private", "priv": True}))["d"]["conv"]
            self.mid = (await ana.change("msg.send", {"conv": self.conv, "body": "secret", "fmt": "plain"}))["d"]["mid"]
        self.pids, self.pos = self.chain.pids(), await self.position()
        return self

    async def position(self):
        async with Client(self.url, self.ana["token"]) as ana:
            return (await ana.raw({"op": "ping", "d": {}}))["pos"]

    async def __aexit__(self, kind, *_):
        if kind:
            return
        assert self.chain.pids() == self.pids, "a daemon died"
        async with Client(self.chain.urls["n3"], self.ana["token"]) as ana:
            history = await ana.whole_history(self.conv)
        assert [m["body"] for m in history] == ["secret"], history

    def rss(self):
        text = Path(f"/proc/{self.pids['n1']}/status").read_text()
        return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS"))


async def test_frames_that_break_rfc_6455_or_a_limit_close_with_its_code(volume):
    with running() as chain:
        async with Abused(chain) as a:
            before = a.rss()
            cases = [
                ("claims 2^63-1 bytes", lambda w: w.frame(b"x", length=(1 << 63) - 1), {1009}),
                ("over 64 KiB", lambda w: w.frame(b"x" * 70000), {1009}),
                ("invalid UTF-8", lambda w: w.frame(b"\xff\xfe{}"), {1007}),
                ("an unmasked frame", lambda w: w.frame(b"{}", mask=False), {1002}),
                ("an unknown opcode", lambda w: w.frame(b"{}", opcode=5), {1002}),
                ("a binary frame", lambda w: w.frame(b"{}", opcode=2), {1003}),
            ]
            for what, send, codes in cases:
                w = WebSocket(a.url)
                assert w.status == 101
                send(w)
                code = w.close_code()
                assert code in codes, f"{what}: closed with {code}"
                w.close()
            w = WebSocket(a.url)
            for _ in range(66000):  # a message of 1-byte fragments never gets larger than the limit
                try:
                    w.frame(b" ", opcode=1 if _ == 0 else 0, fin=False)
                except OSError:
                    break
            assert w.close_code() in (1009, 0, 4500)
            w.close()
            assert a.rss() - before < 20 * 1024, f"{a.rss() - before} KiB more memory"


BAD_FRAMES = [
    "not json", "[]", "42", '"x"', "null", "{", "{}", '{"id":1}', '{"id":1,"op":5,"d":{}}', '{"id":1,"op":"ping"}',
    '{"id":1,"op":"ping","d":[]}', '{"id":0,"op":"ping","d":{}}', '{"id":1e400,"op":"ping","d":{}}',
    '{"id":9007199254740993,"op":"ping","d":{}}', '{"id":NaN,"op":"ping","d":{}}', '{"id":1.5,"op":"ping","d":{}}',
    '{"id":"1","op":"ping","d":{}}', '{"id":-1,"op":"ping","d":{}}', '{"id":1,"op":"no.such","d":{}}',
    '{"id":1,"op":"msg.send","d":{"conv":"c_1","body":"x","fmt":"md"}}',
    '{"id":1,"op":"ping","d":{},"extra":1}', '{"id":1,"id":2,"op":"ping","d":{}}', "[" * 40000,
    '{"id":1,"op":"ping","d":' + '{"a":' * 100 + "1" + "}" * 101, '{"id":1,"op":"\\ud800","d":{}}',
]  # fmt: skip


async def test_json_that_is_no_request_is_answered_and_the_connection_stays(volume):
    with running() as chain:
        async with Abused(chain) as a:
            unparseable = {"not json", "{", "[" * 40000}
            for text in BAD_FRAMES:
                async with Client(a.url, a.ana["token"]) as client:
                    client.waiting[0] = answered = asyncio.get_running_loop().create_future()
                    client.waiting[1] = readable = asyncio.get_running_loop().create_future()
                    client.waiting[2] = duplicate = asyncio.get_running_loop().create_future()
                    client.next_id = 10
                    await client.socket.send(text)
                    done, _ = await asyncio.wait([answered, readable, duplicate], timeout=10, return_when=asyncio.FIRST_COMPLETED)
                    assert done, f"no answer to {text[:60]}"
                    frame = done.pop().result()
                    assert frame["ok"] is False and frame["err"]["code"] == "bad_request", (text[:60], frame)
                    assert frame["err"]["msg"] and frame["err"]["outcome"] == "none"
                    assert "pos" in await client.raw({"op": "ping", "d": {}}), text[:60]
            async with Client(a.url, a.ana["token"]) as client:
                for text in unparseable:
                    await client.socket.send(text)
                await client.until(lambda: client.reader.done(), "the close after three unparseable frames")
                assert client.closed_with() == 4504, client.closed_with()


async def test_rights_come_from_the_session_only(volume):
    with running() as chain:
        async with Abused(chain) as a:
            async with Client(a.url, None) as nobody:
                assert nobody.hello["me"] is None
                assert "pos" in await nobody.raw({"op": "ping", "d": {}})
                for op, d in (("sync", {"since": 0, "convs": True, "users": True}), ("history", {"conv": a.conv})):
                    await refused(nobody.ask(op, d), "unauthenticated")
                await refused(nobody.change("msg.send", {"conv": a.conv, "body": "x", "fmt": "plain"}), "unauthenticated")
            async with Client(a.url, a.eve["token"]) as eve:
                hidden = [
                    eve.ask("history", {"conv": a.conv}),
                    eve.ask("members", {"conv": a.conv}),
                    eve.change("msg.send", {"conv": a.conv, "body": "x", "fmt": "plain"}),
                    eve.change("msg.edit", {"mid": a.mid, "body": "x"}),
                    eve.change("msg.delete", {"mid": a.mid}),
                    eve.change("read", {"conv": a.conv, "seq": 1}),
                    eve.change("conv.join", {"conv": a.conv}),
                    eve.ask("history", {"conv": "c_999999"}),
                    eve.change("msg.delete", {"mid": "m_999999"}),
                ]
                for request in hidden:
                    await refused(request, "not_found")
                await refused(eve.raw({"op": "hello", "d": {"proto": [1], "token": a.ana["token"]}}), "bad_request")
                forged = {"conv": a.conv, "body": "x", "fmt": "plain", "uid": a.ana["uid"], "sender": a.ana["uid"]}
                await refused(eve.change("msg.send", forged), "not_found")
            client = Client(a.url, "not-a-token")
            try:
                await client.open()
                raise AssertionError("a bad token was taken")
            except Refused as error:
                assert error.err["code"] == "unauthenticated" and error.err["retry"] == "reauth", error
            await client.until(lambda: client.reader.done(), "the close after a bad token")
            assert client.closed_with() == 4501


async def refused(request, code, field=None):
    try:
        answer = await request
    except Refused as error:
        assert error.err["code"] == code, (code, error.err)
        assert field is None or error.err.get("field") == field, error.err
        return error.err
    raise AssertionError(f"taken, not refused with {code}: {answer}")


async def test_a_session_must_greet_in_time_and_ends_on_every_replica_when_it_is_revoked(volume):
    with running() as chain:
        async with Abused(chain) as a:
            w = WebSocket(a.url)
            assert w.close_code() == 4500
            _, session = post(a.url, "/api/v1/session", {"name": "eve", "password": "correct horse battery"})
            async with Client(chain.urls["n1"], session["token"]) as one, Client(chain.urls["n3"], session["token"]) as three:
                status, _ = post(chain.urls["n2"], "/api/v1/session", None, {"Authorization": f"Bearer {session['token']}"}, "DELETE")
                assert status == 200, status
                for client in (one, three):
                    await client.until(lambda: client.reader.done(), "the end of a revoked session", 2)
                    assert client.closed_with() == 4502, client.closed_with()


async def test_texts_are_kept_byte_for_byte_and_limits_are_exact(volume):
    with running() as chain:
        url = chain.urls["n1"]
        ana = register(url, "ana")
        async with Client(url, ana["token"]) as client:
            conv = (await client.change("conv.create", {"kind": "room", "name": "general", "priv": False}))["d"]["conv"]
            texts = ["\u202eevil", "zero\u200bwidth", "\U0001f600", "<script>alert(1)</script>", "[x](javascript:alert(1))",
                     "'; DROP TABLE messages; --", "line\n2026 ERROR forged\r\n", "\u0000nul", "x" * 16384, "\U0001f600" * 4096]  # fmt: skip
            for text in texts:
                await client.change("msg.send", {"conv": conv, "body": text, "fmt": "md"})
            await refused(client.change("msg.send", {"conv": conv, "body": "x" * 16385, "fmt": "md"}), "too_large", "body")
            await refused(client.change("msg.send", {"conv": conv, "body": "", "fmt": "md"}), "bad_request", "body")
            await refused(client.change("msg.send", {"conv": conv, "body": "x", "fmt": "html"}), "bad_request", "fmt")
            await refused(client.change("msg.send", {"conv": conv, "body": 5, "fmt": "md"}), "bad_request", "body")
            await refused(client.ask("history", {"conv": conv, "limit": 201}), "bad_request", "limit")
            old = "00000000000000000000000000"
            await refused(client.change("msg.send", {"conv": conv, "body": "x", "fmt": "md"}, old), "bad_request", "cid")
            await refused(client.change("msg.send", {"conv": conv, "body": "x", "fmt": "md"}, "lower0case"), "bad_request", "cid")
            cid = ulid()
            first = await client.change("msg.send", {"conv": conv, "body": "once", "fmt": "md"}, cid)
            again = await client.change("msg.send", {"conv": conv, "body": "once", "fmt": "md"}, cid)
            assert again["dup"] is True and again["d"]["mid"] == first["d"]["mid"] and again["pos"] == first["pos"]
            await refused(client.change("msg.send", {"conv": conv, "body": "other", "fmt": "md"}, cid), "cid_mismatch")
        async with Client(chain.urls["n3"], ana["token"]) as client:
            bodies = [m["body"] for m in await client.whole_history(conv)]
            assert bodies == [*texts, "once"]
            again = await client.change("msg.send", {"conv": conv, "body": "once", "fmt": "md"}, cid)
            assert again["dup"] is True and again["d"]["mid"] == first["d"]["mid"]
        logs = chain.logs(100000)
        assert "forged" not in logs and "correct horse" not in logs and ana["token"] not in logs


async def test_the_page_of_a_machine_that_is_away_may_use_those_that_were_restarted_since(volume):
    with running() as chain:
        page = chain.urls["n2"]
        chain.kill("n2")
        chain.wait_length(2)
        for name in ("configd", "n1", "n3"):
            chain.kill(name)
            chain.start(name)
            chain.wait_length(2)
        url = {row["name"]: row["client_url"] for row in json.loads(chain.ctl("nodes", "-o", "json")[1])["nodes"]}
        assert url["n2"] == page, url

        def status(name):
            w = WebSocket(chain.urls[name], [f"Origin: {page}"])
            w.close()
            return w.status

        for name in ("n1", "n3"):
            wait_for(lambda: status(name) == 101, f"{name} to take the page of n2")
        # Nor is it to wait for the config service.
        for name in ("configd", "n1"):
            chain.kill(name)
        chain.start("n1")
        assert status("n1") == 101, "n1, which was restarted while configd was away, refuses the page of n2"


async def test_origins_and_subprotocols(volume):
    with running() as chain:
        url = chain.urls["n1"]
        good = [url, chain.urls["n2"]]
        bad = ["null", "https://evil.example", url + ".evil.example", "http://127.0.0.1:1", "https://good.evil"]
        for origin in good:
            w = WebSocket(url, [f"Origin: {origin}"])
            assert w.status == 101, origin
            w.close()
        for origin in bad:
            w = WebSocket(url, [f"Origin: {origin}"])
            assert w.status == 403, (origin, w.status)
            w.close()
        for protocol in ([], ["nonsense"]):
            try:
                await websockets.connect(url.replace("http", "ws") + "/ws", subprotocols=protocol or None)
                raise AssertionError("an unknown subprotocol was taken")
            except websockets.exceptions.InvalidStatusCode as refusal:
                assert refusal.status_code == 400


def test_http_that_is_wrong_is_refused_and_says_how(volume):
    with running(rate_limit="off") as chain:
        url = chain.urls["n1"]
        host = url.split("//")[1]

        def get(target, *headers, method="GET", body=b""):
            lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *headers]
            return http(url, "\r\n".join(lines).encode() + b"\r\n\r\n" + body)

        assert status_of(get("/livez")) == 200
        for target in ("/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/index.html%00.js", "/no-such"):
            assert status_of(get(target)) in (400, 404), target
        assert status_of(get("/metrics")) == 404
        assert status_of(get("/", method="TRACE")) == 405
        assert status_of(get("/livez", method="BREW")) in (400, 405)
        assert status_of(get("/api/v1/session", method="GET")) == 405
        assert status_of(get("/", "X-Large: " + "x" * 100000)) in (400, 431)
        assert status_of(get("/api/v1/session", "Content-Length: 5", "Transfer-Encoding: chunked", method="POST", body=b"0\r\n\r\n")) == 400
        assert status_of(get("/api/v1/session", "Content-Length: 1000000000", method="POST", body=b"x")) == 413
        assert status_of(http(url, b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03 not http\r\n\r\n")) in (0, 400)
        page = get("/")
        for header in (b"Content-Security-Policy", b"X-Content-Type-Options: nosniff", b"Referrer-Policy"):
            assert header.lower() in page.lower(), header

        register(url, "ana")
        cases = [
            ({"name": "ana", "password": "correct horse battery"}, 409, "conflict"),
            ({"name": "ANA", "password": "correct horse battery"}, 409, "conflict"),
            ({"name": "", "password": "correct horse battery"}, 400, "bad_request"),
            ({"name": "x" * 10240, "password": "correct horse battery"}, 400, "bad_request"),
            ({"name": "../etc", "password": "correct horse battery"}, 400, "bad_request"),
            ({"name": "n\u0430ive", "password": "correct horse battery"}, 400, "bad_request"),
            ({"name": "admin", "password": "correct horse battery"}, 400, "bad_request"),
            ({"name": "bob", "password": "short"}, 400, "bad_request"),
            ({"name": "bob"}, 400, "bad_request"),
            ({"name": 5, "password": "correct horse battery"}, 400, "bad_request"),
            ([], 400, "bad_request"),
        ]
        for body, status, code in cases:
            got = post(url, "/api/v1/accounts", body, {"Idempotency-Key": ulid()})
            assert got[0] == status and got[1]["err"]["code"] == code, (str(body)[:80], got)
        unknown = post(url, "/api/v1/session", {"name": "nobody", "password": "correct horse battery"})
        wrong = post(url, "/api/v1/session", {"name": "ana", "password": "wrong horse battery"})
        assert unknown == wrong and unknown[0] == 401, (unknown, wrong)
        key = {"Idempotency-Key": ulid()}
        one = post(url, "/api/v1/accounts", {"name": "carl", "password": "correct horse battery"}, key)
        two = post(chain.urls["n2"], "/api/v1/accounts", {"name": "carl", "password": "correct horse battery"}, key)
        assert one[0] == 201 and two[0] in (200, 201) and one[1]["uid"] == two[1]["uid"] and one[1]["token"] != two[1]["token"]


def test_rate_limits_name_the_time_to_wait(volume):
    with running(rate_limit="on", replicas=1) as chain:
        ana = register(chain.urls["n1"], "ana")

        async def flood():
            async with Client(chain.urls["n1"], ana["token"]) as client:
                conv = (await client.change("conv.create", {"kind": "room", "name": "general", "priv": False}))["d"]["conv"]
                sends = [client.change("msg.send", {"conv": conv, "body": f"{i}", "fmt": "plain"}) for i in range(30)]
                answers = await asyncio.gather(*sends, return_exceptions=True)
                limited = [e.err for e in answers if isinstance(e, Refused)]
                assert limited and all(e["code"] == "rate_limited" and e["after_ms"] > 0 and e["outcome"] == "none" for e in limited)
                assert len(await client.whole_history(conv)) == 30 - len(limited)

        asyncio.run(flood())
        codes = [post(chain.urls["n1"], "/api/v1/session", {"name": "ana", "password": "wrong horse battery"})[0] for _ in range(8)]
        assert 429 in codes and codes[0] == 401, codes


def replica_port(chain, name):
    return json.loads((chain.dir / "chain.json").read_text())["replicas"][name]["replica"]


def test_garbage_on_the_replica_and_config_ports_is_dropped(volume):
    with running() as chain:
        pids, configd = chain.pids(), chain.pid("configd")
        before = chain.ctl_status()
        ports = [replica_port(chain, "n1"), int(chain.summary["configd"].split(":")[1])]
        junk = [b"GET / HTTP/1.1\r\n\r\n", struct.pack("<II", 0xFFFFFFFF, 0) + b"x", struct.pack("<II", 5, 0) + b"hello",
                struct.pack(">II", 0x7FFFFFFF, 1), b"\x00" * 64, volume.dice.randbytes(4096)]  # fmt: skip
        for port in ports:
            for data in junk:
                with socket.create_connection(("127.0.0.1", port), timeout=15) as s:
                    s.sendall(data)
                    s.shutdown(socket.SHUT_WR)
                    try:
                        while s.recv(4096):
                            pass
                    except ConnectionResetError:
                        pass
        assert chain.pids() == pids and chain.pid("configd") == configd
        after = chain.ctl_status()
        assert after["epoch"] == before["epoch"] and after["state"] == "healthy"


def test_a_slow_and_an_idle_client_do_not_hold_up_others(volume):
    with running() as chain:
        url = chain.urls["n1"]
        idle = [connect(url) for _ in range(volume.pick(100, 1000))]
        slow = connect(url)
        slow.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        ana = register(url, "ana")
        assert ana["uid"]
        wait_for(lambda: is_closed(slow), "the end of a request that never comes whole", 20)
        for s in idle:
            s.close()
        assert all(chain.pids().values())


def is_closed(s):
    s.settimeout(0.2)
    try:
        return s.recv(4096) == b"" or True
    except socket.timeout:
        return False
    except OSError:
        return True


def test_settings_that_are_wrong_are_refused_by_name(volume):
    binaries = BIN
    cases = [
        (["chaind", "--frobnicate"], "frobnicate"),
        (["chaind", "--client-listen", "127.0.0.1:70000"], "client-listen"),
        (["chaind", "--replica-listen", "0.0.0.0:9000"], "replica-listen"),
        (["configd", "--listen", "0.0.0.0:9000"], "listen"),
        (["configd", "--silence", "soon"], "silence"),
        (["configd", "--silence", "2s"], "silence-max: must not be shorter than silence"),
        (["chaind", "--heartbeat", "1s"], "heartbeat"),
        (["chaind", "--client-listen", "0.0.0.0:8080", "--client-plain", "on"], "client-url: must be given"),
        (["chaind", "--config", "/no/such/file"], "/no/such/file"),
        (["chaind", "--name", "../x"], "name"),
    ]
    for (program, *words), named in cases:
        done = subprocess.run([str(binaries / program), *words, "--check-config"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
        assert done.returncode == 78 and named in done.stderr, (words, done.returncode, done.stderr)


def test_more_connections_than_open_files_are_named_and_not_taken(volume):
    with tempfile.TemporaryDirectory(prefix="few-") as folder:
        binary = BIN / "chaind"
        few = subprocess.Popen(
            [str(binary), "--name", "n1", "--data-dir", folder, "--configd", "127.0.0.1:1", *(f"--{which}-listen=127.0.0.1:0" for which in ("client", "replica", "admin"))],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (2048, 2048)),
        )  # fmt: skip
        try:
            line = next(line for line in few.stdout if "connections-max" in line)
            assert "ConnectionsMax=10000 Taken=1536 OpenFiles=2048" in line, line
        finally:
            few.kill()
            few.communicate()


def test_a_port_in_use_ends_the_start_with_its_name(volume):
    with running(replicas=1) as chain:
        chain.kill("n1")
        plan = json.loads((chain.dir / "chain.json").read_text())
        for which in ("client", "replica", "admin"):
            with socket.socket() as taken:
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                taken.bind(("127.0.0.1", plan["replicas"]["n1"][which]))
                taken.listen()
                command = [str(BIN / "chaind"), "--name", "n1", "--data-dir", str(chain.dir / "n1"),
                           "--configd", chain.summary["configd"]]  # fmt: skip
                for each in ("client", "replica", "admin"):
                    command += [f"--{each}-listen", f"127.0.0.1:{plan['replicas']['n1'][each]}"]
                done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
                assert done.returncode == 78 and "start" in done.stderr, (which, done.returncode, done.stderr)
