"""Clients that write at a steady rate through every replica while machines die, and the books they keep."""
import asyncio
import gc
import time

import websockets
import websockets.exceptions

from chat import Client, Refused, ulid

ANSWER_LIMIT_S = 0.8  # an unanswered change is sent again elsewhere after this, with the same cid
GONE = (ConnectionError, OSError, asyncio.TimeoutError, websockets.exceptions.WebSocketException, Refused)


class Writer:
    """One user's connection that moves to the next replica at once when its own is gone (as the web client does)."""

    def __init__(self, urls, account, conv, first):
        self.urls, self.account, self.conv, self.at = urls, account, conv, first
        self.client = None
        self.acked = {}  # cid -> (body, answer d, pos, dup)
        self.ack_times = []
        self.lock = asyncio.Lock()
        self.stopping = False

    async def connected(self):
        async with self.lock:
            while self.client is None or self.client.reader.done():
                url = self.urls[self.at % len(self.urls)]
                try:
                    client = Client(url, self.account["token"])
                    await asyncio.wait_for(client.open(), 2)
                    self.client = client
                except GONE:
                    self.at += 1
                    await asyncio.sleep(0.01)
            return self.client

    async def send(self, body):
        """Until it is acknowledged: every try has the same cid."""
        cid = ulid()
        body = f"{body} {cid}"  # no two messages of any run have the same text
        while True:
            client = await self.connected()
            try:
                answer = await asyncio.wait_for(
                    client.change("msg.send", {"conv": self.conv, "body": body, "fmt": "plain"}, cid), ANSWER_LIMIT_S
                )
            except Refused as refused:
                if refused.err["retry"] != "same_cid":
                    raise
                await asyncio.sleep(refused.err.get("after_ms", 50) / 1000)
                continue
            except GONE:
                if self.client is client:
                    self.at += 1
                    await client.close()
                    self.client = None
                continue
            self.acked[cid] = (body, answer["d"], answer["pos"], answer.get("dup", False))
            self.ack_times.append(time.monotonic())
            return

    async def run(self, rate):
        """Open loop: one message each 1/rate seconds, whether or not the last one is answered."""
        pending, number, due = set(), 0, time.monotonic()
        while not self.stopping:
            number += 1
            task = asyncio.create_task(self.send(f"{self.account['name']} {number}"))
            pending.add(task)
            task.add_done_callback(pending.discard)
            due += 1 / rate
            await asyncio.sleep(max(0, due - time.monotonic()))
        await asyncio.wait_for(asyncio.gather(*pending), 60)

    async def close(self):
        if self.client:
            await self.client.close()


class Load:
    """`rate` messages a second over `len(accounts)` writers, writer i starting at replica i."""

    def __init__(self, chain, accounts, conv, rate):
        urls = list(chain.urls.values())
        self.rate = rate / len(accounts)
        self.writers = [Writer(urls, a, conv, i) for i, a in enumerate(accounts)]

    async def __aenter__(self):
        gc.disable()  # with the books of a minute each collection stops all writers for 0.3 s: no fault of the chain's
        self.tasks = [asyncio.create_task(w.run(self.rate)) for w in self.writers]
        await self.acked_more(20)
        return self

    async def __aexit__(self, kind, *_):
        for writer in self.writers:
            writer.stopping = True
        await asyncio.gather(*self.tasks, return_exceptions=kind is not None)
        for writer in self.writers:
            await writer.close()
        gc.enable()

    def count(self):
        return sum(len(w.acked) for w in self.writers)

    async def acked_more(self, number, limit_s=60):
        """Until so many further messages are acknowledged."""
        goal, limit = self.count() + number, time.monotonic() + limit_s
        while self.count() < goal:
            for task in self.tasks:
                if task.done():
                    await task
            if time.monotonic() > limit:
                raise AssertionError(f"{goal - self.count()} of {number} messages still unacknowledged after {limit_s} s")
            await asyncio.sleep(0.01)

    def gap_ms(self, since):
        """The longest time between two acknowledgements of one writer, from just before `since` on."""
        longest = 0.0
        for writer in self.writers:
            times = [t for t in writer.ack_times if t >= since - 0.1]
            longest = max([longest, *(b - a for a, b in zip(times, times[1:]))])
        return longest * 1000

    def acked(self):
        out = {}
        for writer in self.writers:
            out.update(writer.acked)
        return out


async def check_books(chain, names, account, conv, acked):
    """0 lost, 0 twice, dense seq, on each of the named replicas; returns the number of messages there."""
    seen = None
    for name in names:
        async with Client(chain.urls[name], account["token"]) as client:
            messages = await client.whole_history(conv)
        assert [m["seq"] for m in messages] == list(range(1, len(messages) + 1)), f"{name}: seq is not dense"
        mids = [int(m["mid"][2:]) for m in messages]
        assert mids == sorted(set(mids)), f"{name}: message ids do not rise"
        bodies = [m["body"] for m in messages]
        assert len(bodies) == len(set(bodies)), f"{name}: {len(bodies) - len(set(bodies))} messages stand twice"
        by_mid = {m["mid"]: m for m in messages}
        lost = [a for a in acked.values() if by_mid.get(a[1]["mid"], {}).get("body") != a[0]]
        assert not lost, f"{name}: {len(lost)} of {len(acked)} acknowledged messages are missing, first {lost[0]}"
        history = [(m["mid"], m["seq"], m["body"]) for m in messages]
        assert seen is None or seen == history, f"{name}: its history differs from another replica's"
        seen = history
    return len(seen)
