// The binding's threads between a kernel and a JavaScript that do one thing at a time, as a scene wants it.
#ifndef SCRIPTED_H
#define SCRIPTED_H

#include "../../native/session.h"

// What came of a call: bytes behind the header.
typedef struct {
  uint64_t unique;
  int error;                // positive
  size_t length;
  _Alignas(8) char bytes[4096];
} answer_t;

extern session_t *session;
// Of the scene that is played: for what is wrong.
extern const char *scene;

#define check(is_so) check_at((is_so), #is_so, __LINE__)
void check_at (bool is_so, const char *what, int line);

void scene_begin (const char *name);
// Nothing may be left: everything was forgotten, closed and answered.
void scene_end ();

// The kernel asks, and the thread that read it has done all that it does. Returns the call's number.
uint64_t ask (uint32_t opcode, uint64_t node, const void *head, size_t head_length, const void *tail, size_t tail_length);
uint64_t ask_by (uint32_t pid, uint32_t opcode, uint64_t node, const void *head, size_t head_length, const void *tail, size_t tail_length);
// With a header that says this length, and so many of the bytes.
uint64_t ask_cut (uint32_t opcode, const void *bytes, size_t length, uint32_t told_length);
void interrupt (uint64_t unique);
void forget (uint64_t node, uint64_t lookups);
// Its answer, once; NULL: there is none yet.
const answer_t *answer_to (uint64_t unique);
// Of interrupts that the kernel is to say again.
uint32_t interrupts_refused ();

// Begins a mount with a kernel of this version, whose first call has so many bytes behind the header. Returns what session_greet does.
int greet (uint32_t major, uint32_t minor, size_t length, struct fuse_init_out *out);

// Called by each thread that is about to give an answer, if there is one.
extern void (*before_answer) (void);
// How often JavaScript was woken.
uint32_t wakes_so_far ();
// JavaScript gets the next call; NULL: there is none for it.
call_t *take ();
// It gets one of this kind, and nothing else waits.
call_t *take_only (uint32_t opcode, const char *path);
void answer_error (call_t *call, int error);
// It was answered.
void end (call_t *call);
// Both return whether it counts, or is to be found once more.
bool answer_entry (call_t *call, double size);
bool answer_attr (call_t *call, double size);

// Whole dialogues.
uint64_t look (uint64_t folder, const char *name, const char *path);
// Returns the handle as the kernel knows it.
uint64_t open_file (uint64_t node, const char *path, uint64_t handle);
uint64_t open_as (uint64_t node, const char *path, const opening_t *opening);
uint64_t ask_name (uint32_t opcode, uint64_t folder, const char *name);
uint64_t ask_rename (uint64_t folder, const char *name, uint64_t other, const char *to);
uint64_t ask_node (uint32_t opcode, uint64_t node, uint64_t handle);

#endif
