// The kernel's calls as they may come: cut, of older kernels, interrupted early or late, with little room for the answer.
#include "scripted.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint64_t root = FUSE_ROOT_ID;

static void cut () {
  scene_begin("a call that is cut, or tells another length, is refused, and nothing is read behind its end");
  static const struct { uint32_t opcode; size_t arguments; const char *names; size_t length; } all[] = {
    { FUSE_LOOKUP, 0, "name", 5 }, { FUSE_GETATTR, sizeof(struct fuse_getattr_in), "", 0 }, { FUSE_SETATTR, sizeof(struct fuse_setattr_in), "", 0 },
    { FUSE_OPEN, sizeof(struct fuse_open_in), "", 0 }, { FUSE_READ, sizeof(struct fuse_read_in), "", 0 }, { FUSE_MKDIR, sizeof(struct fuse_mkdir_in), "name", 5 },
    { FUSE_CREATE, sizeof(struct fuse_create_in), "name", 5 }, { FUSE_RENAME, sizeof(struct fuse_rename_in), "one\0two", 8 }, { FUSE_UNLINK, 0, "name", 5 },
    { FUSE_RELEASE, sizeof(struct fuse_release_in), "", 0 }, { FUSE_READDIR, sizeof(struct fuse_read_in), "", 0 },
    { FUSE_READDIRPLUS, sizeof(struct fuse_read_in), "", 0 },
    { FUSE_RELEASEDIR, sizeof(struct fuse_release_in), "", 0 }, { FUSE_FLUSH, sizeof(struct fuse_flush_in), "", 0 }, { FUSE_FSYNC, sizeof(struct fuse_fsync_in), "", 0 },
    { FUSE_ACCESS, sizeof(struct fuse_access_in), "", 0 }, { FUSE_GETXATTR, sizeof(struct fuse_getxattr_in), "name", 5 },
    { FUSE_LISTXATTR, sizeof(struct fuse_getxattr_in), "", 0 },
  };
  for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
    char bytes[256] = { 0 };
    memcpy(bytes + all[i].arguments, all[i].names, all[i].length);
    size_t whole = all[i].arguments + all[i].length;
    for (size_t length = 0; length < whole; length += 1 + length / 8) {
      check(answer_to(ask_cut(all[i].opcode, bytes, length, length))->error == EINVAL);
    }
    check(answer_to(ask_cut(all[i].opcode, bytes, whole, whole + 1))->error == EINVAL);
  }
  check(take() == NULL);
  scene_end();
}

static void cut_without_answer () {
  scene_begin("what wants no answer gets none, also where it is cut");
  struct fuse_batch_forget_in many = { .count = 1 << 30 };
  check(answer_to(ask_cut(FUSE_BATCH_FORGET, &many, sizeof(many), sizeof(many))) == NULL);
  check(answer_to(ask_cut(FUSE_BATCH_FORGET, &many, 3, 3)) == NULL);
  check(answer_to(ask_cut(FUSE_FORGET, &many, 4, 4)) == NULL);
  check(answer_to(ask_cut(FUSE_INTERRUPT, &many, 4, 4)) == NULL);
  scene_end();
}

static void written_beyond () {
  scene_begin("a write of more bytes than came with it is refused, and its buffer given back");
  char bytes[sizeof(struct fuse_write_in) + 10] = { 0 };
  struct fuse_write_in in = { .fh = 1, .size = 11 };
  memcpy(bytes, &in, sizeof(in));
  for (uint32_t i = 0; i < 2 * BUFFERS; i++) check(answer_to(ask_cut(FUSE_WRITE, bytes, sizeof(bytes), sizeof(bytes)))->error == EINVAL);
  scene_end();
}

static void long_names () {
  scene_begin("a name that is too long is told so");
  char name[300];
  memset(name, 'a', sizeof(name));
  name[256] = 0;
  check(answer_to(ask_name(FUSE_LOOKUP, root, name))->error == ENAMETOOLONG);
  name[255] = 0;
  uint64_t unique = ask_name(FUSE_LOOKUP, root, name);
  answer_error(take(), ENOENT);
  check(answer_to(unique)->error == ENOENT);
  scene_end();
}

