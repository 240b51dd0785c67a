#include "sim/applications.hpp"

#include <stdexcept>
#include <string>

namespace chaind::sim
{

app_kind application(std::string_view name)
{
    if (name == "plain") return plain_app();
    if (name == "chat") return chat_application();
    if (name == "sqlite") return chat_on_sqlite();
    throw std::invalid_argument("no application " + std::string(name));
}

}  // namespace chaind::sim
