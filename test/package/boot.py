"""Three machines, from nothing to a chain, by the commands of docs/operations.md; then what machines do: die, and go."""
import asyncio
import json
import re

from machines import BOOT_LIMIT_S, ROOT
from chain import wait_for
from chat import Client, post, register

FIRST = "written when there was one machine"
kept = {}  # the account, the room and what was acknowledged, from one step to the next


def commands(number):
    """The shell blocks under "On three machines" in the guide, as they stand there."""
    guide = (ROOT / "docs" / "operations.md").read_text()
    chapter = re.search(r"^## On three machines\n(.*?)^## ", guide, re.S | re.M)[1]
    blocks = re.findall(r"^```bash\n(.*?)^```", chapter, re.S | re.M)
    assert len(blocks) == 6, len(blocks)
    return blocks[number]


LINKS, LINKS_OF_N1, FIRST_MACHINE, TOKEN, JOIN, GO = range(6)


def restore_commands():
    """Those of "Backup and restore" for systemd: on each machine, and then on the first."""
    guide = (ROOT / "docs" / "operations.md").read_text()
    chapter = re.search(r"^## Backup and restore\n(.*?)^## ", guide, re.S | re.M)[1]
    blocks = re.findall(r"^```bash\n(.*?)^```", chapter, re.S | re.M)
    assert len(blocks) == 2, len(blocks)
    return blocks


def on(text, machine):
    """The guide shows the commands for n1 or n2; this is how they look on that machine."""
    number = machine.name[1:]
    others = " ".join(f"chaind-link@n{i}" for i in (1, 2, 3) if str(i) != number)
    text = text.replace("chaind-link@n2 chaind-link@n3", others)
    return text.replace("10.0.0.2", machine.address).replace("7412", f"741{number}")


def status(machine):
    return json.loads(machine.says("chainctl status -o json || true"))


def chain(machine):
    return [node["name"] for node in status(machine)["chain"]]


def wait_chain(machine, *names):
    wait_for(lambda: chain(machine) == list(names), f"the chain {' '.join(names)}")


def ready(machine):
    try:
        return post(machine.url, "/readyz?role=write", None, method="GET")[0] == 200
    except OSError:
        return False


def say(machine, body):
    """Sends a message there; on how many disks it was when it was acknowledged."""

    async def send():
        async with Client(machine.url, kept["token"]) as client:
            if "room" not in kept:
                kept["room"] = (await client.change("conv.create", {"kind": "room", "name": "general", "priv": False}))["d"]["conv"]
            return (await client.change("msg.send", {"conv": kept["room"], "body": body, "fmt": "plain"}))["d"]["replicas"]

    replicas = asyncio.run(send())
    kept.setdefault("said", []).append(body)
    return replicas


def check_history(machine):
    """Everything that was acknowledged is read there, once and in order."""

    async def read():
        async with Client(machine.url, kept["token"]) as client:
            return [m["body"] for m in await client.whole_history(kept["room"])]

    assert asyncio.run(read()) == kept["said"]


def test_the_links_of_the_guide_come_up_by_themselves(site):
    for machine in site.machines:
        machine.shell(commands(LINKS))
        machine.shell(on(commands(LINKS_OF_N1), machine))
    for machine in site.machines:
        wait_for(lambda m=machine: m.says("ss -Hltn 'sport >= 7400 and sport <= 7420' | wc -l") in ("2", "3"), "the links' ends")


def test_the_first_machine_is_a_chain_of_one(site):
    n1 = site.machines[0]
    assert n1.says("systemctl list-unit-files --no-legend chaind.service configd.service || true") == ""
    n1.shell(commands(FIRST_MACHINE))
    wait_for(lambda: ready(n1), "n1 to serve")
    kept["token"] = register(n1.url, "ana")["token"]
    assert say(n1, FIRST) == 1
    assert n1.says("stat -c '%U:%G %a' /etc/chaind /var/lib/chaind /var/lib/configd").splitlines() == [
        "root:chaind 750", "chaind:chaind 700", "chaind:chaind 700",
    ]  # fmt: skip
    assert n1.says("ps -o user= -C chaind,configd").split() == ["chaind", "chaind"]


def joins(site, machine):
    n1 = site.machines[0]
    before = chain(n1)
    assert machine.says("command -v chaind chainctl || true") == ""
    token = n1.says(commands(TOKEN) + 'echo "$token"')
    install, join = on(commands(JOIN), machine).strip().splitlines()
    # Exactly two commands, and nothing of chaind runs before the second.
    machine.shell(install)
    assert machine.says("pgrep -x chaind || true") == ""
    machine.shell(f"token={token}\n{join}")
    assert ready(machine), "join ended before the machine served"
    wait_chain(n1, *before, machine.name)
    assert machine.says("systemctl is-enabled chaind; systemctl is-active chaind").split() == ["enabled", "active"]
    assert machine.says("stat -c '%U %a' /etc/chaind/chaind.conf") == "chaind 600"
    assert token not in machine.says("cat /etc/chaind/* /var/lib/chaind/*.json")
    check_history(machine)
    assert say(machine, f"from {machine.name}") == len(before) + 1


