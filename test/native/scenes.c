// What becomes of names, one thing after the other: files that are removed while they are open, calls that wait for a change, answers that
// come too late.
#include "scripted.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t root = FUSE_ROOT_ID;

static bool hide (call_t *call) {
  bool is_open = false;
  pthread_mutex_lock(&session->mutex);
  check(call_hide(session, call, &is_open));
  pthread_mutex_unlock(&session->mutex);
  return is_open;
}

// What JavaScript does at a release. Whether it was the last one of what is hidden, which has this path then.
static bool release (uint64_t node, uint64_t handle, const char *path, const char *hidden_path) {
  uint64_t unique = ask_node(FUSE_RELEASE, node, handle);
  call_t *call = take_only(FUSE_RELEASE, path);
  pthread_mutex_lock(&session->mutex);
  char *hidden = handle_released(session, call->node, call->handle);
  pthread_mutex_unlock(&session->mutex);
  bool is_last = hidden != NULL;
  check(!is_last || strcmp(hidden, hidden_path) == 0);
  free(hidden);
  answer_error(call, 0);
  check(answer_to(unique)->error == 0);
  return is_last;
}

static void removed_while_open () {
  scene_begin("a file that is removed while it is open goes with its last handle");
  uint64_t node = look(root, "f", "/f");
  uint64_t one = open_file(node, "/f", 1), other = open_file(node, "/f", 2);
  ask_name(FUSE_UNLINK, root, "f");
  call_t *unlink = take_only(FUSE_UNLINK, "/f");
  check(unlink->hidden_path != NULL && strncmp(unlink->hidden_path, "/.fuse_hidden", 13) == 0);
  char *path = strdup(unlink->hidden_path);
  check(hide(unlink));
  answer_error(unlink, 0);
  check(!release(node, one, path, path));
  // It is still to be read by its handle; by its name it is no more.
  ask_node(FUSE_READ, node, other);
  answer_error(take_only(FUSE_READ, path), 0);
  ask_name(FUSE_LOOKUP, root, "f");
  answer_error(take_only(FUSE_LOOKUP, "/f"), ENOENT);
  check(release(node, other, path, path));
  free(path);
  forget(node, 1);
  scene_end();
}

static void closed_meanwhile () {
  scene_begin("a file whose last handle goes while it is being hidden is not left behind");
  uint64_t node = look(root, "f", "/f");
  uint64_t handle = open_file(node, "/f", 1);
  ask_name(FUSE_UNLINK, root, "f");
  call_t *unlink = take_only(FUSE_UNLINK, "/f");
  check(!release(node, handle, "/f", NULL));
  // No release will come: whoever hid it is told to remove it.
  check(!hide(unlink));
  answer_error(unlink, 0);
  check(take() == NULL);
  check(answer_to(ask_node(FUSE_GETATTR, node, 0))->error == ESTALE);
  forget(node, 1);
  scene_end();
}

static void replaced_while_open () {
  scene_begin("a file that is replaced while it is open is hidden, and what replaced it has its name");
  uint64_t from = look(root, "a", "/a"), to = look(root, "b", "/b");
  uint64_t handle = open_file(to, "/b", 1);
  ask_rename(root, "a", root, "b");
  call_t *rename = take_only(FUSE_RENAME, "/a");
  check(strcmp(rename->other_path, "/b") == 0 && rename->hidden_path != NULL);
  char *path = strdup(rename->hidden_path);
  check(hide(rename));
  answer_error(rename, 0);
  ask_node(FUSE_GETATTR, from, 0);
  check(answer_attr(take_only(FUSE_GETATTR, "/b"), 1));
  check(release(to, handle, path, path));
  free(path);
  forget(from, 1);
  forget(to, 1);
  scene_end();
}

static void refused_removal () {
  scene_begin("what waited for a removal that is refused is asked for as it came");
  uint64_t node = look(root, "f", "/f");
  uint64_t handle = open_file(node, "/f", 1);
  ask_name(FUSE_UNLINK, root, "f");
  call_t *unlink = take_only(FUSE_UNLINK, "/f");
  uint64_t first = ask_node(FUSE_GETATTR, node, 0), second = ask_name(FUSE_LOOKUP, root, "f"), third = ask_node(FUSE_OPEN, node, 0);
  check(take() == NULL);
  // By a handle nobody waits.
  ask_node(FUSE_READ, node, handle);
  answer_error(take_only(FUSE_READ, "/f"), 0);
  answer_error(unlink, EBUSY);
  for (uint64_t each = first; each <= third; each += 2) {
    call_t *call = take();
    check(call != NULL && call->unique == each && strcmp(call->path, "/f") == 0);
    answer_error(call, EACCES);
  }
  check(second == first + 2 && answer_to(second)->error == EACCES);
  check(!release(node, handle, "/f", NULL));
  forget(node, 1);
  scene_end();
}

