// The table of commands. A command is written here and in one file of its own, nowhere else.

#include "chainctl/command.hpp"

#include <algorithm>
#include <array>

namespace chaind::chainctl
{
namespace
{

constexpr flag_help no_wait{
    "--no-wait", "return when the change is accepted; `chainctl status` shows how it goes"
};
constexpr flag_help wait_at_most{
    "--wait-at-most TIME", "give up waiting after so long (exit status 75); the change goes on"
};

constexpr std::array check_flag{
    flag_help{
        "--check",
        "for monitoring: exit 0 healthy, 1 degraded or read only, 2 down, 3 unknown, or nobody answers"
    },
};
constexpr std::array events_flag{
    flag_help{
        "--follow", "go on printing as things happen, also when the config service comes back, until Ctrl-C"
    },
};
constexpr std::array waiting_flags{no_wait, wait_at_most};
constexpr std::array move_flags{
    flag_help{"--to head|tail", "the place", true},
    no_wait,
    wait_at_most,
};
constexpr std::array replace_flags{
    flag_help{"--with NAME", "the machine that takes over; else the first that stands by"},
    no_wait,
    wait_at_most,
};
constexpr std::array force_flags{
    flag_help{"--i-understand-data-may-be-lost", "without it nothing is asked and nothing done"},
};
constexpr std::array token_flags{
    flag_help{"--ttl TIME", "how long it is good for, 1s to 10m (default 10m)"},
};
constexpr std::array join_flags{
    flag_help{"--token -", "read the token of `chainctl join-token create` from standard input", true},
    flag_help{
        "--token-file FILE", "read it from there; --token TOKEN works, too, but `ps` shows it to everybody"
    },
    flag_help{"--name NAME", "of this machine in the chain (default: its host name)"},
    flag_help{"--config FILE", "configuration to write, mode 0600 (default /etc/chaind/chaind.conf)"},
    flag_help{"--data-dir DIR", "for the database (default /var/lib/chaind)"},
    flag_help{"--client-listen ADDRESS", "for clients (default 127.0.0.1:8080)"},
    flag_help{
        "--client-plain", "clients of other machines may come, unencrypted, where ADDRESS is not loopback"
    },
    flag_help{"--replica-listen ADDRESS", "for other replicas (default 127.0.0.1:7401)"},
    flag_help{"--admin-listen ADDRESS", "for metrics (default 127.0.0.1:7402)"},
    flag_help{"--no-start", "write the configuration and present the token, start nothing"},
    no_wait,
    wait_at_most,
};
constexpr std::array verify_flags{
    flag_help{"--deep", "also let each replica in turn read all its rows again and prove them"},
};
constexpr std::array backup_create_flags{
    flag_help{
        "--node NAME", "the machine of the chain whose database, kept here, is read (default: the tail)"
    },
    flag_help{
        "--data-dir DIR",
        "the data folder of a replica, running or not, in the chain or not, instead of asking configd"
    },
};
constexpr std::array restore_flags{
    flag_help{"--data-dir DIR", "the new replica's data folder; must hold no database", true},
};

constexpr std::array table_of_commands{
    command{
        "see",
        "status",
        "",
        "How the chain is: machines head to tail, what is behind, what has failed",
        "Asks the config service. When that does not answer within 3 s, or --timeout, asks all replicas that "
        "it last knew at the same time, each for at most 2 s, and says so.",
        check_flag,
        run_status
    },
    command{
        "see",
        "nodes",
        "",
        "Every machine known to the config service, members or not",
        "One line a machine: its role in the chain, whether it is heard, and why it is not a member.",
        {},
        run_nodes
    },
    command{
        "see",
        "watch",
        "",
        "status again whenever it changes, until Ctrl-C",
        "On a terminal the screen is redrawn; otherwise each change is one line of JSON.",
        {},
        run_watch
    },
    command{
        "see",
        "events",
        "",
        "What the config service decided, oldest first",
        "Removals, new epochs, machines taken back, refusals, each with its reason; and what administrators "
        "asked for: `asked`, and `declined` where that was refused, `undecided` where nothing was decided in "
        "time.",
        events_flag,
        run_events
    },
    command{
        "see",
        "version",
        "",
        "The versions of chainctl, the config service and each replica",
        "",
        {},
        run_version
    },
    command{
        "grow and shrink",
        "join-token create",
        "",
        "Make a token that lets one machine join, once and soon",
        "It carries the cluster's identity. On the new machine: chainctl join HOST:PORT --token -, where "
        "HOST:PORT is where configd listens, and the token is typed or piped in: among the arguments, every "
        "user "
        "of the machine could read it.",
        token_flags,
        run_join_token
    },
    command{
        "grow and shrink",
        "join",
        "HOST:PORT",
        "Make this machine a replica of the chain whose configd listens there",
        "Writes the configuration, presents the token, starts chaind (by systemd where its unit is "
        "installed) "
        "and waits until it takes writes. A refusal leaves nothing running. Where its chaind runs already it "
        "waits for that one and uses no token; one that was removed or never let in is to be stopped first.",
        join_flags,
        run_join
    },
    command{
        "grow and shrink",
        "add-node",
        "NAME [ADDRESS]",
        "Take a machine into the chain, which then wants all machines that there are",
        "ADDRESS is where its chaind listens for replicas; a machine that was here before is found where it "
        "was. The machine gets what it lacks from a replica "
        "while the chain goes on, then becomes the tail. Ctrl-C ends the waiting, not the joining (exit "
        "status 130). The same command twice is fine.",
        waiting_flags,
        run_add_node
    },
    command{
        "grow and shrink",
        "remove-node",
        "NAME",
        "Take a machine out of the chain for good",
        "Every acknowledged message stays on the machines that remain. The last machine is never removed. A "
        "machine taken out this way comes back by `add-node`, or by `join` with a new token.",
        {},
        run_remove_node
    },
    command{
        "grow and shrink",
        "drain",
        "NAME",
        "Send a machine's clients to the others, then take it out for maintenance",
        "Its clients are told first, with the addresses to go to. A machine that stands by takes its place; "
        "`undrain` brings it back. Where one other machine alone has every message, this asks first; --yes "
        "does not.",
        waiting_flags,
        run_drain
    },
    command{
        "grow and shrink",
        "undrain",
        "NAME",
        "Bring a drained machine back as tail",
        "It gets what it missed and nothing else.",
        waiting_flags,
        run_undrain
    },
    command{
        "grow and shrink",
        "move",
        "NAME",
        "Make a machine the head or the tail",
        "To the tail: it leaves the chain for a moment and returns at its end. To the head: the machines "
        "before it do, one after the other. The chain is never without at least one complete member. Where "
        "one "
        "machine alone would have every message meanwhile, this asks first; --yes answers.",
        move_flags,
        run_move
    },
    command{
        "grow and shrink",
        "replace",
        "NAME",
        "Exchange a machine for another without being one short",
        "The new machine joins first; when it has everything the old one leaves for good.",
        replace_flags,
        run_replace
    },
    command{
        "grow and shrink",
        "replicas want",
        "N",
        "How many machines the chain should have",
        "A registered machine that is in no chain stands by; it is brought in when the chain is shorter than "
        "this. No member is put out by it. More than the machines that are known is asked about first.",
        {},
        run_want
    },
    command{
        "change",
        "force-epoch",
        "[NAME]",
        "Go on with one machine alone when the others are gone for ever",
        "Only when the chain cannot go on by itself. NAME may be left out when one machine alone is there. "
        "What "
        "the lost machines had acknowledged and it does not hold is gone; clients notice by the new lineage "
        "and fetch everything again.",
        force_flags,
        run_force_epoch
    },
    command{
        "data",
        "verify",
        "",
        "Compare the state of all replicas at one position",
        "Each replica keeps a sum over all rows of its database as it writes them; compares these sums at "
        "the "
        "same position of the log, at once. With --deep, one replica after the other also reads all its rows "
        "and adds them up, slowly (snapshot-share), which finds what a disk has changed; Ctrl-C ends it, and "
        "only one such reading is under way in a chain. Exit status 0: equal, 1: different, changed, or a "
        "replica that did not answer.",
        verify_flags,
        run_verify
    },
    command{
        "data",
        "backup create",
        "[FILE]",
        "Write everything into one file, while the chain goes on",
        "Reads the database of a replica on this machine in one read transaction. A machine that is not in "
        "the chain lacks what was acknowledged since, and is read by --data-dir alone. FILE (default: "
        "chaind-DATE.backup here) must not exist; it gets mode 0600 and holds messages, accounts and "
        "sessions: keep it as you keep passwords.",
        backup_create_flags,
        run_backup_create
    },
    command{
        "data",
        "backup list",
        "[DIR]",
        "The backups in a folder, by their manifests",
        "Default: this folder. Reads the manifests alone; `backup verify` checks what they promise.",
        {},
        run_backup_list
    },
    command{
        "data",
        "backup verify",
        "FILE",
        "Check a backup from the first byte to the last",
        "The database's structure, the hash chain of its log and the state's digest against the manifest. "
        "Exit status 65 says that the file is damaged, and how.",
        {},
        run_backup_verify
    },
    command{
        "data",
        "backup restore",
        "FILE",
        "Make a new replica's data folder from a backup",
        "Verifies first. The replica that starts on it begins a new chain with a new lineage: start a new "
        "configd with it as bootstrap; other machines join it empty.",
        restore_flags,
        run_backup_restore
    },
    command{
        "practice",
        "drill",
        "kill-head|kill-middle|kill-tail",
        "Kill one machine's chaind and measure the gap",
        "The process ends as by kill -9. Until the chain serves again, small writes through the machines "
        "that remain measure how long clients had to wait. Asks first; --yes does not.",
        {},
        run_drill
    },
    command{
        "shell", "completion", "bash|zsh|fish", "Print the shell's completion script", "", {}, run_completion
    },
    command{"shell", "man", "", "Print the man page (roff)", "", {}, run_man},
    command{"shell", "help", "[COMMAND] [SUBCOMMAND]", "This list, or one command in full", "", {}, run_help},
};

constexpr std::array global_options{
    flag_help{
        "--endpoint WHERE",
        "the config service: unix:PATH, its socket, or http://HOST:PORT where something forwards to that "
        "(default: $CHAINCTL_ENDPOINT, else unix:/var/lib/configd/configd.sock); of several the last one "
        "counts"
    },
    flag_help{"-o, --output table|wide|json|jsonl|name", "what the answer looks like"},
    flag_help{
        "--timeout SECONDS", "for one answer of the config service (default 3, of a change 25, of verify 6)"
    },
    flag_help{"--yes", "do not ask before what destroys, or leaves a chain of one"},
    flag_help{
        "--dry-run", "say what would be done, or how it would be refused (with that exit status); do nothing"
    },
    flag_help{"--if-epoch EPOCH", "change nothing unless the chain is still in this epoch (see status)"},
    flag_help{"--request-id ID", "the same change asked for again under the same id is made once"},
    flag_help{"--help", "help on a command"},
};

}  // namespace

std::string invocation::value(std::string_view flag, std::string fallback) const
{
    auto const found = flags.find(flag);
    return found == flags.end() ? std::move(fallback) : found->second;
}

std::span<command const> commands()
{
    return table_of_commands;
}

std::span<flag_help const> global_flags()
{
    return global_options;
}

command const* find_command(std::string_view name)
{
    auto found = std::find_if(
        table_of_commands.begin(), table_of_commands.end(), [&](command const& c) { return c.name == name; }
    );
    return found == table_of_commands.end() ? nullptr : &*found;
}

std::vector<std::string> subcommands(std::string_view first)
{
    std::vector<std::string> out;
    for (auto const& c : table_of_commands)
        if (c.name.size() > first.size() && c.name.starts_with(first) && c.name[first.size()] == ' ')
            out.emplace_back(c.name.substr(first.size() + 1));
    return out;
}

}  // namespace chaind::chainctl
