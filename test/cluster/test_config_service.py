"""The config service may die: the chain goes on, says so, and finds its old epoch again."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from chain import BIN, end_all, running, wait_for
from chat import Client
from load import Load, check_books
from test_kills import in_thread, loaded
from ways import ways


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


async def test_machines_that_find_the_config_service_later_than_another_all_stay(volume):
    with ways() as way, running(environment=way.environment) as chain:
        accounts, conv = await loaded(chain)
        first, *others = chain.roles()
        for name in others:
            way.lead(name, json.loads((chain.dir / "chain.json").read_text())["configd"])
            chain.kill(name)
            chain.start(name)
            await in_thread(chain.wait_length, 3)
        before = chain.ctl_status()
        chain.kill("configd")
        way.set("cut")
        chain.start("configd")
        await in_thread(wait_for, lambda: chain.status(first)["config_service"]["state"] == "up", "the first one")
        async with Load(chain, accounts, conv, 20) as load:
            await load.acked_more(20)  # more than a whole silence
            way.set("open")
            await in_thread(wait_for, lambda: chain.ctl_status()["state"] == "healthy", "the others")
        after = chain.ctl_status()
        names = lambda status: [row["name"] for row in status["chain"]]
        assert after["epoch"] == before["epoch"] and names(after) == names(before), (names(before), names(after))


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


WORDS = {0: "healthy", 1: ("degraded", "read only"), 2: "down", 3: "unknown"}


def is_said_the_same_everywhere(chain, code, reason=""):
    """The headline, the state for programs and the exit status, each by a call of its own."""
    json_state = chain.ctl_status()["state"]
    text = chain.ctl("status")[1]
    chain.ctl("status", "--check", ok=(code,))
    chain.ctl("status", "--check", "-o", "json", ok=(code,))
    words = WORDS[code] if isinstance(WORDS[code], tuple) else (WORDS[code],)
    headline = text.splitlines()[0]
    assert json_state.replace("_", " ") in words and any(f" is {word}" in headline for word in words), (json_state, text)
    assert reason in headline, headline


def test_of_each_pair_of_dead_parts_headline_state_and_exit_status_agree(volume):
    with running() as chain:
        is_said_the_same_everywhere(chain, 0)
        chain.kill("configd")
        killed_at = time.time()
        is_said_the_same_everywhere(chain, 1, "the config service is down")
        assert "Below is what the config service said last, " in chain.ctl("status")[1]
        for name in chain.names():
            wait_for(lambda: chain.status(name)["config_service"]["state"] == "down", "the config service to be missed")
            assert chain.status(name)["state"] == "degraded", name
        # As old as its last word.
        heard = chain.ctl_status()["config_service"]["heard_ms"]
        assert -60_000 < heard - killed_at * 1000 < 1000, (heard, killed_at)
        for lost in chain.names():
            chain.kill(lost)
            says_that_nothing_is_served(chain, lost)
            is_said_the_same_everywhere(chain, 2)
            chain.start("configd")
            wait_for(lambda: len(chain.roles()) == 2, f"{lost} to be taken out")
            is_said_the_same_everywhere(chain, 1)
            # Who is outside knows nothing newer than the config service's last word: a member is asked.
            chain.start(lost)
            chain.wait_length(3)
            wait_for(lambda: chain.ctl_status()["state"] == "healthy", "all to be well")
            chain.kill("configd")
        chain.start("configd")
        for pair in (("n1", "n2"), ("n2", "n3"), ("n1", "n3")):
            chain.kill(*pair)
            wait_for(lambda: len(chain.roles()) == 1, f"{pair} to be taken out")
            is_said_the_same_everywhere(chain, 1, "1 of 3 machines")
            chain.start(*pair)
            chain.wait_length(3)
            wait_for(lambda: chain.ctl_status()["state"] == "healthy", "all to be well")


def test_a_drained_machine_is_not_asked_about_a_chain_that_it_is_not_in(volume):
    with running() as chain:
        chain.ctl("drain", "n1")
        chain.kill("configd", "n2")
        # n1 has it from n3, which says so every 50 ms.
        wait_for(lambda: all(chain.status(name)["state"] == "down" for name in ("n1", "n3")), "n3 to serve nothing")
        is_said_the_same_everywhere(chain, 2)


def says_that_nothing_is_served(chain, lost):
    left = [n for n in chain.names() if n != lost]
    nothing = lambda: all(chain.get(n, f"/readyz?role={role}")[0] == 503 for n in left for role in ("read", "write"))
    wait_for(nothing, "the leases to end")
    for name in left:
        wait_for(lambda: chain.status(name)["config_service"]["state"] == "down", "the config service to be missed")
        # What the other one reads is its own word, which comes every 50 ms.
        wait_for(lambda: chain.status(name)["state"] == "down", f"{name} to say that nothing is served without {lost}", 2)
        seen = chain.status(name)
        assert [n["name"] for n in seen["chain"] if n["state"] == "silent"] == [lost], (lost, name)
        assert [n["name"] for n in seen["failed"]] == [lost], (lost, name)


def test_each_pair_of_the_config_service_and_a_replica_that_died_is_said_to_serve_nothing(volume):
    with running() as chain:
        for lost in chain.names():
            chain.kill("configd", lost)
            says_that_nothing_is_served(chain, lost)
            others = [name for name in chain.names() if name != lost]
            logged = lambda what: all(what in chain.log(name).splitlines()[-1] for name in others)
            wait_for(lambda: logged("not all is served now") and logged(f"from here: {lost}"), "the logs of the others to say so")
            text = chain.ctl("status")[1]
            assert "is down: nothing is served" in text and f"start configd, or restart it if it hangs: it takes {lost} out of the chain" in text, text
            chain.ctl("status", "--check", ok=(2,))
            # Started again it is in no chain, and knows of none: the others' word counts.
            epoch = int(text.split("Epoch ")[1].split(",")[0])
            chain.start(lost)
            text = chain.ctl("status")[1]
            assert "is down: nothing is served" in text and f"Epoch {epoch}," in text and "next: start configd" in text, text
            chain.ctl("status", "--check", ok=(2,))
            chain.start("configd")
            chain.wait_length(3)
            wait_for(lambda: chain.ctl_status()["state"] == "healthy", "all to be well")
            wait_for(lambda: all("served again" in chain.log(name) for name in others), "the logs to say that it is over")


def test_who_starts_while_the_config_service_is_away_hides_nobody_that_serves(volume):
    with running() as chain:
        lost = chain.roles()[0]
        chain.kill(lost)
        wait_for(lambda: len(chain.roles()) == 2, "a chain without it")
        left, epoch = chain.roles(), chain.ctl_status()["epoch"]
        chain.kill("configd")
        chain.start(lost)
        for _ in range(8):
            seen = chain.ctl_status()
            assert [row["name"] for row in seen["chain"]] == left and seen["epoch"] == epoch, seen
            assert seen["state"] == "degraded", seen
        # What it says itself: that others serve, and no chain of its own.
        own = lambda: chain.status(lost)
        wait_for(lambda: own()["state"] == "degraded", "it to hear of the others")
        assert own()["epoch"] == epoch and own()["chain"] == [], own()


def test_each_pair_that_stands_still_without_a_goodbye_is_said_to_serve_nothing(volume):
    """As after a power loss: nobody's kernel says that they have ended."""
    with running() as chain:
        for lost in chain.names():
            still = [chain.pid("configd"), chain.pid(lost)]
            try:
                for pid in still:
                    os.kill(pid, signal.SIGSTOP)
                says_that_nothing_is_served(chain, lost)
            finally:
                for pid in still:
                    os.kill(pid, signal.SIGCONT)
            chain.wait_length(3)
            wait_for(lambda: chain.ctl_status()["state"] == "healthy", "all to be well")


