"""Are all replicas the same? At once by their kept sums, and by all their rows."""
import asyncio
import json
import signal
import sqlite3
import time

from chain import running, wait_for
from fill import fill
from test_damage import CHANGED, PATIENT, change_a_row
from test_kills import in_thread


def spoil_the_sum(chain, name):
    """As a bad disk would, of a replica that is stopped: its kept sum is another one."""
    database = sqlite3.connect(chain.dir / name / "chain.db", timeout=30)
    with database:
        database.execute("UPDATE chat_counters SET row_sum = x'00112233445566778899aabbccddeeff'")
    database.close()


def verify(chain, *words, ok=(0,)):
    began = time.monotonic()
    _, out, _ = chain.ctl("verify", *words, "-o", "json", ok=ok)
    return json.loads(out), time.monotonic() - began


async def test_a_changed_row_is_found_by_its_own_replica_and_a_changed_sum_by_the_others(volume):
    with running(configd=PATIENT) as chain:
        await fill(chain, volume.pick(3000, 100_000))
        same, took = await in_thread(verify, chain)
        assert same["equal"] and len(same["replicas"]) == 3 and not same["missing"], same
        print(f"  verify took {took:.2f} s")
        deep, took = await in_thread(verify, chain, "--deep")
        assert [r["state"] for r in deep["rows"]] == ["proven"] * 3, deep
        print(f"  verify --deep took {took:.1f} s")

        # A row: the sums are those that were kept, so that all are equal; who reads its rows sees it.
        await in_thread(change_a_row, chain, "n2")
        assert (await in_thread(verify, chain))[0]["equal"]
        deep, _ = await in_thread(lambda: verify(chain, "--deep", ok=(1,)))
        assert deep["equal"], deep
        assert {r["name"]: r["state"] for r in deep["rows"]} == {"n1": "proven", "n2": "changed", "n3": "proven"}, deep
        assert CHANGED in deep["rows"][1]["reason"], deep
        # And from then on it is what a damaged machine is.
        await in_thread(wait_for, lambda: [d["name"] for d in chain.ctl_status()["damaged"]] == ["n2"], "n2 to be named")
        assert len(chain.events("damaged", "n2")) == 1
        shown = (await in_thread(lambda: chain.ctl("verify", "--deep", ok=(1,))))[1]
        assert shown.startswith("equal sums, but not all rows are as they were written at position"), shown
        await in_thread(chain.kill, "n2")
        await in_thread(chain.start, "n2")
        await in_thread(wait_for, lambda: chain.ctl_status()["state"] == "healthy", "a chain that is repaired", 120)
        assert (await in_thread(verify, chain, "--deep"))[0]["equal"]

        # A sum, of all machines at once: nobody is compared at a cold start.
        await in_thread(chain.kill, *chain.names())
        await in_thread(spoil_the_sum, chain, "n3")
        await in_thread(chain.start, *chain.names())
        await in_thread(chain.wait_length, 3)
        other, took = await in_thread(lambda: verify(chain, ok=(1,)))
        assert not other["equal"] and not other["missing"], other
        sums = {r["name"]: r["digest"] for r in other["replicas"]}
        assert sums["n1"] == sums["n2"] != sums["n3"], sums
        assert took < 5, took


async def test_one_reading_at_a_time_and_it_ends_with_whoever_asked(volume):
    # 1 %: slow enough to be met in the middle.
    with running(configd=PATIENT, chaind=("snapshot-share=1",)) as chain:
        await fill(chain, 5000)
        first = chain.ctl_later("verify", "--deep")

        def running_at():
            for row in chain.ctl_status()["chain"]:
                if "percent" in (row["scrub"] or {}):
                    return row["name"]
            return None

        await in_thread(wait_for, running_at, "a replica that reads its rows")
        at = running_at()
        _, _, err = await in_thread(lambda: chain.ctl("verify", "--deep", ok=(1,)))
        assert at in err and "one such reading at a time" in err, err
        # The quick one goes on all the same, any number of them.
        began = time.monotonic()
        answers = await asyncio.gather(*(in_thread(verify, chain) for _ in range(8)))
        assert all(answer["equal"] for answer, _ in answers) and time.monotonic() - began < 5
        first.send_signal(signal.SIGINT)
        _, err = await in_thread(first.communicate)
        assert first.returncode == 130 and "stopped" in err, (first.returncode, err)
        await in_thread(wait_for, lambda: running_at() is None, "a reading that has ended")
