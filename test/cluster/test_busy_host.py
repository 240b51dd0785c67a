"""A host whose processors many others want, and clients that ask for much and take nothing: no machine loses its place."""
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack

from chain import running
from chat import Client, register
from load import Load, check_books
from raw_socket import WebSocket
from test_kills import in_thread, loaded

BUSY = "import time\nuntil = time.monotonic() + {seconds}\nwhile time.monotonic() < until: pass"


def busy_processes(stack, count, seconds):
    """So many that want a whole processor each; they end with the test, and by themselves."""
    for _ in range(count):
        one = subprocess.Popen([sys.executable, "-c", BUSY.format(seconds=seconds)], stdin=subprocess.DEVNULL)
        stack.callback(one.wait)
        stack.callback(one.kill)


def stuck_readers(stack, url, tokens, conv, each):
    """Connections that ask for forty pages and read none."""
    for token in tokens:
        for number in range(each):
            reader = WebSocket(url)
            reader.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stack.callback(reader.close)
            reader.frame(json.dumps({"id": 1, "op": "hello", "d": {"proto": [1], "token": token}}).encode())
            assert json.loads(reader.receive()[1])["ok"]
            for page in range(40):
                question = {"id": 10 + page, "op": "history", "d": {"conv": conv, "limit": 200}}
                try:
                    reader.frame(json.dumps(question).encode())
                except OSError:
                    break  # nothing more is taken of it


async def big_room(chain, account, name):
    async with Client(chain.urls[name], account["token"]) as client:
        made = await client.change("conv.create", {"kind": "room", "name": "pages", "priv": False})
        for _ in range(18):
            await client.change("msg.send", {"conv": made["d"]["conv"], "body": "y" * 14000, "fmt": "plain"})
    return made["d"]["conv"]


async def join(chain, accounts, name, conv):
    for account in accounts:
        async with Client(chain.urls[name], account["token"]) as client:
            await client.change("conv.join", {"conv": conv})


async def nobody_leaves(processes, seconds, readers):
    with running() as chain, ExitStack() as stack:
        accounts, conv = await loaded(chain)
        url = chain.urls["n1"]
        many = [register(url, f"reader{i}") for i in range(readers)]
        pages = await big_room(chain, accounts[0], "n1")
        await join(chain, many, "n1", pages)
        before = chain.ctl_status()
        begun = time.monotonic()
        async with Load(chain, accounts, conv, 30) as load:
            busy_processes(stack, processes, seconds + 30)
            await in_thread(stuck_readers, stack, url, [a["token"] for a in many], pages, 20)
            # How long it holds is what is being tested.
            while time.monotonic() < begun + seconds:
                await load.acked_more(30)
            gap = load.gap_ms(begun)
        after = await in_thread(chain.ctl_status)
        print(f"  {processes} busy processes, {seconds} s: longest wait {gap:.0f} ms, epoch {before['epoch']} -> {after['epoch']}")
        assert after["epoch"] == before["epoch"], f"somebody left: {await in_thread(chain.events)}"
        await check_books(chain, chain.names(), accounts[0], conv, load.acked())


async def test_stuck_readers_on_a_busy_host_cost_no_machine_its_place(volume):
    await nobody_leaves(processes=8, seconds=volume.pick(10, 60), readers=10)


async def test_a_gateway_that_gets_no_processor_costs_its_machine_no_place(volume):
    with running() as chain:
        accounts, conv = await loaded(chain)
        before = chain.ctl_status()
        async with Load(chain, accounts, conv, 30) as load:
            with ExitStack() as stack:
                # Linux: of the main thread alone, which serves the clients.
                os.setpriority(os.PRIO_PROCESS, chain.pid("n2"), 19)
                busy_processes(stack, 8, 60)
                begun = time.monotonic()
                while time.monotonic() < begun + volume.pick(8, 60):
                    await load.acked_more(30)
                after = await in_thread(chain.ctl_status)
            assert after["epoch"] == before["epoch"], f"somebody left: {await in_thread(chain.events)}"
        await check_books(chain, chain.names(), accounts[0], conv, load.acked())


async def test_a_load_of_twenty_costs_no_machine_its_place(volume):
    await nobody_leaves(processes=20, seconds=volume.pick(10, 600), readers=2)
