"""Disks that lie, fail or are full while a machine joins: the chain goes on, and nothing half-installed is ever used."""
import re
import subprocess

from chain import running, wait_for
from disks import SmallDisk, failing_disk, no_small_disk
from fill import check_rooms, fill
from joining import SLOW, SMALL, chain_in_use, partly_joined
from load import Load, check_books
from test_kills import equal_hashes, in_thread, loaded


def flip(path, at):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 0x10]))


async def test_a_flipped_bit_at_the_receiver_is_found_and_fetched_again(volume):
    async with chain_in_use(volume.pick(4000, 50_000), SLOW) as (chain, load):
        address, joiner = await partly_joined(chain, 0.5)
        part = chain.dir / "n4" / "incoming.db.part"
        # In what has come already. The first chunk comes first.
        offset = volume.dice.randrange(5000, 100_000)
        flip(part, offset)
        out, talk = await in_thread(joiner.communicate)
        print(f"  byte {offset} flipped; add-node ended with {joiner.returncode}: {talk.splitlines()[-1][:200]}")
        # Whether this try ended or went on, the next one has it right.
        assert joiner.returncode in (0, 1), talk
        assert joiner.returncode == 0 or "ended" in talk, talk
        await in_thread(chain.ctl, "add-node", "n4", address)
        assert not part.exists()
        await load.acked_more(50)
        assert not chain.events("removed"), "the chain lost a machine over it"
        assert sorted(chain.roles()) == chain.names(), "not all of them serve"


async def test_a_flipped_bit_at_the_source_is_found_before_it_travels(volume):
    async with chain_in_use(3000, SLOW) as (chain, load):
        members = chain.roles()
        _, joiner = await partly_joined(chain, 1 / 4)
        outgoing = chain.dir / members[-1] / "outgoing.db"
        content = outgoing.read_bytes()
        # In what was not sent yet: of the rows the log's come last.
        offset = content.rindex(b" of many")
        assert offset > len(content) / 2, (offset, len(content))
        flip(outgoing, offset)
        await in_thread(wait_for, lambda: chain.events("stalled", "n4"), "the end of that try")
        await has_stalled(chain, load, "n4", members, f"{members[-1]}: .*outgoing.db: chunk [0-9]+ is not what was written")
        print(f"  byte {offset} of {len(content)} flipped: {chain.events('stalled', 'n4')[0]['why'][:200]}")
        # From another machine's disk it is right.
        await comes_in(chain, load, "n4")
        assert chain.events("learner", "n4")[-1]["why"] == f"catches up from {members[-2]}"
        _, talk = await in_thread(joiner.communicate)
        assert joiner.returncode == 0, talk


# After its first failure a machine waits longer than add-node waits for a better turn.
AT_ONCE = ("flap-first=6s",)


async def ends_with(chain, load, name, address, why):
    """add-node ends with that reason, and nothing else happens to the chain."""
    members = await in_thread(chain.roles)
    _, _, talk = await in_thread(lambda: chain.ctl("add-node", name, address, ok=(1,)))
    assert "ended" in talk and re.search(why, talk), talk
    print(f"  {talk.splitlines()[-2][:200]}")
    await has_stalled(chain, load, name, members, why)


async def has_stalled(chain, load, name, members, why):
    assert any(re.search(why, e["why"]) for e in chain.events("stalled", name)), chain.events("stalled", name)
    assert chain.pid(name), "it did not outlive its disk"
    await load.acked_more(50)
    assert await in_thread(chain.roles) == members and not chain.events("removed"), "the chain changed over it"


async def comes_in(chain, load, name):
    await in_thread(wait_for, lambda: name in chain.roles(), f"{name} in the chain", 120)
    await load.acked_more(50)
    assert sorted(chain.roles()) == chain.names(), "not all of them serve"


async def test_a_full_disk_at_the_receiver_ends_the_join_with_the_reason(volume):
    if no_small_disk():
        return
    async with chain_in_use(3000, configd=AT_ONCE) as (chain, load):
        disk = await in_thread(SmallDisk, chain, "n4", "2m")
        await ends_with(chain, load, "n4", disk.address, "no space for the snapshot in .*/n4")
        # With room the next try ends well.
        disk.resize("1g")
        await comes_in(chain, load, "n4")


async def test_a_full_disk_at_the_only_source_ends_the_join_with_the_reason(volume):
    if no_small_disk():
        return
    # The head of two is no source.
    async with chain_in_use(2000, replicas=1, configd=AT_ONCE) as (chain, load):
        disk = await in_thread(SmallDisk, chain, "n4", "1g")
        await in_thread(chain.ctl, "add-node", "n4", disk.address)
        disk.resize("60m")
        address = await in_thread(chain.add, "n5")
        await ends_with(chain, load, "n5", address, "n4: no space for the snapshot in .*/n4")
        assert not (chain.dir / "n5" / "incoming.db.part").exists(), "something was sent"
        disk.resize("1g")
        await comes_in(chain, load, "n5")


async def test_another_source_takes_over_from_one_whose_disk_fails(volume):
    with failing_disk() as disk:
        async with chain_in_use(2000, environment=disk.environment) as (chain, load):
            *_, middle, tail = chain.roles()
            disk.breaks([tail], "outgoing.db", "write")
            await in_thread(chain.join, "n4")
            why = [e["why"] for e in chain.events("stalled", "n4")]
            assert len(why) == 1 and re.search(f"{tail}: .*outgoing.db.*disk I/O error", why[0]), why
            assert chain.events("learner", "n4")[-1]["why"] == f"catches up from {middle}"
            print(f"  {why[0][:200]}")
            await comes_in(chain, load, "n4")


