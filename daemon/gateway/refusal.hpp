#pragma once
// Why something was not done, in the words of docs/client_api.md 1.10, for both surfaces.

#include "base/errc.hpp"
#include "chat/outcome.hpp"
#include "gateway/backend.hpp"
#include "wire/client_json.hpp"

#include <string>

namespace chaind::gateway
{

struct refusal
{
    chat::failure why;
    wire::error_details more;
};

refusal make_refusal(chat::api_errc code, std::string message, std::string field = {});
refusal refusal_of(chat::failure const& why);
refusal refusal_of(undecided const& why);
refusal refusal_of_read(error_code why);  // of backend::read and read_from
refusal page_refusal();                   // of page_turns::take

unsigned http_status(chat::api_errc code);

}  // namespace chaind::gateway
