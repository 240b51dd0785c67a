"""Who types is seen at every machine, through kills and returns, and stands in no log."""
import json

from chain import running
from chat import Client, register
from test_kills import in_thread


async def say(client, conv, on):
    await client.socket.send(json.dumps({"op": "typing", "d": {"conv": conv, "on": on}}))


def heard(client, conv, uid, on, since=0):
    notes = [e for e in client.other[since:] if e["ev"] == "typing" and e["conv"] == conv]
    return any(e["d"]["uid"] == uid and e["d"]["on"] is on for e in notes)


async def seen(client, conv, uid, on, since):
    await client.until(lambda: heard(client, conv, uid, on, since), f"the news that {uid} types: {on}", 5)


async def test_typing_is_seen_at_every_machine(volume):
    with running() as chain:
        urls = list(chain.urls.values())
        people = [await in_thread(register, url, f"p{i}") for i, url in enumerate(urls)]
        clients = [Client(url, who["token"]) for url, who in zip(urls, people)]
        for client in clients:
            await client.open()
        conv = (await clients[0].change("conv.create", {"kind": "room", "name": "desk", "priv": False}))["d"]["conv"]
        for client in clients[1:]:
            joined = await client.change("conv.join", {"conv": conv})
        for client in clients:
            await client.until(lambda c=client: c.pos >= joined["pos"], "the newcomers")
        before = await in_thread(chain.ctl_status)
        for writer, who in zip(clients, people):
            for on in (True, False):
                since = [len(client.other) for client in clients]
                await say(writer, conv, on)
                for other, at in zip(clients, since):
                    if other is not writer:
                        await seen(other, conv, who["uid"], on, at)
        # What was heard at once is not there for who comes later, nor for the one who wrote.
        assert not [e for e in clients[0].other if e["ev"] == "typing" and e["d"]["uid"] == people[0]["uid"]]
        after = await in_thread(chain.ctl_status)
        marks = after["committed"] - before["committed"]
        assert marks < 6, f"{marks} entries for 6 notes"
        # The middle one dies and comes back: it hears again.
        victim = (await in_thread(chain.roles))[1]
        await in_thread(chain.kill, victim)
        await in_thread(chain.start, victim)
        await in_thread(chain.wait_length, 3)
        at = list(chain.urls).index(victim)
        back = Client(chain.urls[victim], people[at]["token"])
        await back.open()
        writer = (at + 1) % 3
        for client in clients:
            await client.close()
        async with Client(urls[writer], people[writer]["token"]) as again:
            # Who types says so again and again; a link that is being dialled carries none of it.
            for _ in range(10):
                await say(again, conv, True)
                try:
                    await back.until(lambda: heard(back, conv, people[writer]["uid"], True), "it", 0.6)
                    break
                except AssertionError:
                    continue
            assert heard(back, conv, people[writer]["uid"], True), back.other
        await back.close()