def test_a_registry_that_was_put_back_is_said_to_decide_nothing(volume):
    with running() as chain:
        registry, older = chain.dir / "configd", chain.dir / "older"
        chain.kill("configd")
        shutil.copytree(registry, older, ignore=shutil.ignore_patterns("*.sock"))
        chain.start("configd")
        chain.kill("n1")
        wait_for(lambda: len(chain.roles()) == 2, "n1 to be taken out")
        chain.start("n1")
        chain.wait_length(3)
        chain.kill("configd")
        shutil.rmtree(registry)
        shutil.copytree(older, registry)
        chain.start("configd")
        wait_for(lambda: chain.ctl_status()["registry"], "the registry's age to be noticed")
        text = chain.ctl("status")[1]
        assert "registry is older than the replicas" in text and "force-epoch" in text, text
        assert "comes back by itself" not in text and "this replica" not in text and "registry the" not in text, text
        for words in (["verify"], ["replicas", "want", "2"], ["drain", "n2"]):
            assert "registry is older than the replicas" in chain.ctl(*words, ok=(1, 69))[2], words
        chain.ctl("status", "--check", ok=(1,))
        chain.kill("n2")
        wait_for(lambda: chain.ctl_status()["state"] == "down", "the next failure to stop service")
        # Those that know may be gone when the config service is started again.
        for name in ("n1", "n3", "configd"):
            chain.kill(name)
        chain.start("configd")
        assert "has promised" in (chain.ctl_status()["registry"] or {}).get("reason", ""), chain.ctl_status()
        assert "registry is older than the replicas" in chain.ctl("status")[1]


