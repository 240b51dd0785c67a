"""tools/quickstart --add (docs/client_api.md 3.1): one more chaind, ready for chainctl add-node."""
import json
import signal
import stat
import subprocess

from chain import QUICKSTART, running


def test_add_starts_one_more_machine_and_remembers_it(volume):
    with running(replicas=1) as chain:
        one = json.loads(chain.quickstart("--add", "n2", "--json"))
        assert set(one) == {"name", "url", "pid", "replica_addr"} and one["name"] == "n2", one
        chain.urls["n2"] = one["url"]
        assert chain.pid("n2") == one["pid"] and stat.S_IMODE((chain.dir / "n2").stat().st_mode) == 0o700
        assert chain.roles() == ["n1"], "it is in no chain before add-node"
        # The same again: the same process; killed: the same machine.
        assert json.loads(chain.quickstart("--add", "n2", "--json")) == one
        chain.kill("n2")
        again = json.loads(chain.quickstart("--add", "n2", "--json"))
        assert again == {**one, "pid": again["pid"]} and again["pid"] != one["pid"]
        chain.ctl("add-node", "n2", one["replica_addr"])
        chain.wait_length(2)
        # Down and up: the chain is what it was, and quickstart waits for both.
        chain.down()
        assert chain.pid("n2") is None
        chain.up()
        assert chain.roles() == ["n1", "n2"] and chain.urls["n2"] == one["url"]
        # Taken out for good: the next run neither starts it nor waits for it.
        chain.ctl("remove-node", "n2", "--yes")
        chain.down()
        chain.up()
        assert chain.roles() == ["n1"] and list(chain.urls) == ["n1"] and chain.pid("n2") is None
        chain.quickstart("--wipe", "--yes")
        assert not (chain.dir / "n2").exists() and chain.pid("n2") is None


def test_ctrl_c_stops_what_was_added_meanwhile(volume):
    with running(replicas=1) as chain:
        chain.down()
        command = [*QUICKSTART, "--dir", str(chain.dir)]
        first = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        while line := first.stdout.readline():
            if "Ctrl-C" in line:
                break
        chain.quickstart("--add", "n2")
        assert chain.pid("n1") and chain.pid("n2")
        first.send_signal(signal.SIGINT)
        said, _ = first.communicate(timeout=60)
        assert first.returncode == 0 and "stopping" in said, (first.returncode, said)
        assert chain.pid("n1") is None and chain.pid("n2") is None


def test_a_machine_of_the_first_run_that_was_taken_out_is_added_again(volume):
    with running(replicas=2) as chain:
        chain.ctl("remove-node", "n2", "--yes")
        chain.kill("n2")
        assert "n2" in chain.quickstart("--add", "n2", "--json")
        chain.ctl("add-node", "n2", chain.add("n2"))
        assert chain.roles() == ["n1", "n2"]


def test_names_that_add_refuses(volume):
    with running(replicas=1) as chain:
        for name, code in (("n1", 1), ("configd", 64), ("N2", 64), ("a/b", 64), ("", 64)):
            done = subprocess.run(
                [*QUICKSTART, "--dir", str(chain.dir), "--add", name], stdin=subprocess.DEVNULL, capture_output=True, text=True
            )
            assert done.returncode == code and name in done.stderr, (name, done.returncode, done.stderr)
        assert list(json.loads((chain.dir / "chain.json").read_text())["replicas"]) == ["n1"]
