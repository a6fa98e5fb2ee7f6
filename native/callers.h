// Who calls, as /proc has it.
#ifndef CALLERS_H
#define CALLERS_H

#include <stdint.h>

typedef struct {
  uint32_t process;         // of which the calling thread is one; 0: nobody can tell
  double faults;            // minor ones of children that it has waited for; negative: nobody can tell
} caller_t;

// Neither of the two files that are read for this is ever kept from a reader, whatever the process is at.
caller_t caller_of (uint32_t thread);

// Of a thread that waits in close(2), where it is certain that it is all of its process, that this has no children, goes on after
// the close, and has nothing else open that may be a file of a mount of ours by that name: its faults, as of a caller. Else, and
// wherever one would have to wait for the process, or to look far, negative: that is for others, who may.
double faults_if_alone (uint32_t thread, const char *name);

#endif
