#pragma once
// The canonical bytes of every row, as input of a digest. Two states have the same digest when they hold the
// same rows, however they keep them: both implementations of `state` add their rows here, table after table
// in the order of the overloads, each by rising key.

#include "base/hash.hpp"
#include "chat/command.hpp"
#include "chat/event.hpp"
#include "chat/rows.hpp"

namespace chaind::chat
{

void add(hasher& to, counters const& row);
void add(hasher& to, user const& row);          // by id
void add(hasher& to, session const& row);       // by token
void add(hasher& to, conversation const& row);  // by id
void add(hasher& to, member const& row);        // by conv, uid
void add(hasher& to, past_member const& row);   // by conv, uid, joined
void add(hasher& to, message const& row);       // by id
void add(hasher& to, mention const& row);       // by uid, conv, seq
void add(hasher& to, remembered const& row);    // by uid, cid bytes
void add(hasher& to, event const& row);         // by pos; the stored part

// Of an operation and its payload, without who and with which key; secrets that a retry makes afresh are left
// out.
digest fingerprint(command_body const& what);

}  // namespace chaind::chat
