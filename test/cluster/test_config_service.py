"""The config service may die: the chain goes on, says so, and finds its old epoch again."""
import json

from chain import running, wait_for
from chat import Client
from load import Load, check_books
from test_kills import in_thread, loaded


async def test_writes_and_reads_go_on_without_the_config_service(volume):
    with running() as chain:
        accounts, conv = await loaded(chain)
        before = chain.ctl_status()
        async with Load(chain, accounts, conv, 300) as load:
            await in_thread(chain.kill, "configd")
            await load.acked_more(volume.pick(600, 18000))
            for name in chain.names():
                # Leases have run out by now: this read asks the other members.
                async with Client(chain.urls[name], accounts[0]["token"]) as client:
                    page = await client.ask("history", {"conv": conv, "limit": 5})
                    assert page["msgs"], "no messages"
                assert chain.status(name)["config_service"]["state"] == "down", f"{name} does not say that configd is down"
            code, text, _ = await in_thread(lambda: chain.ctl("status", "-o", "json"))
            assert json.loads(text)["config_service"]["state"] == "down"
            await in_thread(lambda: chain.ctl("status", "--check", ok=(1,)))
            await in_thread(chain.start, "configd")
            await in_thread(chain.wait_length, 3)
            after = await in_thread(chain.ctl_status)
            assert after["epoch"] == before["epoch"], "a restart of the config service made a new epoch"
            assert [n["name"] for n in after["chain"]] == [n["name"] for n in before["chain"]]
        await check_books(chain, chain.names(), accounts[0], conv, load.acked())


async def test_a_crash_while_the_config_service_is_down_is_repaired_when_it_is_back(volume):
    with running() as chain:
        accounts, conv = await loaded(chain)
        async with Load(chain, accounts, conv, 200) as load:
            head = (await in_thread(chain.roles))[0]
            await in_thread(chain.kill, "configd", head)
            await in_thread(chain.start, "configd")
            await load.acked_more(100)
            others = [n for n in chain.names() if n != head]
            await in_thread(wait_for, lambda: len(chain.roles()) == 2, "the head's removal")
            assert sorted(await in_thread(chain.roles)) == sorted(others)
        await check_books(chain, others, accounts[0], conv, load.acked())
