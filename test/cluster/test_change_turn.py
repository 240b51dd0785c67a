"""What an administrator asks for while the chain is mending itself is done, a moment later."""
import os
import signal

from chain import running, wait_for


def is_changing(chain, members):
    rows = chain.ctl_status()["chain"]
    return len(rows) == members and any(row["state"] == "reconfiguring" for row in rows)


def test_a_machine_is_removed_while_another_ones_crash_is_dealt_with(volume):
    with running(replicas=4, configd=("silence=1500ms", "silence-max=1500ms")) as chain:
        # The chain without n1 waits for the promise of n2, which stands still, until its silence is noticed, too.
        still = chain.pid("n2")
        os.kill(still, signal.SIGSTOP)
        try:
            chain.kill("n1")
            wait_for(lambda: is_changing(chain, 3), "the chain without n1 to be PENDING")
            epoch = chain.ctl_status()["epoch"]
            _, out, _ = chain.ctl("remove-node", "n3", "--yes")
            assert "n3 is out" in out, out
            assert chain.ctl_status()["epoch"] > epoch
        finally:
            os.kill(still, signal.SIGCONT)
        # The pause is over and the crashed one is back: the chain is that of the three that are wanted.
        chain.start("n1")
        chain.wait_length(3)
        assert "n3" not in chain.roles()
        asked = chain.events("asked", "n3")
        assert len(asked) == 1, asked
        print(f"  asked in epoch {asked[0]['epoch']}, done in {chain.events('removed', 'n3')[0]['epoch']}")
