"""Wall clocks that are wrong: of the head, of a follower, of the config service, of all machines, of a device."""
import asyncio
import time

from chain import running, wait_for
from chat import ALPHABET, Client, Refused, register, ulid
from clocks import DAY, clocks
from test_kills import equal_hashes, in_thread


def key(ahead=0.0):
    """A new cid of a device whose clock is ahead by so many seconds."""
    ms, rest = int((time.time() + ahead) * 1000), ulid()[10:]
    return "".join(ALPHABET[(ms >> (5 * i)) & 31] for i in reversed(range(10))) + rest


async def send(url, token, conv, body, cid=None):
    """The answer's frame; asks again while the chain cannot say, as clients do."""
    cid = cid or ulid()
    for _ in range(100):
        try:
            async with Client(url, token) as c:
                return await asyncio.wait_for(c.raw({"op": "msg.send", "cid": cid, "d": {"conv": conv, "body": body}}), 6)
        except Refused as no:
            if no.err["retry"] != "same_cid":
                raise
        except (OSError, ConnectionError, asyncio.TimeoutError):
            pass
        await asyncio.sleep(0.1)
    raise AssertionError(f"{body}: never answered")


async def refusal(url, token, conv, cid):
    try:
        await send(url, token, conv, "out of time", cid)
    except Refused as no:
        return no.err
    raise AssertionError("a key of another time was taken")


def ahead_of_now(answer):
    return answer["d"]["at"] / 1000 - time.time()


async def all_go_by(ahead, chain, token):
    """Waits until each replica says that its time is ahead by so many seconds."""
    for url in chain.urls.values():
        async with Client(url, token) as c:
            for _ in range(1000):
                if abs((await c.ask("ping", {}))["t"] / 1000 - time.time() - ahead) < 60:
                    break
                await asyncio.sleep(0.02)
            else:
                raise AssertionError(f"{url} does not go by the clocks")


def named(chain):
    return {row["name"]: row["reason"] for row in chain.ctl_status()["clocks"]}


class Talk:
    """Two people and a conversation."""

    def __init__(self, chain):
        self.chain = chain

    async def begin(self):
        url = self.chain.urls["n2"]
        self.token = (await in_thread(register, url, "ana"))["token"]
        bob = await in_thread(register, url, "bob")
        async with Client(url, self.token) as c:
            made = await c.ask("conv.create", {"kind": "dm", "members": [bob["uid"]]}, cid=ulid())
        self.conv = made["conv"]
        return self

    async def everywhere(self, body):
        """A message through each replica that serves, stamped about now."""
        for name in await in_thread(self.chain.roles):
            answer = await send(self.chain.urls[name], self.token, self.conv, f"{body} {name}")
            assert abs(ahead_of_now(answer)) < 120, (body, name, answer)


async def test_one_wrong_clock_stops_nothing_is_named_and_is_not_the_heads(volume):
    with clocks() as wrong, running(environment=wrong.environment) as chain:
        talk = await Talk(chain).begin()
        once = ulid()
        first = await send(chain.urls["n1"], talk.token, talk.conv, "once", once)
        for place in ("head", "tail", "configd"):
            for days in (40, -40, 4000):
                roles = await in_thread(chain.roles)
                who = {"head": roles[0], "tail": roles[-1], "configd": "configd"}[place]
                wrong.set(days * DAY, who)
                await talk.everywhere(f"{place} {days}")
                shown = "" if who == "configd" else who
                await in_thread(wait_for, lambda: "set the clock of" in named(chain).get(shown, ""), f"{who} to be named")
                assert set(named(chain)) == {shown}
                assert f"{abs(days)} days {'ahead' if days > 0 else 'behind'}" in named(chain)[shown]
                assert "set the clock of" in (await in_thread(chain.ctl, "status"))[1]
                if place == "head":
                    await in_thread(wait_for, lambda: chain.roles()[0] != who, f"another head than {who}", 60)
                await talk.everywhere(f"{place} {days} later")
                again = await send(chain.urls["n2"], talk.token, talk.conv, "once", once)
                assert again.get("dup") and again["d"]["seq"] == first["d"]["seq"], again
                wrong.set(0, who)
                await in_thread(wait_for, lambda: not named(chain), f"{who} to be right again")
                await in_thread(chain.wait_length, 3)
                await talk.everywhere(f"after {place} {days}")
        assert [e for e in chain.events("clock") if "right again" in e["why"]]
        await in_thread(equal_hashes, chain)


async def test_a_key_of_another_time_has_an_unknown_outcome_and_names_the_time(volume):
    with running(replicas=1) as chain:
        url = chain.urls["n1"]
        token = (await in_thread(register, url, "ana"))["token"]
        bob = await in_thread(register, url, "bob")
        async with Client(url, token) as c:
            conv = (await c.ask("conv.create", {"kind": "dm", "members": [bob["uid"]]}, cid=ulid()))["conv"]
            t = (await c.ask("ping", {}))["t"]
            assert abs(t / 1000 - time.time()) < 60
        for days in (3, -40, 400, -9000):
            err = await refusal(url, token, conv, key(days * DAY))
            assert (err["code"], err["field"], err["outcome"]) == ("bad_request", "cid", "unknown"), err
            assert "clock" in err["msg"] and time.strftime("%Y-%m-%dT", time.gmtime()) in err["msg"], err
        for days in (0.9, -29):
            assert (await send(url, token, conv, "in time", key(days * DAY)))["ok"]


async def test_when_all_clocks_were_wrong_the_next_right_one_ends_it(volume):
    with clocks() as wrong, running(environment=wrong.environment | {"CHAIND_SESSION_IDLE": "0"}) as chain:
        talk = await Talk(chain).begin()
        once = ulid()
        await send(chain.urls["n1"], talk.token, talk.conv, "once", once)
        everybody = ("n1", "n2", "n3", "configd")
        wrong.set(40 * DAY, *everybody)
        await all_go_by(40 * DAY, chain, talk.token)
        ahead = await send(chain.urls["n1"], talk.token, talk.conv, "by their time", key(40 * DAY))
        assert ahead_of_now(ahead) > 39 * DAY, ahead
        for name in everybody:
            wrong.set(0, name)
        await all_go_by(0, chain, talk.token)
        await talk.everywhere("right again")
        # By the time of then it was forgotten; nobody says that it was not done, and it is not done again.
        err = await refusal(chain.urls["n3"], talk.token, talk.conv, once)
        assert (err["field"], err["outcome"]) == ("cid", "unknown"), err

        later = ulid()
        # No power: they come back with the time of long ago, until somebody tells them.
        await in_thread(chain.down)
        wrong.set(-9000 * DAY, *everybody)
        await in_thread(chain.up)
        await in_thread(chain.wait_length, 3)
        answer = await send(chain.urls["n1"], talk.token, talk.conv, "the device knows", later)
        assert abs(ahead_of_now(answer)) < 3600, answer
        wrong.set(0, *everybody)
        await all_go_by(0, chain, talk.token)
        await talk.everywhere("with the time")
        assert (await send(chain.urls["n2"], talk.token, talk.conv, "the device knows", later)).get("dup")
        await in_thread(equal_hashes, chain)