def test_a_registry_that_was_lost_is_said_to_be_of_another_cluster(volume):
    with running() as chain:
        chain.kill("configd")
        shutil.move(chain.dir / "configd", chain.dir / "lost")
        chain.start("configd")
        named = lambda: "n1, n2, n3" in ((chain.ctl_status()["registry"] or {}).get("reason") or "")
        wait_for(named, "the machines to be named")
        text = chain.ctl("status")[1]
        assert "unknown: the machines are of another cluster" in text and "start chaind" not in text, text
        is_said_the_same_everywhere(chain, 3)
        assert chain.events("refused", "n1")
        # Whatever is asked for, the answer is what is wrong and what to do, and nobody is to be added or started.
        refused = [chain.ctl(*words, ok=(1, 69)) for words in (
            ["verify"], ["verify", "--deep"], ["replicas", "want", "2"], ["remove-node", "n1", "--yes"], ["drain", "n2"],
        )]  # fmt: skip
        for _, out, err in refused:
            assert "this registry is new" in err and "n1, n2, n3" in err and "data folder back" in err, err
        assert "add-node" not in text and "under way" not in text, text
        _, _, err = chain.ctl("backup", "create", str(chain.dir / "x.backup"), ok=(66,))
        assert "no chain is known" in err and "--data-dir" in err and "no no" not in err, err
        chain.kill("configd")
        shutil.rmtree(chain.dir / "configd")
        shutil.move(chain.dir / "lost", chain.dir / "configd")
        chain.start("configd")
        chain.wait_length(3)
        wait_for(lambda: chain.ctl_status()["state"] == "healthy", "the old registry to be whole")


def configd_of(chain, *words):
    """Its command as quickstart runs it, with other words for --bootstrap."""
    plan = json.loads((chain.dir / "chain.json").read_text())
    return [str(BIN / "configd"), "--data-dir", str(chain.dir / "configd"), "--listen", f"127.0.0.1:{plan['configd']}", *words]


def test_events_are_followed_across_restarts_of_the_config_service(volume):
    with running() as chain:
        words = [*chain.summary["chainctl"], "events", "--follow", "-o", "jsonl"]
        out, err = chain.dir / "followed", chain.dir / "said"
        with open(out, "w") as stdout, open(err, "w") as stderr:
            # Whoever runs this in the background lets its programs ignore SIGINT.
            heeds = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
            follower = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, start_new_session=True, preexec_fn=heeds
            )
        shown = lambda: [json.loads(line) for line in out.read_text().splitlines()]
        try:
            for lap in (1, 2):
                wait_for(lambda: shown() == chain.events(), "all events to be shown")
                chain.kill("configd")
                wait_for(lambda: err.read_text().count("does not answer") == lap, "the silence to be said")
                chain.start("configd")
                chain.ctl("drain", "n2")
                chain.ctl("undrain", "n2")
                wait_for(lambda: shown()[-1:] == chain.events()[-1:], "what happened meanwhile")
                assert shown() == chain.events() and [e["n"] for e in shown()] == list(range(1, len(shown()) + 1)), shown()
                assert err.read_text().count("does not answer") == lap and err.read_text().count("answers again") == lap
            # The numbers go on from an older copy: what they mean there has been shown of nobody.
            chain.kill("configd")
            shutil.copytree(chain.dir / "configd", chain.dir / "older", ignore=shutil.ignore_patterns("*.sock"))
            chain.start("configd")
            chain.ctl("drain", "n2")
            wait_for(lambda: shown() == chain.events(), "all events to be shown")
            before = shown()
            chain.kill("configd")
            shutil.rmtree(chain.dir / "configd")
            shutil.move(chain.dir / "older", chain.dir / "configd")
            chain.start("configd")
            wait_for(lambda: "another one or an older copy" in err.read_text(), "the older copy to be noticed")
            wait_for(lambda: shown()[len(before) :] == chain.events(), "its events to be shown")
            chain.kill("configd")
            wait_for(lambda: err.read_text().endswith("its events go on when it does\n"), "the silence to be said")
            follower.send_signal(signal.SIGINT)
            assert follower.wait(timeout=10) == -signal.SIGINT
        finally:
            follower.kill()
            follower.wait()


