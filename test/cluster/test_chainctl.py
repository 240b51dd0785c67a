"""chainctl as an administrator meets it: what it prints, how it ends, what it refuses."""
import json
import os
import subprocess

from chain import BIN, running, wait_for

STATUS_KEYS = {"schema", "cluster", "state", "epoch", "lineage", "replicas", "committed", "chain", "joining", "failed", "config_service"}
NODE_KEYS = {"name", "role", "state", "replica_addr", "client_url", "pid", "version", "log_end", "committed", "lag", "clients", "db_bytes", "lease_ms"}


def test_status_of_a_healthy_a_degraded_and_a_dead_cluster(volume):
    with running() as chain:
        status = chain.ctl_status()
        assert status["schema"] == "chainctl.status.v1" and STATUS_KEYS <= set(status), set(status) ^ STATUS_KEYS
        assert status["state"] == "healthy" and status["replicas"] == {"want": 3, "have": 3, "min": 1}
        assert [n["role"] for n in status["chain"]] == ["head", "middle", "tail"]
        for node in status["chain"]:
            assert NODE_KEYS <= set(node), set(node) ^ NODE_KEYS
            assert node["client_url"] == chain.urls[node["name"]] and node["pid"] == chain.pid(node["name"])
        chain.ctl("status", "--check", ok=(0,))
        assert "healthy" in chain.ctl("status")[1]
        assert chain.ctl("status", "-o", "name")[1].split() == [n["name"] for n in status["chain"]]

        chain.kill("n2")
        wait_for(lambda: len(chain.roles()) == 2, "n2's removal")
        chain.ctl("status", "--check", ok=(1,))
        text = chain.ctl("status")[1]
        assert "degraded" in text and "n2" in text and "next:" in text, text
        assert [f["name"] for f in chain.ctl_status()["failed"]] == ["n2"]

        chain.kill("n1", "n3")
        wait_for(lambda: chain.ctl("status", "--check", ok=None)[0] == 2, "state down")
        assert "down" in chain.ctl("status")[1]
        chain.kill("configd")
        code, out, err = chain.ctl("status", ok=(69,))
        assert not out and "next:" in err, err
        chain.ctl("status", "--check", ok=(3,))


def test_remove_node_and_its_refusals(volume):
    with running() as chain:
        chain.ctl("remove-node", "n9", "--yes", ok=(66,))
        chain.ctl("remove-node", "../n1", "--yes", ok=(64,))
        chain.ctl("remove-node", ok=(64,))
        chain.ctl("remove-node", "n2", ok=(64,))  # not a terminal, no --yes: nothing happens
        chain.ctl("remove-node", "n2", "--dry-run")
        assert len(chain.roles()) == 3

        chain.ctl("remove-node", "n2", "--yes")
        assert chain.roles() == ["n1", "n3"]
        chain.ctl("remove-node", "n1", "--yes")
        assert chain.roles() == ["n3"]
        code, _, err = chain.ctl("remove-node", "n3", "--yes", ok=(1,))
        assert "last" in err, err
        assert chain.roles() == ["n3"] and chain.ctl_status()["chain"][0]["role"] == "solo"


def test_a_dry_run_is_refused_as_the_change_would_be(volume):
    with running() as chain:
        before = chain.ctl_status()["epoch"]
        spare = chain.add("n4")
        for words in (["remove-node", "n9"], ["remove-node", "n2", "--if-epoch", str(before + 7)], ["drain", "n9"], ["undrain", "n9"],
                      ["move", "n9", "--to", "head"], ["replace", "n2"], ["replace", "n2", "--with", "n3"], ["force-epoch", "n2"],
                      ["force-epoch", "n9"], ["add-node", "n4", "127.0.0.1:1"], ["add-node", "n5", spare], ["replicas", "want", "0"]):  # fmt: skip
            judged, _, why = chain.ctl(*words, "--dry-run", ok=None)
            sure = ["--i-understand-data-may-be-lost"] if words[0] == "force-epoch" else []
            refused, _, told = chain.ctl(*words, *sure, "--yes", ok=None)
            assert judged == refused != 0 and why.splitlines()[-1] == told.splitlines()[-1], (words, judged, refused, why, told)
        for words in (["remove-node", "n2"], ["drain", "n2"], ["move", "n1", "--to", "tail"], ["add-node", "n4", spare],
                      ["replicas", "want", "2"], ["join-token", "create"], ["drill", "kill-head"]):  # fmt: skip
            _, out, err = chain.ctl(*words, "--dry-run")
            assert not out and "would " in err, (words, out, err)
        assert "nothing" in chain.ctl("undrain", "n2", "--dry-run")[2]
        assert json.loads(chain.ctl("drain", "n2", "--dry-run", "-o", "json")[1])["dry_run"] is True
        after = chain.ctl_status()
        assert after["epoch"] == before and after["replicas"] == {"want": 3, "have": 3, "min": 1} and not after["drained"], after
        # Those that were asked for in earnest, and none else; each is marked as what came to nothing.
        asked, declined = chain.events("asked"), chain.events("declined")
        assert asked and len(asked) == len(declined) and all(a["why"] in d["why"] for a, d in zip(asked, declined)), (asked, declined)