static void done_removal () {
  scene_begin("who waited for a removal does not get what comes to its name after it");
  uint64_t node = look(root, "f", "/f");
  ask_name(FUSE_UNLINK, root, "f");
  call_t *unlink = take_only(FUSE_UNLINK, "/f");
  uint64_t attributes = ask_node(FUSE_GETATTR, node, 0), name = ask_name(FUSE_LOOKUP, root, "f");
  answer_error(unlink, 0);
  check(answer_to(attributes)->error == ESTALE);
  check(answer_entry(take_only(FUSE_LOOKUP, "/f"), 7));
  uint64_t other = ((const struct fuse_entry_out *) answer_to(name)->bytes)->nodeid;
  check(other != node);
  check(answer_to(ask_node(FUSE_GETATTR, node, 0))->error == ESTALE);
  forget(node, 1);
  forget(other, 1);
  scene_end();
}

static void renamed_folder () {
  scene_begin("what is asked below a folder that is renamed has its new path after that");
  uint64_t folder = look(root, "d", "/d"), file = look(folder, "f", "/d/f");
  ask_rename(root, "d", root, "e");
  call_t *rename = take_only(FUSE_RENAME, "/d");
  uint64_t below = ask_node(FUSE_GETATTR, file, 0);
  ask_name(FUSE_LOOKUP, folder, "g");
  // Nobody knows yet what will be there.
  ask_name(FUSE_LOOKUP, root, "e");
  check(take() == NULL);
  answer_error(rename, 0);
  check(answer_attr(take(), 1));
  check(answer_to(below)->error == 0);
  call_t *in_it = take();
  check(strcmp(in_it->path, "/e/g") == 0);
  answer_error(in_it, ENOENT);
  check(answer_entry(take_only(FUSE_LOOKUP, "/e"), 1));
  forget(folder, 2);
  forget(file, 1);
  scene_end();
}

// Somebody renames g to f, and back.
static void change_f () {
  ask_rename(root, "g", root, "f");
  answer_error(take_only(FUSE_RENAME, "/g"), 0);
  ask_rename(root, "f", root, "g");
  answer_error(take_only(FUSE_RENAME, "/f"), 0);
}

static void outdated_twice () {
  scene_begin("an answer that was found before names changed is found anew, also twice");
  uint64_t g = look(root, "g", "/g");
  uint64_t name = ask_name(FUSE_LOOKUP, root, "f");
  for (int i = 0; i < 2; i++) {
    call_t *call = take_only(FUSE_LOOKUP, "/f");
    change_f();
    check(!answer_entry(call, 3));
    check(answer_to(name) == NULL);
  }
  check(answer_entry(take_only(FUSE_LOOKUP, "/f"), 5));
  const struct fuse_entry_out *out = (const struct fuse_entry_out *) answer_to(name)->bytes;
  check(out->attr.size == 5);
  forget(out->nodeid, 1);
  forget(g, 1);
  scene_end();
}

static void outdated_always () {
  scene_begin("an answer that is always outdated is refused in the end, and never given");
  uint64_t g = look(root, "g", "/g");
  uint64_t name = ask_name(FUSE_LOOKUP, root, "f");
  uint32_t times = 0;
  for (call_t *call; (call = take()) != NULL; times++) {
    change_f();
    check(!answer_entry(call, 3));
  }
  check(times > 2 && times < 20);
  check(answer_to(name)->error == ESTALE);
  forget(g, 1);
  scene_end();
}

static void numbers_again () {
  scene_begin("a number that the kernel has forgotten may be another file's");
  uint64_t first = look(root, "f", "/f");
  bool is_again = false;
  forget(first, 1);
  for (int i = 0; i < 200 && !is_again; i++) {
    uint64_t node = look(root, "other", "/other");
    is_again = node == first;
    ask_node(FUSE_GETATTR, node, 0);
    check(answer_attr(take_only(FUSE_GETATTR, "/other"), 1));
    forget(node, 1);
  }
  scene_end();
}

static void used_after_forgotten () {
  scene_begin("what is forgotten while somebody asks for it stays until he is answered");
  uint64_t folder = look(root, "d", "/d"), node = look(folder, "f", "/d/f");
  uint64_t unique = ask_node(FUSE_GETATTR, node, 0);
  forget(node, 1);
  forget(folder, 1);
  check(session->nodes.count == 2);
  check(answer_attr(take_only(FUSE_GETATTR, "/d/f"), 1));
  check(answer_to(unique)->error == 0);
  scene_end();
}

int main () {
  removed_while_open();
  closed_meanwhile();
  replaced_while_open();
  refused_removal();
  done_removal();
  renamed_folder();
  outdated_twice();
  outdated_always();
  numbers_again();
  used_after_forgotten();
  return 0;
}
