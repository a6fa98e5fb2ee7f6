// How the kernel's calls are laid out.
#ifndef REQUESTS_H
#define REQUESTS_H

#include <linux/fuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Bytes between a call's header and its names, or what is written.
size_t arguments_size (uint32_t opcode);
// How many names a call of this kind has that we look at, each with a 0 behind it: 0, 1 or 2.
uint32_t names_in (uint32_t opcode);
// Whether all that is looked at of a call is in its bytes. The kernel's calls are; what is not must not be read beyond its end.
bool request_is_whole (const struct fuse_in_header *in, size_t length);

#endif