def test_two_commands_make_a_bare_machine_a_serving_replica(site):
    joins(site, site.machines[1])


def test_two_commands_make_the_third_one_too(site):
    joins(site, site.machines[2])
    assert site.machines[0].says("chainctl status --check > status.txt && echo healthy") == "healthy"
    for machine in site.machines:
        check_history(machine)


def test_a_killed_chaind_is_started_again_and_comes_back(site):
    n1, _, n3 = site.machines
    n3.shell("kill -9 $(systemctl show --property MainPID --value chaind)")
    wait_for(lambda: n3.says("systemctl show --property NRestarts --value chaind") == "1", "systemd to start chaind again")
    wait_for(lambda: status(n1)["state"] == "healthy" and len(chain(n1)) == 3 and ready(n3), "a whole chain")
    check_history(n3)
    assert say(n3, "after the kill") == 3


def test_the_chain_goes_on_without_the_machine_of_its_head(site):
    n1, n2, n3 = site.machines
    n1.shell("chainctl move n2 --to head")
    assert chain(n1)[0] == "n2"
    n2.power_off()
    wait_for(lambda: sorted(chain(n1)) == ["n1", "n3"] and ready(n3), "the chain without its head")
    check_history(n3)
    assert say(n3, "without the head's machine") == 2
    check_history(n1)


def boots_into_the_tail(machine, other):
    machine.boot()
    wait_for(
        lambda: status(other)["state"] == "healthy" and chain(other)[-1] == machine.name and ready(machine),
        f"{machine.name} at the tail",
        BOOT_LIMIT_S,
    )
    check_history(machine)
    assert say(machine, f"{machine.name} is back") == 3


def test_a_machine_that_is_switched_on_again_is_back_by_itself(site):
    n1, n2, _ = site.machines
    boots_into_the_tail(n2, n1)


def test_the_power_of_the_heads_machine_may_be_cut(site):
    n1, n2, n3 = site.machines
    n1.shell("chainctl move n3 --to head")
    assert chain(n1)[0] == "n3"
    n3.cut_power()
    wait_for(lambda: sorted(chain(n1)) == ["n1", "n2"] and ready(n2), "the chain without its head")
    assert say(n2, "without power") == 2
    boots_into_the_tail(n3, n1)


def test_an_upgrade_restarts_chaind_and_keeps_its_configuration(site):
    n1, _, n3 = site.machines
    configured = n3.says("cat /etc/chaind/chaind.conf")
    n3.shell(
        "dpkg-deb -R chaind_*.deb newer && rm chaind_*.deb\n"
        "sed -i 's/^Version: .*/&+newer/' newer/DEBIAN/control && echo '# A new explanation.' >> newer/etc/chaind/chaind.conf\n"
        "dpkg-deb --root-owner-group -Zgzip -z1 -b newer chaind_newer.deb"
    )
    before = n3.says("systemctl show --property MainPID --value chaind")
    n3.shell("apt install --yes -o Dpkg::Options::=--force-confold ./chaind_newer.deb")
    assert n3.says("dpkg-query -W -f '${Version}' chaind").endswith("+newer")
    after = n3.says("systemctl show --property MainPID --value chaind")
    assert after not in ("0", before), (before, after)
    assert n3.says("cat /etc/chaind/chaind.conf") == configured
    wait_for(lambda: status(n1)["state"] == "healthy" and "n3" in chain(n1) and ready(n3), "n3 in the chain")
    check_history(n3)


def test_the_package_goes_and_leaves_the_data(site):
    n1, _, n3 = site.machines
    n1.shell(on(commands(GO), n3).splitlines()[0].replace("n2", "n3"))
    assert sorted(chain(n1)) == ["n1", "n2"]
    n3.shell("\n".join(commands(GO).splitlines()[1:]))
    assert n3.says("pgrep -x chaind || true") == ""
    assert n3.says("ls -d /etc/chaind/*.conf /etc/systemd/system/multi-user.target.wants/chaind.service 2>/dev/null || true") == ""
    assert n3.says("systemctl list-unit-files --no-legend chaind.service || true") == ""
    assert n3.says("stat -c '%U %a' /var/lib/chaind /var/lib/chaind/chain.db").splitlines() == ["chaind 700", "chaind 600"]
    check_history(n1)


def test_a_backup_is_restored_by_the_commands_of_the_guide(site):
    n1, n2, _ = site.machines
    each, first = restore_commands()
    n1.shell("chainctl backup create /root/monday.backup")
    in_the_backup = list(kept["said"])
    lineage = status(n1)["lineage"]
    say(n1, "after the backup")
    for machine in (n1, n2):
        machine.shell(each)
    n1.shell(first)
    wait_for(lambda: ready(n1), "n1 to serve again")
    kept["said"] = in_the_backup
    check_history(n1)
    assert status(n1)["lineage"] != lineage and chain(n1) == ["n1"]
    token = n1.says(commands(TOKEN) + 'echo "$token"')
    n2.shell(f"token={token}\n{on(commands(JOIN), n2).strip().splitlines()[1]}")
    wait_chain(n1, "n1", "n2")
    check_history(n2)
    assert say(n2, "in the restored chain") == 2