static void unknown () {
  scene_begin("what is not known is told once, and not asked again");
  static const uint32_t opcodes[] = { FUSE_IOCTL, FUSE_POLL, FUSE_LSEEK, FUSE_FALLOCATE, FUSE_RENAME2, FUSE_COPY_FILE_RANGE, 12345 };
  for (size_t i = 0; i < sizeof(opcodes) / sizeof(*opcodes); i++) check(answer_to(ask_cut(opcodes[i], "", 0, 0))->error == ENOSYS);
  scene_end();
}

static uint64_t ask_xattr (const char *name, uint32_t room) {
  struct fuse_getxattr_in in = { .size = room };
  if (name == NULL) return ask(FUSE_LISTXATTR, root, &in, sizeof(in), NULL, 0);
  return ask(FUSE_GETXATTR, root, &in, sizeof(in), name, strlen(name) + 1);
}

static const answer_t *xattr (const char *name, uint32_t room, const char *value) {
  uint64_t unique = ask_xattr(name, room);
  call_t *call = take_only(name == NULL ? FUSE_LISTXATTR : FUSE_GETXATTR, "/");
  check(name == NULL ? call->other_name == NULL : strcmp(call->other_name, name) == 0);
  reply_xattr(session, call, value, strlen(value));
  end(call);
  return answer_to(unique);
}

static void xattrs () {
  scene_begin("of extended attributes JavaScript is asked for ours alone, and for none without them; none are access lists");
  for (int tells = 0; tells < 2; tells++) {
    session->tells_xattrs = tells == 1;
    check(answer_to(ask_xattr("system.posix_acl_access", 0))->error == EOPNOTSUPP);
    check(answer_to(ask_xattr("security.selinux", 255))->error == EOPNOTSUPP);
    check(answer_to(ask_xattr("", 20))->error == EOPNOTSUPP);
    check(answer_to(ask_xattr("user.as2", 20))->error == (tells ? ENODATA : EOPNOTSUPP));
    // A kernel that asks before each write is told that it need not ask for anything any more, if there is nothing.
    session->is_asked_once = false;
    check(answer_to(ask_xattr("security.capability", 20))->error == (tells ? ENODATA : ENOSYS));
    session->is_asked_once = true;
    check(answer_to(ask_xattr("security.capability", 20))->error == ENODATA);
    if (tells) continue;
    check(answer_to(ask_xattr("user.as2.key", 0))->error == EOPNOTSUPP);
    check(answer_to(ask_xattr(NULL, 0))->error == ENOSYS);
  }
  check(take() == NULL);
  const answer_t *size = xattr("user.as2.key", 0, "AS2/files");
  check(size->error == 0 && ((const struct fuse_getxattr_out *) size->bytes)->size == 9);
  check(xattr("user.as2.key", 8, "AS2/files")->error == ERANGE);
  const answer_t *value = xattr("user.as2.key", 9, "AS2/files");
  check(value->error == 0 && value->length == 9 && memcmp(value->bytes, "AS2/files", 9) == 0);
  check(xattr(NULL, 100, "user.as2.key")->length == 12);
  check(xattr("user.as2.etag", 100, "")->length == 0);
  char name[300];
  memset(name, 'a', sizeof(name));
  name[256] = 0;
  check(answer_to(ask_xattr(name, 9))->error == ERANGE);
  uint64_t unique = ask_xattr("user.as2.none", 9);
  answer_error(take(), ENODATA);
  check(answer_to(unique)->error == ENODATA);
  scene_end();
}

static void interrupted () {
  scene_begin("an interrupt before its call, or after its answer, is one that the kernel says again; JavaScript is told of who dies");
  pid_t child = fork();
  if (child == 0) for (;;) pause();
  int status;
  kill(child, SIGSTOP);
  waitpid(child, &status, WUNTRACED);
  kill(child, SIGTERM);
  check(interrupts_start(session));
  interrupt(4000000);
  check(interrupts_refused() == 1);

  uint64_t living = ask_name(FUSE_LOOKUP, root, "a");
  uint64_t dying = ask_by(child, FUSE_LOOKUP, root, NULL, 0, "b", 2);
  interrupt(living);
  interrupt(dying);
  for (bool is_told = false; !is_told;) {
    pthread_mutex_lock(&session->mutex);
    is_told = session->dying_count > 0;
    for (uint32_t i = 0; i < session->dying_count; i++) check(session->dying[i] == dying);
    pthread_mutex_unlock(&session->mutex);
    if (!is_told) usleep(1000);
  }
  for (int i = 0; i < 2; i++) answer_error(take(), ENOENT);
  interrupt(dying);
  check(interrupts_refused() == 2);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  scene_end();
}

