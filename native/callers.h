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

#endif
