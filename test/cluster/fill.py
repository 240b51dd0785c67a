"""Many messages quickly: how a test gets a database of some size."""
import asyncio
import itertools
import json
import time

from chat import Client, Refused, register, ulid
from load import GONE

IN_FLIGHT = 32  # requests of one connection that may wait
ACK_EVERY = 100
FIRST_ID = 10  # of a request with a message; the client's own come before
MOVES_MAX = 50


class Room:
    """What one filler wrote: a room of its own with so many messages."""

    def __init__(self, account, conv, count):
        self.account, self.conv, self.count = account, conv, count


def body_of(number):
    return f"message {number} of many, about as long as what people write to each other on a quiet afternoon {number % 7919}"


class Filler:
    """One user with requests always on the way. Its own room: nobody else is pushed what it writes. When its replica is
    taken out, all that was not answered goes to the next one, in the same order and with the same cids."""

    def __init__(self, urls, number, count):
        self.urls, self.at = urls, number
        self.account = register(self.url(), f"filler{number}")
        self.room, self.conv = {"kind": "room", "name": f"fill{number}", "priv": False}, None
        self.room_cid, self.count = ulid(), count
        self.unanswered = {i: ulid() for i in range(count)}

    def url(self):
        return self.urls[self.at % len(self.urls)]

    async def run(self):
        moves = 0
        while self.conv is None or self.unanswered:
            try:
                async with Client(self.url(), self.account["token"], ack=False) as client:
                    if self.conv is None:
                        self.conv = (await client.change("conv.create", self.room, self.room_cid))["d"]["conv"]
                    await self.pump(client)
            except GONE as gone:
                moves += 1
                if moves > MOVES_MAX or (isinstance(gone, Refused) and gone.err["retry"] != "same_cid"):
                    raise
                print(f"  {self.account['name']} leaves {self.url()}: {gone!r}", flush=True)
                self.at += 1
                await asyncio.sleep(0.2)  # the chain is about to change
        return Room(self.account, self.conv, self.count)

    async def pump(self, client):
        await asyncio.wait_for(client.live.wait(), 15)
        # The client's own reader is too slow for this.
        client.reader.cancel()
        await asyncio.gather(client.reader, return_exceptions=True)
        todo, on_the_way, unconfirmed = iter(list(self.unanswered.items())), 0, 0
        while self.unanswered:
            for number, cid in itertools.islice(todo, IN_FLIGHT - on_the_way):
                d = {"conv": self.conv, "body": body_of(number), "fmt": "plain"}
                on_the_way += 1
                await client.socket.send(json.dumps({"id": number + FIRST_ID, "op": "msg.send", "cid": cid, "d": d}))
            frame = json.loads(await asyncio.wait_for(client.socket.recv(), 60))
            if "re" in frame:
                if not frame["ok"]:
                    raise Refused(frame["err"])
                del self.unanswered[frame["re"] - FIRST_ID]
                on_the_way -= 1
                continue
            durable = [e["pos"] for e in frame.get("evs", [frame]) if "prev" in e]
            unconfirmed += len(durable)
            if unconfirmed >= ACK_EVERY:
                unconfirmed = 0
                await client.socket.send(json.dumps({"op": "ack", "d": {"pos": durable[-1]}}))


async def fill(chain, count, connections=6):
    """`count` messages through all replicas; returns the rooms."""
    urls = list(chain.urls.values())
    started = time.monotonic()
    shares = [count * (i + 1) // connections - count * i // connections for i in range(connections)]
    rooms = await asyncio.gather(*(Filler(urls, i, share).run() for i, share in enumerate(shares)))
    took = time.monotonic() - started
    print(f"  filled with {count} messages in {took:.1f} s, {count / took:.0f} a second", flush=True)
    return rooms


async def check_rooms(url, rooms, pages=3):
    """The rooms are complete at that replica: the newest number is the count, and sampled pages say what was written."""
    for room in rooms:
        async with Client(url, room.account["token"]) as client:
            newest = await client.ask("history", {"conv": room.conv, "limit": 1})
            assert newest["msgs"][-1]["seq"] == room.count, f"{room.conv}: {newest['msgs'][-1]['seq']} of {room.count} messages"
            for page in range(pages):
                after = room.count * page // pages
                got = (await client.ask("history", {"conv": room.conv, "after": after, "limit": 100}))["msgs"]
                expected = [(seq, body_of(seq - 1)) for seq in range(after + 1, min(after + 100, room.count) + 1)]
                bodies = [(m["seq"], m["body"]) for m in got]
                assert bodies and bodies == expected[: len(bodies)], f"{room.conv} after {after}: {bodies[:2]}"
