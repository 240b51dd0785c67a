"""Many messages quickly: how a test gets a database of some size."""
import asyncio
import json
import time

from chat import Client, register, ulid

IN_FLIGHT = 32  # requests of one connection that may wait
ACK_EVERY = 100


class Room:
    """What one filler wrote: a room of its own with so many messages."""

    def __init__(self, account, conv, count):
        self.account, self.conv, self.count = account, conv, count


def body_of(number):
    return f"message {number} of many, about as long as what people write to each other on a quiet afternoon {number % 7919}"


async def pump(url, account, name, count):
    """One connection with requests always on the way. Its own room: nobody else is pushed what it writes."""
    async with Client(url, account["token"]) as client:
        conv = (await client.change("conv.create", {"kind": "room", "name": name, "priv": False}))["d"]["conv"]
    client = Client(url, account["token"], ack=False)
    socket = await opened(client)
    sent = acked = unconfirmed = 0
    try:
        while acked < count:
            while sent < count and sent - acked < IN_FLIGHT:
                d = {"conv": conv, "body": body_of(sent), "fmt": "plain"}
                sent += 1
                await socket.send(json.dumps({"id": sent + 10, "op": "msg.send", "cid": ulid(), "d": d}))
            frame = json.loads(await asyncio.wait_for(socket.recv(), 60))
            if "re" in frame:
                assert frame["ok"], frame
                acked += 1
                continue
            durable = [e["pos"] for e in frame.get("evs", [frame]) if "prev" in e]
            unconfirmed += len(durable)
            if unconfirmed >= ACK_EVERY:
                unconfirmed = 0
                await socket.send(json.dumps({"op": "ack", "d": {"pos": durable[-1]}}))
    finally:
        await client.close()
    return Room(account, conv, count)


async def opened(client):
    """The bare socket after hello: the client's own reader is too slow for this."""
    await client.open()
    await client.until(client.live.is_set, "live")
    client.reader.cancel()
    await asyncio.gather(client.reader, return_exceptions=True)
    return client.socket


async def fill(chain, count, connections=6):
    """`count` messages through all replicas; returns the rooms."""
    urls = list(chain.urls.values())
    started = time.monotonic()
    jobs = []
    for i in range(connections):
        share = count * (i + 1) // connections - count * i // connections
        account = register(urls[i % len(urls)], f"filler{i}")
        jobs.append(pump(urls[i % len(urls)], account, f"fill{i}", share))
    rooms = await asyncio.gather(*jobs)
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
