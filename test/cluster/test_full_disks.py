"""Disks that fill up under a chain that people use: nothing ends, nothing is lost, and it goes on by itself."""
import asyncio
import tempfile
import time
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from chain import outlives, running, wait_for
from chat import Client, Refused, register, ulid
from disks import SharedDisk, not_root
from load import check_books
from test_kills import equal_hashes, in_thread

ROOM_OF_A_TEST = "14m"
LEFT_WHEN_LOW = 700 << 10  # less than half of an eighth of that


@contextmanager
def chain_on(sizes, **options):
    """A chain whose machines have those file systems; None: the folder's own."""
    disks = {}
    with tempfile.TemporaryDirectory(prefix="disks-", ignore_cleanup_errors=True) as place:
        try:
            for name, size in sizes.items():
                disks[name] = SharedDisk(Path(place) / name, size)

            def link(folder):
                for name, disk in disks.items():
                    (folder / name).symlink_to(disk.folder)

            with running(prepare=link, **options) as chain:
                yield chain, disks
        finally:
            for disk in disks.values():
                disk.close()


class Book:
    """What one person wrote, and what of it was acknowledged."""

    def __init__(self, chain, name):
        self.chain, self.name = chain, name
        self.url = chain.urls[name]
        self.account = register(self.url, "ana")
        self.other = register(self.url, "bob")
        self.acked = {}
        self.conv = None

    @asynccontextmanager
    async def open(self):
        async with Client(self.url, self.account["token"]) as client:
            if self.conv is None:
                made = await client.change("conv.create", {"kind": "dm", "members": [self.other["uid"]]})
                self.conv = made["d"]["conv"]
            yield client

    async def write(self, client, size):
        cid = ulid()
        body = f"{cid} " + "x" * size
        answer = await asyncio.wait_for(client.change("msg.send", {"conv": self.conv, "body": body, "fmt": "plain"}, cid), 10)
        self.acked[cid] = (body, answer["d"], answer["pos"], False)
        return answer["d"]["mid"]

    def takes_writes(self):
        return self.chain.get(self.name, "/readyz?role=write")

    async def write_until_refused(self, disks, size=15_000, most=3000):
        """Until one is refused. What the write-ahead log gives back in a moment of rest is somebody else's then, so that it
        stays so; returns what the next one is told."""

        def stays_full():
            as_full_as_before(disks)
            code, body = self.takes_writes()
            return code == 503 and "disk full" in str(body)

        async with self.open() as client:
            try:
                for _ in range(most):
                    await self.write(client, size)
            except Refused:
                await in_thread(wait_for, stays_full, "the disks to be full for good")
                try:
                    await self.write(client, size)
                except Refused as refused:
                    return refused.err
                raise AssertionError("a full disk took a message")
        raise AssertionError(f"{most} messages of {size} bytes fit")

    async def write_again(self, limit_s=60):
        """As soon as a message is taken: when the machine says that it takes writes, however often that turns out wrong."""
        limit = time.monotonic() + limit_s
        while (left := limit - time.monotonic()) > 0:
            await in_thread(wait_for, lambda: self.takes_writes()[0] == 200, "a machine that takes writes", left)
            try:
                async with self.open() as client:
                    return await self.write(client, 100)
            except (Refused, ConnectionError, OSError, asyncio.TimeoutError):
                pass
        raise AssertionError(f"nothing is taken after {limit_s} s")


def as_full_as_before(disks):
    for disk in disks.values():
        disk.fill(leave=LEFT_WHEN_LOW)


