#pragma once
// Which of the threads that want a processor gets it first.

namespace chaind::runtime
{

// Puts the calling thread in front of those that were started like it, by a few steps of nice(2): for what
// others judge a machine by, heartbeats above all. Asked for and not insisted on: it needs LimitNICE= of the
// unit, or root.
void come_first();

}  // namespace chaind::runtime