def test_a_config_service_that_has_just_started_calls_nobody_down(volume):
    with running() as chain:
        for _ in range(3):
            chain.kill("configd")
            chain.start("configd")
            chain.ctl("status", "--check", ok=(0, 1))


def test_a_machine_outside_says_that_the_config_service_does_not_answer(volume):
    with running() as chain:
        chain.kill("n3")
        chain.wait_length(2)
        chain.kill("configd")
        chain.start("n3")

        def said():
            code, body = chain.get("n3", "/readyz?role=write")
            return code == 503 and "not in an active chain, and the config service does not answer: start it" in body["err"]["msg"]

        wait_for(said, "what is missing, of n3")


def test_the_first_chain_is_named_once(volume):
    with running(replicas=1) as chain:
        chain.kill("configd")
        again = subprocess.Popen(configd_of(chain), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            wait_for(lambda: chain.ctl_status()["config_service"]["state"] == "up", "configd without --bootstrap")
            wait_for(lambda: chain.ctl("status", "--check", ok=None)[0] == 0, "all to be well")
        finally:
            end_all([again.pid])
            again.communicate()
        with tempfile.TemporaryDirectory(prefix="configd-") as folder:
            new = Path(folder) / "new"
            words = [str(BIN / "configd"), "--data-dir", str(new), "--listen", "127.0.0.1:0"]
            done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
            assert done.returncode == 78 and "bootstrap" in done.stderr and not new.exists(), done
            # A folder whose registry knows no chain, since its first chain has never begun.
            first = subprocess.Popen([*words, "--bootstrap", "n1"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                wait_for(lambda: (new / "ports.json").exists(), "configd to listen")
                ctl = [str(BIN / "chainctl"), "--endpoint", f"unix:{new}/configd.sock", "remove-node", "n1", "--yes"]
                early = subprocess.run(ctl, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
                assert early.returncode == 1 and "no chain yet" in early.stderr and "n1" in early.stderr, early
            finally:
                end_all([first.pid])
                first.wait()
            done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
            assert done.returncode == 78 and "bootstrap" in done.stdout + done.stderr, done


def test_an_address_that_is_taken_is_said_in_plain_words(volume):
    """By both daemons: which address, and why; no place in a library's source."""
    with running(replicas=1) as chain, socket.create_server(("127.0.0.1", 0)) as taken:
        here, free = f"127.0.0.1:{taken.getsockname()[1]}", "127.0.0.1:0"
        plan = json.loads((chain.dir / "chain.json").read_text())
        chain.kill("n1")
        chaind = [str(BIN / "chaind"), "--name", "n1", "--data-dir", str(chain.dir / "n1"), "--configd", f"127.0.0.1:{plan['configd']}"]
        for words in (
            [str(BIN / "configd"), "--data-dir", str(chain.dir / "another"), "--bootstrap", "n1", "--listen", here],
            [*chaind, "--replica-listen", here, "--client-listen", free, "--admin-listen", free],
            [*chaind, "--replica-listen", free, "--client-listen", here, "--admin-listen", free],
            [*chaind, "--replica-listen", free, "--client-listen", free, "--admin-listen", here],
        ):
            done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
            said = done.stdout + done.stderr
            assert done.returncode == 78 and f"cannot listen on {here}: Address already in use" in said, (words, said)
            assert ".hpp" not in said and " in function" not in said, said
