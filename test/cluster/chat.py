"""A chat.v1 client, written against docs/client_api.md alone: an independent second reading of the contract."""
import asyncio
import json
import os
import time
import urllib.error
import urllib.request

import websockets
import websockets.exceptions

# All is on loopback: a proxy that the environment names is for other places.
urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({})))

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def ulid():
    number = (int(time.time() * 1000) << 80) | int.from_bytes(os.urandom(10), "big")
    return "".join(ALPHABET[(number >> (5 * i)) & 31] for i in reversed(range(26)))


def post(url, path, body, headers=None, method="POST"):
    """(status, parsed body) of an HTTP request with a JSON body."""
    data = json.dumps(body).encode() if body is not None else None
    question = urllib.request.Request(
        url + path, data=data, method=method, headers={"Content-Type": "application/json", **(headers or {})}
    )
    try:
        with urllib.request.urlopen(question, timeout=10) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read() or b"null")


def register(url, name, password="correct horse battery"):
    """The account, made with retries under one key, as a client would while the chain reconfigures."""
    key = ulid()
    for _ in range(50):
        status, body = post(url, "/api/v1/accounts", {"name": name, "password": password}, {"Idempotency-Key": key})
        if status in (200, 201):
            return body
        if status not in (503, 504):
            raise AssertionError(f"register {name}: {status} {body}")
    raise AssertionError(f"register {name}: never answered")


class Refused(Exception):
    def __init__(self, err):
        super().__init__(json.dumps(err))
        self.err = err


class Client:
    """One connection. Checks the event stream's continuity on every durable event."""

    def __init__(self, url, token, resume=None, ack=True):
        self.url = url.replace("http", "ws", 1) + "/ws"
        self.token, self.resume_from, self.auto_ack = token, resume, ack
        self.next_id, self.waiting = 0, {}
        self.events = []  # durable ones, in order
        self.other = []  # ephemeral ones
        self.pos = None  # of the last durable event
        self.lineage = None
        self.hello = None
        self.live = asyncio.Event()
        self.changed = asyncio.Condition()
        self.broken = None  # what was wrong with the stream

    async def __aenter__(self):
        await self.open()
        return self

    async def __aexit__(self, failure, *_):
        await self.close()
        assert failure is not None or self.broken is None, self.broken

    async def open(self):
        self.socket = await websockets.connect(self.url, subprotocols=["chat.v1"], max_size=None, open_timeout=5, compression=None)
        self.reader = asyncio.create_task(self.read())
        d = {"proto": [1], "token": self.token, "client": {"name": "test", "ver": "1"}, "device": "d_test", "caps": ["batch"]}
        if self.resume_from:
            d["resume"] = self.resume_from
            self.pos = self.resume_from["pos"]
        answer = await self.raw({"op": "hello", "d": d})
        self.hello = answer["d"]
        self.lineage = self.hello["lineage"]

    async def close(self):
        self.reader.cancel()
        try:
            await asyncio.wait_for(self.socket.close(), 2)
        except (asyncio.TimeoutError, OSError, websockets.exceptions.WebSocketException):
            pass

    async def read(self):
        try:
            async for text in self.socket:
                await self.take(json.loads(text))
        except (OSError, websockets.exceptions.WebSocketException):
            pass
        finally:
            for future in self.waiting.values():
                if not future.done():
                    future.set_exception(ConnectionError("the connection ended"))
                    future.exception()  # whoever asked may have stopped waiting
            self.waiting.clear()
            async with self.changed:
                self.changed.notify_all()

    async def take(self, frame):
        if "re" in frame:
            # Where events go on from here is in the answer to hello, and the first of them may come right behind it.
            if frame["ok"] and frame.get("d", {}).get("resume", "ok") != "ok":
                self.pos = frame["pos"]
            future = self.waiting.pop(frame["re"], None)
            if future and not future.done():
                future.set_result(frame)
            return
        for event in frame.get("evs", [frame]):
            if "pos" in event and "prev" in event:
                if self.pos is not None and event["prev"] != self.pos:
                    self.broken = f"prev {event['prev']} after {self.pos}: {event}"
                self.pos = event["pos"]
                self.events.append(event)
            else:
                self.other.append(event)
                if event["ev"] == "live":
                    self.live.set()
        if self.auto_ack and self.pos is not None and ("evs" in frame or "prev" in frame):
            try:
                await self.socket.send(json.dumps({"op": "ack", "d": {"pos": self.pos}}))
            except (OSError, websockets.exceptions.WebSocketException):
                pass  # what the server said before it closed is still to be read
        async with self.changed:
            self.changed.notify_all()

    async def raw(self, frame):
        """Sends a request and returns the whole answer frame; raises Refused or ConnectionError."""
        self.next_id += 1
        number = self.next_id
        future = asyncio.get_running_loop().create_future()
        self.waiting[number] = future
        try:
            await self.socket.send(json.dumps({"id": number, **frame}))
        except (OSError, websockets.exceptions.WebSocketException) as error:
            self.waiting.pop(number, None)
            raise ConnectionError(str(error)) from error
        answer = await future
        if not answer["ok"]:
            raise Refused(answer["err"])
        return answer

    async def ask(self, op, d, **extra):
        return (await self.raw({"op": op, "d": d, **extra}))["d"]

    async def change(self, op, d, cid=None):
        """The whole answer frame (pos and dup matter) of a request that changes state."""
        return await self.raw({"op": op, "cid": cid or ulid(), "d": d})

    async def until(self, condition, what, limit_s=15):
        async with self.changed:
            try:
                await asyncio.wait_for(self.changed.wait_for(condition), limit_s)
            except asyncio.TimeoutError:
                raise AssertionError(f"waited {limit_s} s for {what}") from None

    def closed_with(self):
        return self.socket.close_code

    async def whole_history(self, conv):
        """Every message of a conversation, oldest first, by paging backwards."""
        out, before = [], None
        while True:
            d = {"conv": conv, "limit": 200}
            if before is not None:
                d["before"] = before
            page = await self.ask("history", d)
            out = page["msgs"] + out
            if not page["more"] or not page["msgs"]:
                return out
            before = page["msgs"][0]["seq"]