def test_a_removed_machine_is_said_to_be_removed_and_comes_back_when_it_is_added(volume):
    with running() as chain:
        address = chain.nodes()["n2"]["replica_addr"]
        chain.ctl("remove-node", "n2", "--yes")
        wait_for(lambda: chain.ctl_status()["removed_running"] == ["n2"], "its knocking to be said")
        assert "removed  n2  its chaind still runs: stop it there" in chain.ctl("status")[1]
        for words in (["undrain", "n2"], ["drain", "n2"], ["move", "n2", "--to", "head"]):
            err = chain.ctl(*words, ok=(66,))[2]
            assert "n2 was removed by an administrator (20" in err and "add-node n2 HOST:PORT" in err, err
        err = chain.ctl("add-node", "n2", chain.add("n4"), ok=(1,))[2]
        assert "was removed" in err and f"still runs at {address}: stop that one first" in err, err
        chain.ctl("add-node", "n2", address)
        assert sorted(chain.roles()) == ["n1", "n2", "n3"] and not chain.ctl_status()["removed_running"]


def test_verify_events_nodes_and_version(volume):
    with running() as chain:
        answer = json.loads(chain.ctl("verify", "-o", "json")[1])
        assert answer["equal"] is True and len({r["digest"] for r in answer["replicas"]}) == 1 and len(answer["replicas"]) == 3
        chain.kill("n1")
        wait_for(lambda: len(chain.roles()) == 2, "n1's removal")
        events = [json.loads(line) for line in chain.ctl("events", "-o", "jsonl")[1].splitlines()]
        assert any(e["what"] == "removed" and e["node"] == "n1" and e["why"] for e in events), events
        assert [e["n"] for e in events] == sorted({e["n"] for e in events})
        nodes = json.loads(chain.ctl("nodes", "-o", "json")[1])["nodes"]
        assert {n["name"]: n["alive"] for n in nodes} == {"n1": False, "n2": True, "n3": True}
        version = json.loads(chain.ctl("version", "-o", "json")[1])
        assert version["chainctl"] == version["configd"] == version["replicas"]["n2"]


def test_a_drill_kills_the_place_it_names_and_prints_the_gap(volume):
    with running() as chain:
        for place in ("head", "middle", "tail"):
            roles = chain.roles()
            victim = {"head": roles[0], "middle": roles[1], "tail": roles[2]}[place]
            answer = json.loads(chain.ctl("drill", f"kill-{place}", "--yes", "-o", "json")[1])
            assert answer["killed"] == victim and 0 < answer["gap_ms"] < 30000
            assert chain.pid(victim) is None
            print(f"  {place}: gap {answer['gap_ms']} ms")
            chain.start(victim)
            chain.wait_length(3)
        chain.ctl("drill", "kill-all", "--yes", ok=(64,))
        chain.ctl("drill", "kill-head", ok=(64,))


def test_a_drill_that_would_stop_writes_is_refused_before_anything_is_killed(volume):
    with running(replicas=2, chaind=["min-replicas=2"]) as chain:
        for words in (["--yes"], ["--dry-run"]):
            said = chain.ctl("drill", "kill-tail", *words, ok=(1,))[2]
            assert "1 would be left, and min-replicas is 2; nothing was killed" in said and "add-node" in said, said
        assert len(chain.roles()) == 2 and all(chain.pids().values()), chain.roles()


def test_usage(volume):
    with running(replicas=1) as chain:
        chain.ctl(ok=(64,))
        chain.ctl("frobnicate", ok=(64,))
        chain.ctl("status", "--frobnicate", ok=(64,))
        chain.ctl("status", "extra", ok=(64,))
        chain.ctl("status", "-o", "xml", ok=(64,))
        chain.ctl("--endpoint", "unix:/nowhere/configd.sock", "events", ok=(69,))
        assert "remove-node" in chain.ctl("help")[1] and "remove-node" in chain.ctl("man")[1]
        assert "usage" in chain.ctl("help", "drill")[1]
        for shell in ("bash", "zsh", "fish"):
            assert "remove-node" in chain.ctl("completion", shell)[1]
        assert chain.ctl_status()["chain"][0]["role"] == "solo"


def test_an_answer_that_cannot_be_written_is_no_success(volume):
    def run(words, stdout, **how):
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60, **how)
        return done.returncode, done.stderr

    with running(replicas=1) as chain:
        ctl = chain.summary["chainctl"]
        commands = [[*ctl, *words.split()] for words in (
            "status", "status -o json", "status --check", "nodes", "events", "events --follow", "version", "help", "help status",
            "man", "completion fish", "join-token create --ttl 1s", "verify -o json", "backup list .", "--help",
        )]  # fmt: skip
        commands += [[str(BIN / program), word] for program in ("chaind", "configd") for word in ("--print-config", "--help", "--version")]
        for words in commands:
            with open("/dev/full", "w") as full:
                code, err = run(words, full)
            # A token's validity is said beside the token, on stderr.
            said = [line for line in err.splitlines() if not line.startswith("good once")]
            assert code == 74 and len(said) == 1 and "cannot write the output: No space left" in said[0], (words, code, err)
        # A reader that has gone away wants no more: quiet, as other programs are.
        for words in commands:
            for restored in (True, False):
                reader, writer = os.pipe()
                os.close(reader)
                code, err = run(words, writer, restore_signals=restored)
                os.close(writer)
                assert code in (-13, 141) and err.replace("good once", "", 1).count("\n") <= 1, (words, code, err)
                assert "write" not in err, (words, err)
