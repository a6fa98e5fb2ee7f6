// Answers of JavaScript, each to a call by its number. They return false where nobody waits for it any longer.
#include "binding.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// Begins each: what came with it, and the call.
#define ANSWERS \
  napi_value all[MOST_ARGUMENTS]; \
  arguments_of(env, info, all); \
  mount_t *it = mount_of(env, all[0]); \
  call_t *call = it == NULL ? NULL : call_of(it, number_of(env, all[1])); \
  if (call == NULL) return boolean(env, false); \
  session_t *session = &it->session;

static napi_value boolean (napi_env env, bool value) {
  napi_value result;
  napi_get_boolean(env, value, &result);
  return result;
}

// Whether there is nothing to answer: names changed, and it is asked for anew.
static bool is_outdated (session_t *session, call_t *call) {
  pthread_mutex_lock(&session->mutex);
  bool is_outdated = call_is_outdated(session, call);
  pthread_mutex_unlock(&session->mutex);
  if (is_outdated) session->wake(session);
  return is_outdated;
}

napi_value answer_error (napi_env env, napi_callback_info info) {
  ANSWERS
  int error = number_of(env, all[2]);
  pthread_mutex_lock(&session->mutex);
  bool goes_on = call_again_or_done(session, call, error);
  pthread_mutex_unlock(&session->mutex);
  if (goes_on) {
    session->wake(session);
    return boolean(env, true);
  }
  double absent_ms = error == ENOENT && call->opcode == FUSE_LOOKUP ? number_of(env, all[3]) : 0;
  if (absent_ms > 0) reply_absent(session, call, absent_ms);
  else reply(session, call->unique, error, NULL, 0, NULL, 0);
  call_over(it, call);
  return boolean(env, true);
}

napi_value answer_entry (napi_env env, napi_callback_info info) {
  ANSWERS
  if (is_outdated(session, call)) return boolean(env, false);
  uint64_t inode = inode_of(env, all[2], call->path);
  int result = reply_entry(session, call->unique, call->node, call->name, it->numbers, inode);
  call_over(it, call);
  return boolean(env, result == 0);
}

napi_value answer_attr (napi_env env, napi_callback_info info) {
  ANSWERS
  if (is_outdated(session, call)) return boolean(env, false);
  int result = reply_attr(session, call->unique, call->node, it->numbers, inode_of(env, all[2], call->path));
  call_over(it, call);
  return boolean(env, result == 0);
}

napi_value answer_open (napi_env env, napi_callback_info info) {
  ANSWERS
  if (is_outdated(session, call)) return boolean(env, false);
  uint64_t version = version_of(env, all[4]);
  elements_t bytes = elements_of(env, all[6]);
  // An empty array may have no address.
  const void *all_of_it = !bytes.is_array ? NULL : bytes.count == 0 ? "" : bytes.all;
  int result = reply_open(session, call, &(opening_t) {
    .handle = number_of(env, all[2]), .flags = number_of(env, all[3]),
    .version = version, .size = version == 0 ? -1 : number_of(env, all[5]),
    .bytes = all_of_it, .length = bytes.count,
  });
  call_over(it, call);
  return boolean(env, result == 0);
}

napi_value answer_create (napi_env env, napi_callback_info info) {
  ANSWERS
  int result = reply_create(session, call, number_of(env, all[2]), it->numbers, inode_of(env, all[3], call->path));
  call_over(it, call);
  return boolean(env, result == 0);
}

napi_value answer_data (napi_env env, napi_callback_info info) {
  ANSWERS
  elements_t bytes = elements_of(env, all[2]);
  // More than was asked for, the kernel would not take: nobody would be answered.
  bool is_good = bytes.is_array && bytes.count <= call->length;
  if (is_good) reply(session, call->unique, 0, bytes.all, bytes.count, NULL, 0);
  else reply(session, call->unique, EIO, NULL, 0, NULL, 0);
  call_over(it, call);
  return boolean(env, is_good);
}

napi_value answer_count (napi_env env, napi_callback_info info) {
  ANSWERS
  struct fuse_write_out out = { .size = number_of(env, all[2]) };
  int result = reply(session, call->unique, 0, &out, sizeof(out), NULL, 0);
  call_over(it, call);
  return boolean(env, result == 0);
}

napi_value answer_folder (napi_env env, napi_callback_info info) {
  ANSWERS
  elements_t names = elements_of(env, all[2]);
  // The folder's from then on. With room for what must be behind its last entry.
  char *own = calloc(1, names.count + NAMES_END);
  if (own == NULL) reply(session, call->unique, ENOMEM, NULL, 0, NULL, 0);
  else {
    if (names.count > 0) memcpy(own, names.all, names.count);
    folder_own(session, call->folder, own, names.count);
    folder_reply(session, call->unique, call->folder, &(folder_read_t) {
      .node = call->node, .path = call->path, .position = call->position, .size = call->length,
      .with_attributes = call->opcode == FUSE_READDIRPLUS,
    });
  }
  call_over(it, call);
  return boolean(env, own != NULL);
}

napi_value answer_statfs (napi_env env, napi_callback_info info) {
  ANSWERS
  int result = reply_statfs(session, call->unique, it->numbers);
  call_over(it, call);
  return boolean(env, result == 0);
}

napi_value answer_xattr (napi_env env, napi_callback_info info) {
  ANSWERS
  elements_t bytes = elements_of(env, all[2]);
  reply_xattr(session, call, bytes.all, bytes.count);
  call_over(it, call);
  return boolean(env, true);
}

// What is removed or replaced while it is open has its other name now. Returns whether it is open yet; undefined where nobody
// waits for the answer any longer.
napi_value hidden (napi_env env, napi_callback_info info) {
  napi_value all[MOST_ARGUMENTS];
  arguments_of(env, info, all);
  mount_t *it = mount_of(env, all[0]);
  call_t *call = it == NULL ? NULL : call_of(it, number_of(env, all[1]));
  if (call == NULL) return NULL;
  bool is_open = false;
  pthread_mutex_lock(&it->session.mutex);
  bool is_hidden = call_hide(&it->session, call, &is_open);
  pthread_mutex_unlock(&it->session.mutex);
  return is_hidden ? boolean(env, is_open) : NULL;
}

// One handle less: returns the path to remove, if it was the last one of what was hidden.
napi_value released (napi_env env, napi_callback_info info) {
  ANSWERS
  napi_value path = NULL;
  pthread_mutex_lock(&session->mutex);
  char *hidden = handle_released(session, call->node, call->handle);
  pthread_mutex_unlock(&session->mutex);
  if (hidden != NULL) napi_create_string_utf8(env, hidden, NAPI_AUTO_LENGTH, &path);
  free(hidden);
  return path;
}