async def test_a_source_that_cannot_write_ends_the_join_with_the_reason(volume):
    with failing_disk() as disk:
        async with chain_in_use(2000, environment=disk.environment, configd=AT_ONCE) as (chain, load):
            disk.breaks(chain.names(), "outgoing.db", "write")
            address = await in_thread(chain.add, "n4")
            await ends_with(chain, load, "n4", address, "n[23]: .*outgoing.db.*disk I/O error")
            assert not (chain.dir / "n4" / "incoming.db.part").exists(), "something was sent"
            disk.heals()
            await comes_in(chain, load, "n4")


async def fails_halfway(file, call, why):
    """The try ends with that reason, the next one with a member: add-node waits for both."""
    with failing_disk() as disk:
        async with chain_in_use(2000, SLOW, environment=disk.environment) as (chain, load):
            members = chain.roles()
            _, joiner = await partly_joined(chain, 1 / 3)
            disk.breaks([*members, "n4"], file, call)
            await in_thread(wait_for, lambda: chain.events("stalled", "n4"), "the end of that try")
            await has_stalled(chain, load, "n4", members, why)
            print(f"  {chain.events('stalled', 'n4')[0]['why'][:200]}")
            disk.heals()
            await comes_in(chain, load, "n4")
            _, talk = await in_thread(joiner.communicate)
            assert joiner.returncode == 0, talk


async def test_a_source_that_cannot_read_gives_the_reason(volume):
    await fails_halfway("outgoing.db", "read", "n[23]: cannot read .*outgoing.db: Input/output error")


async def test_a_receiver_that_cannot_write_gives_the_reason(volume):
    await fails_halfway("incoming.db.part", "write", "cannot write .*incoming.db.part: Input/output error")


async def test_a_receiver_that_cannot_read_what_it_wrote_gives_the_reason(volume):
    await fails_halfway("incoming.db.part", "read", "incoming.db.part.*disk I/O error")


async def test_a_machine_whose_log_is_damaged_comes_back_with_a_sound_one(volume):
    with running(chaind=SMALL) as chain:
        rooms = await fill(chain, 4000)
        accounts, conv = await loaded(chain)
        source = chain.roles()[-1]
        # A restart moves the write-ahead log into the file; the chain does without it meanwhile.
        chain.kill(source)
        await in_thread(wait_for, lambda: len(chain.roles()) == 2, "its removal")
        database = chain.dir / source / "chain.db"
        subprocess.run(["/usr/bin/python3", "-c", CHECKPOINT, str(database)], check=True)
        content = database.read_bytes()
        places = [m.start() for m in re.finditer(rb"message 17\d of many", content)]
        assert places, "no message's text in the file"
        for at in places:
            flip(database, at)
        # It says what is wrong, puts the database aside and comes back with a sound one.
        await in_thread(chain.start, source)
        log = chain.log(source)
        assert "does not match its hash" in log and "the store was set aside" in log, log[-3000:]
        await in_thread(wait_for, lambda: len(chain.roles()) == 3, "its return", 120)
        assert list((chain.dir / source).glob("set-aside-*/chain.db")), "the damaged database was not kept"
        async with Load(chain, accounts, conv, 100) as load:
            steps = await in_thread(chain.join, "n4")
            await load.acked_more(50)
            serving = await in_thread(chain.roles)
        assert sorted(serving) == chain.names() and serving[-1] == "n4", (serving, steps)
        print(f"  {len(places)} bytes flipped at {source}: set aside and filled again; n4 joined")
        await check_books(chain, serving, accounts[0], conv, load.acked())
        for name in serving:
            await check_rooms(chain.urls[name], rooms, pages=20)
        equal_hashes(chain)


CHECKPOINT = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('pragma wal_checkpoint(truncate)').fetchall()"


async def test_a_receiver_whose_disk_stands_still_lets_the_next_one_in(volume):
    with failing_disk() as disk, running(environment=disk.environment, chaind=("snapshot-after=200",)) as chain:
        await fill(chain, 600)
        accounts, room = await loaded(chain)
        async with Load(chain, accounts, room, 20) as load:
            disk.breaks(["n4"], "incoming.db.part", "sync")
            addresses = {}
            for name in ("n4", "n5"):
                addresses[name] = await in_thread(chain.add, name)
            first = chain.ctl_later("add-node", "n4", addresses["n4"])
            await in_thread(wait_for, lambda: chain.joining("n4"), "n4 on its way")
            second = chain.ctl_later("add-node", "n5", addresses["n5"])
            await in_thread(wait_for, lambda: "n5" in chain.roles(), "n5 in the chain", 60)
            assert "n4" not in chain.roles()
            talk = (await in_thread(lambda: chain.ctl("status", ok=None)))[1]
            assert "look at the disk of n4" in talk, talk
            disk.heals()
            await in_thread(wait_for, lambda: "n4" in chain.roles(), "n4 in the chain", 60)
            for each in (first, second):
                out, said = await in_thread(each.communicate)
                assert each.returncode == 0, said
            await load.acked_more(20)
        await check_books(chain, chain.names(), accounts[0], room, load.acked())
