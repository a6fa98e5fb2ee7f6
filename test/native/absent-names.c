// Names that are not there: asked for again within moments the binding answers by itself, until something may have got them.
#include "scripted.h"

#include <errno.h>
#include <string.h>

static const uint64_t root = FUSE_ROOT_ID;
static const double long_enough = 60000;

// JavaScript says that it is not there, for so long.
static void tell_absent (uint64_t folder, const char *name, const char *path, double ms) {
  uint64_t unique = ask_name(FUSE_LOOKUP, folder, name);
  call_t *call = take_only(FUSE_LOOKUP, path);
  reply_absent(session, call, ms);
  const answer_t *answer = answer_to(unique);
  check(answer != NULL && answer->error == 0 && answer->length == sizeof(struct fuse_entry_out));
  const struct fuse_entry_out *out = (const struct fuse_entry_out *) answer->bytes;
  // No node: nothing is there. And the kernel believes it only for so long.
  check(out->nodeid == 0 && out->entry_valid == (uint64_t) ms / 1000);
  pthread_mutex_lock(&session->mutex);
  call_end(session, call);
  pthread_mutex_unlock(&session->mutex);
}

static bool is_answered_here (uint64_t folder, const char *name) {
  uint64_t unique = ask_name(FUSE_LOOKUP, folder, name);
  const answer_t *answer = answer_to(unique);
  if (answer != NULL) {
    check(answer->error == ENOENT);
    return true;
  }
  call_t *call = take();
  check(call != NULL);
  answer_error(call, ENOENT);
  return false;
}

static void asked_again () {
  scene_begin("what was just said not to be there is not asked for again");
  tell_absent(root, "f", "/f", long_enough);
  check(is_answered_here(root, "f"));
  check(is_answered_here(root, "f"));
  check(!is_answered_here(root, "g"));
  uint64_t folder = look(root, "d", "/d");
  check(!is_answered_here(folder, "f"));
  forget(folder, 1);
  // A folder's number may be another's from then on.
  check(!is_answered_here(root, "f"));
  scene_end();
}

static void for_a_moment () {
  scene_begin("when the moment is over it is asked for again");
  tell_absent(root, "f", "/f", 0.001);
  double until = now_ms() + 1;
  while (now_ms() < until);
  check(!is_answered_here(root, "f"));
  scene_end();
}

static void names_that_come () {
  scene_begin("whatever may give a name to something has it asked for again");
  const struct { uint32_t opcode; size_t head; } calls[] = {
    { FUSE_CREATE, sizeof(struct fuse_create_in) },
    { FUSE_MKDIR, sizeof(struct fuse_mkdir_in) },
    { FUSE_MKNOD, sizeof(struct fuse_mknod_in) },
  };
  char head[64] = { 0 };
  for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
    tell_absent(root, "f", "/f", long_enough);
    ask(calls[i].opcode, root, head, calls[i].head, "f", 2);
    answer_error(take_only(calls[i].opcode, "/f"), EIO);
    check(!is_answered_here(root, "f"));
  }
  uint64_t node = look(root, "other", "/other");
  tell_absent(root, "f", "/f", long_enough);
  ask_rename(root, "other", root, "f");
  answer_error(take_only(FUSE_RENAME, "/other"), 0);
  check(!is_answered_here(root, "f"));
  forget(node, 1);
  scene_end();
}

static void many_names () {
  scene_begin("the names that were told last are known");
  char name[2] = "a", path[3] = "/a";
  for (int i = 0; i < 2 * ABSENT_NAMES; i++) {
    name[0] = path[1] = 'A' + i;
    tell_absent(root, name, path, long_enough);
  }
  check(is_answered_here(root, name));
  check(!is_answered_here(root, "A"));
  scene_end();
}

int main () {
  asked_again();
  for_a_moment();
  names_that_come();
  many_names();
  return 0;
}
