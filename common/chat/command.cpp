#include "chat/command.hpp"

namespace chaind::chat
{

bool frees_room(command_body const& what)
{
    return std::holds_alternative<msg_delete>(what) || std::holds_alternative<session_create>(what) ||
           std::holds_alternative<session_revoke>(what) || std::holds_alternative<session_revoke_all>(what) ||
           std::holds_alternative<password_change>(what) || std::holds_alternative<conv_leave>(what) ||
           std::holds_alternative<conv_archive>(what) || std::holds_alternative<checkpoint>(what) ||
           std::holds_alternative<probe>(what);
}

}  // namespace chaind::chat