static uint64_t open_folder () {
  struct fuse_open_in in = { .flags = 0 };
  const answer_t *answer = answer_to(ask(FUSE_OPENDIR, root, &in, sizeof(in), NULL, 0));
  return ((const struct fuse_open_out *) answer->bytes)->fh;
}

static const answer_t *read_folder (uint64_t handle, uint64_t position, uint32_t size) {
  struct fuse_read_in in = { .fh = handle, .offset = position, .size = size };
  uint64_t unique = ask(FUSE_READDIR, root, &in, sizeof(in), NULL, 0);
  // Only from its beginning it is asked for anew.
  if (position > 0) return answer_to(unique);
  call_t *call = take_only(FUSE_READDIR, "/");
  static const char names[] = "da\0fbb\0Fccc\0identity\0f" "a name that is longer than the others";
  char *own = calloc(1, sizeof(names) + NAMES_END);
  memcpy(own, names, sizeof(names));
  folder_own(session, call->folder, own, sizeof(names));
  folder_reply(session, call->unique, call->folder, &(folder_read_t) {
    .node = call->node, .path = call->path, .position = call->position, .size = call->length,
  });
  pthread_mutex_lock(&session->mutex);
  call_end(session, call);
  pthread_mutex_unlock(&session->mutex);
  return answer_to(unique);
}

static void little_room () {
  scene_begin("a folder is read whole with room for one entry at a time, and nothing is given where there is none");
  static const char *names[] = { ".", "..", "a", "bb", "ccc", "a name that is longer than the others" };
  uint64_t handle = open_folder();
  for (uint32_t size = 0; size < FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + 1); size++) check(read_folder(handle, 0, size)->length == 0);
  uint64_t position = 0;
  for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
    size_t length = strlen(names[i]), bytes = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + length);
    check(read_folder(handle, position, bytes - 1)->length == 0);
    const answer_t *answer = read_folder(handle, position, bytes);
    const struct fuse_dirent *entry = (const struct fuse_dirent *) answer->bytes;
    check(answer->length == bytes && entry->namelen == length && memcmp(entry->name, names[i], length) == 0);
    check(entry->type == (i < 3 ? DT_DIR : DT_REG) && entry->ino != 0 && entry->off > position);
    position = entry->off;
  }
  check(read_folder(handle, position, 4000)->length == 0);
  check(read_folder(handle, UINT32_MAX, 4000)->length == 0);
  // From a place in the middle of an entry it goes on with the next one.
  check(((const struct fuse_dirent *) read_folder(handle, 4, 4000)->bytes)->namelen == 2);
  struct fuse_release_in release = { .fh = handle };
  check(answer_to(ask(FUSE_RELEASEDIR, root, &release, sizeof(release), NULL, 0))->error == 0);
  scene_end();
}

// Of the folder `view`, which is kept: a folder `sub` and a file of 7 bytes.
static const answer_t *read_with_attributes (uint64_t node, uint64_t handle, uint64_t position, uint32_t size) {
  struct fuse_read_in in = { .fh = handle, .offset = position, .size = size };
  return answer_to(ask(FUSE_READDIRPLUS, node, &in, sizeof(in), NULL, 0));
}

static const struct fuse_direntplus *entry_behind (const struct fuse_direntplus *entry) {
  return (const struct fuse_direntplus *) ((const char *) entry + FUSE_DIRENTPLUS_SIZE(entry));
}

static void keep_view (uint32_t ms) {
  static const char names[] = "dsub\0ffile";
  const double numbers[] = { 0, 1000, 7, 2000 };
  session->folder[A_MODE] = S_IFDIR | 0555;
  session->file[A_MODE] = S_IFREG | 0444;
  kept_add(&session->kept, "/view", KEPT_WHOLE, &(kept_names_t) { names, sizeof(names), numbers, 2 }, ms);
}