async def test_three_full_disks_make_the_chain_read_only_until_there_is_room(volume):
    if not_root():
        return
    with chain_on({"n1": ROOM_OF_A_TEST, "n2": ROOM_OF_A_TEST, "n3": ROOM_OF_A_TEST}) as (chain, disks):
        pids = chain.pids()
        book = await in_thread(Book, chain, "n2")
        refused = await book.write_until_refused(disks)
        print(f"  {len(book.acked)} messages were taken, then: {refused['code']}: {refused['msg'][:100]}")
        assert refused["code"] == "read_only" and "disk full" in refused["msg"], refused
        assert len(book.acked) > 100, "too little fits"
        # Reading and deleting go on, at every machine, and it stays so.
        for name in chain.names():
            async with Client(chain.urls[name], book.account["token"]) as client:
                assert len(await client.whole_history(book.conv)) == len(book.acked)
        async with book.open() as client:
            cid, gone = next(iter(book.acked.items()))
            await asyncio.wait_for(client.change("msg.delete", {"mid": gone[1]["mid"]}), 10)
            del book.acked[cid]

        def says_so():
            as_full_as_before(disks)
            status = chain.ctl_status()
            talk = chain.ctl("status", ok=None)[1]
            code, body = chain.get("n1", "/readyz?role=write")
            return (
                (status["state"] == "read_only" and status["full"])
                and ("disk is full" in talk and "free some space on the file system of" in talk)
                and (code == 503 and "disk full" in str(body))
            )

        await in_thread(wait_for, says_so, "status, its text and /readyz to say so")
        assert chain.pids() == pids, "a process has ended"
        assert len(await in_thread(chain.roles)) == 3 and not chain.events("removed")

        for disk in disks.values():
            disk.resize("200m")
        await book.write_again()
        await in_thread(wait_for, lambda: chain.ctl_status()["state"] == "healthy", "a healthy chain")
        assert chain.pids() == pids, "a process has ended"
        await in_thread(equal_hashes, chain)


async def test_a_machine_whose_disk_is_low_leaves_while_others_have_plenty(volume):
    if not_root():
        return
    with chain_on({"n1": "64m"}) as (chain, disks):
        book = await in_thread(Book, chain, "n2")
        await book.write_again()
        pids = chain.pids()
        disks["n1"].fill(leave=5 << 20)
        await in_thread(wait_for, lambda: sorted(chain.roles()) == ["n2", "n3"], "the chain without n1")
        why = [e["why"] for e in chain.events("removed", "n1")]
        assert why == ["its disk is nearly full"], why
        await book.write_again(10)
        row = (await in_thread(chain.nodes))["n1"]
        assert "nearly full" in row["reason"], row
        disks["n1"].make_room()
        await in_thread(wait_for, lambda: len(chain.roles()) == 3, "n1 in the chain", 120)
        assert chain.pids() == pids, "a process has ended"
        await book.write_again(10)
        await check_books(chain, chain.names(), book.account, book.conv, book.acked)


async def test_a_start_on_a_full_disk_waits_and_says_so(volume):
    if not_root():
        return
    with chain_on({"n1": "64m"}) as (chain, disks):
        book = await in_thread(Book, chain, "n2")
        await book.write_again()
        chain.kill("n1")
        await in_thread(wait_for, lambda: len(chain.roles()) == 2, "the chain without n1")
        disks["n1"].fill()
        (disks["n1"].folder / "ballast").unlink(missing_ok=True)
        disks["n1"].fill()
        waiting = chain.start_later("n1")
        await in_thread(wait_for, lambda: "disk full" in chain.nodes()["n1"]["reason"], "its word of it")
        pid = chain.pid("n1")
        talk = (await in_thread(lambda: chain.ctl("status", ok=None)))[1]
        assert "cannot start: disk full" in talk and "free some space on the file system of" in talk, talk
        assert await in_thread(outlives, pid, 2), "it has ended"
        assert chain.pid("n1") == pid is not None, "it was restarted"
        disks["n1"].make_room()
        await in_thread(wait_for, lambda: len(chain.roles()) == 3, "n1 in the chain", 120)
        await in_thread(waiting.wait)
        await check_books(chain, chain.names(), book.account, book.conv, book.acked)


async def test_a_config_service_without_room_says_so_and_decides_when_there_is_some(volume):
    if not_root():
        return
    with chain_on({"configd": "2m"}) as (chain, disks):
        book = await in_thread(Book, chain, "n1")
        await book.write_again()
        disks["configd"].fill()
        pid = chain.pid("configd")
        chain.kill("n2")
        await in_thread(wait_for, lambda: chain.ctl_status()["registry"], "the full disk to be named")
        talk = (await in_thread(lambda: chain.ctl("status", "--check", ok=None)))[1]
        assert "the disk of configd's data folder is full" in talk and "make room there" in talk, talk
        disks["configd"].make_room()
        await in_thread(wait_for, lambda: len(chain.roles()) == 2, "the chain without n2")
        assert chain.pid("configd") == pid, "configd has ended"
        await book.write_again()
        chain.start("n2")
        await in_thread(wait_for, lambda: len(chain.roles()) == 3, "n2 in the chain", 60)
        await check_books(chain, chain.names(), book.account, book.conv, book.acked)
