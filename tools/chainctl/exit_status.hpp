#pragma once
// chainctl's exit statuses (docs/client_api.md 4.2; values of sysexits.h where it has one).

namespace chaind::chainctl
{

enum exit_status : int
{
    exit_done = 0,
    exit_failed = 1,
    exit_usage = 64,
    exit_bad_data = 65,
    exit_no_such_object = 66,
    exit_unavailable = 69,
    exit_bug = 70,
    exit_output_lost = 74,
    exit_unknown_outcome = 75,
    exit_not_permitted = 77,
    exit_configuration = 78,
    exit_interrupted = 130,  // Ctrl-C ended the waiting; what was asked goes on
};

// `status --check` speaks Nagios: 0 healthy, 1 degraded, 2 down, 3 unknown.
enum check_status : int
{
    check_healthy = 0,
    check_degraded = 1,
    check_down = 2,
    check_unknown = 3,
};

}  // namespace chaind::chainctl