static void with_attributes () {
  scene_begin("what is kept is read with its attributes, as if each were looked up, and only while it is kept");
  uint64_t view = look(root, "view", "/view");
  uint64_t handle = open_folder();
  keep_view(60000);
  // With the beginning the kernel asks for them whether anybody wants them or not.
  const answer_t *answer = read_with_attributes(view, handle, 0, 4000);
  const struct fuse_direntplus *entry = (const struct fuse_direntplus *) answer->bytes;
  static const uint32_t lengths[] = { 1, 2, 3, 4 };
  for (size_t i = 0; i < 4; entry = entry_behind(entry)) check(entry->dirent.namelen == lengths[i++] && entry->entry_out.nodeid == 0);
  check((const char *) entry == answer->bytes + answer->length);

  // The kernel does not count what the folder's parent is told with.
  answer = read_with_attributes(view, handle, 1, 4000);
  entry = (const struct fuse_direntplus *) answer->bytes;
  check(entry->dirent.namelen == 2 && entry->entry_out.nodeid == 0);
  const struct fuse_direntplus *folder = entry_behind(entry), *file = entry_behind(folder);
  check((const char *) entry_behind(file) == answer->bytes + answer->length);
  check(folder->dirent.type == DT_DIR && folder->entry_out.attr.mode == (S_IFDIR | 0555) && folder->entry_out.entry_valid > 0);
  check(file->dirent.namelen == 4 && memcmp(file->dirent.name, "file", 4) == 0 && file->dirent.type == DT_REG);
  check(file->entry_out.attr.mode == (S_IFREG | 0444) && file->entry_out.attr.size == 7 && file->entry_out.attr.mtime == 2);
  uint64_t told = file->entry_out.nodeid, told_folder = folder->entry_out.nodeid, inode = file->entry_out.attr.ino, place = folder->dirent.off;
  check(told != 0 && told_folder != 0);

  const struct fuse_entry_out *found = (const struct fuse_entry_out *) answer_to(ask_name(FUSE_LOOKUP, view, "file"))->bytes;
  check(found->nodeid == told && found->attr.ino == inode && found->attr.size == 7);
  // One that is larger than what is left of the room is told of when the rest is read.
  size_t room = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET_DIRENTPLUS + 4);
  check(read_with_attributes(view, handle, place, room - 1)->length == 0);
  check(read_with_attributes(view, handle, place, room)->length == room);
  kept_drop(&session->kept, false);
  answer = read_with_attributes(view, handle, place, 4000);
  file = (const struct fuse_direntplus *) answer->bytes;
  check(answer->length == room && file->dirent.namelen == 4 && file->entry_out.nodeid == 0);

  forget(told, 3);
  forget(told_folder, 1);
  forget(view, 1);
  struct fuse_release_in release = { .fh = handle };
  check(answer_to(ask(FUSE_RELEASEDIR, root, &release, sizeof(release), NULL, 0))->error == 0);
  scene_end();
}

static void greetings () {
  scene = "a kernel of Linux 4.x and of later than this may mount, others are refused";
  const size_t shortest = offsetof(struct fuse_init_in, flags) + sizeof(uint32_t);
  struct fuse_init_out out;
  check(greet(7, 23, shortest, &out) == 0);
  check(out.major == 7 && out.minor == 23 && out.max_write == MOST_BYTES && out.max_readahead == 64 * 1024);
  // Of what it offers, only what is known is taken.
  check((out.flags & ~(FUSE_ASYNC_READ | FUSE_BIG_WRITES | FUSE_PARALLEL_DIROPS | FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO
      | FUSE_HANDLE_KILLPRIV_V2 | FUSE_MAX_PAGES)) == 0);
  check(out.max_pages * sysconf(_SC_PAGESIZE) == MOST_READ);
  check(greet(7, 999, sizeof(struct fuse_init_in) + 48, &out) == 0 && out.minor == FUSE_KERNEL_MINOR_VERSION);
  check(greet(7, 22, shortest, &out) == -EPROTO);
  check(greet(6, 30, shortest, &out) == -EPROTO);
  check(greet(7, 31, shortest - 1, &out) == -EPROTO);
  check(greet(7, 31, 0, &out) == -EPROTO);
}

int main () {
  greetings();
  cut();
  cut_without_answer();
  written_beyond();
  long_names();
  unknown();
  xattrs();
  interrupted();
  little_room();
  with_attributes();
  return 0;
}
