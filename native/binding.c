// What JavaScript has of all this: calls come to one function of its, and it answers each by its number.
#include "session.h"

#include <errno.h>
#include <math.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <node_api.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define MOST_ARGUMENTS 10
#define NUMBERS 16

typedef struct {
  session_t session;
  napi_env env;
  napi_async_context context;
  napi_ref on_call;
  napi_ref on_dying;
  napi_ref on_end;
  napi_ref buffers[BUFFERS];
  napi_ref numbers_kept;
  double *numbers;     // JavaScript's, in which it says what it tells of
  uv_async_t async;
  bool is_closed;
} mount_t;

// Arguments

static napi_value *arguments_of (napi_env env, napi_callback_info info, napi_value *all) {
  size_t count = MOST_ARGUMENTS;
  for (size_t i = 0; i < count; i++) all[i] = NULL;
  napi_get_cb_info(env, info, &count, all, NULL, NULL);
  return all;
}

static mount_t *mount_of (napi_env env, napi_value value) {
  void *it = NULL;
  napi_get_value_external(env, value, &it);
  return it;
}

static double number_of (napi_env env, napi_value value) {
  double number = 0;
  napi_get_value_double(env, value, &number);
  return number;
}

static bool is_text (napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  return value != NULL && napi_typeof(env, value, &type) == napi_ok && type == napi_string;
}

// To be freed; NULL: it is none.
static char *text_of (napi_env env, napi_value value) {
  size_t length = 0;
  if (!is_text(env, value) || napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) return NULL;
  char *text = malloc(length + 1);
  if (text != NULL) napi_get_value_string_utf8(env, value, text, length + 1, &length);
  return text;
}

// The hash of a text, if it is one, else of the path.
static uint64_t inode_of (napi_env env, napi_value identity, const char *path) {
  char *text = text_of(env, identity);
  uint64_t inode = text == NULL ? inode_of_path(path) : inode_number(inode_hash(INODE_SEED, text, strlen(text)));
  free(text);
  return inode;
}

static uint64_t version_of (napi_env env, napi_value value) {
  char *text = text_of(env, value);
  uint64_t version = text == NULL ? 0 : inode_number(inode_hash(INODE_SEED, text, strlen(text)));
  free(text);
  return version;
}

// A call that was not answered yet. Only this thread answers, so it stays until that.
static call_t *call_of (napi_env env, mount_t *it, napi_value unique) {
  pthread_mutex_lock(&it->session.mutex);
  call_t *call = it->is_closed ? NULL : call_known(&it->session, (uint64_t) number_of(env, unique));
  pthread_mutex_unlock(&it->session.mutex);
  return call;
}

static void end (mount_t *it, call_t *call) {
  pthread_mutex_lock(&it->session.mutex);
  call_end(&it->session, call);
  pthread_mutex_unlock(&it->session.mutex);
}

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

#define ANSWERS \
  napi_value all[MOST_ARGUMENTS]; \
  arguments_of(env, info, all); \
  mount_t *it = mount_of(env, all[0]); \
  call_t *call = it == NULL ? NULL : call_of(env, it, all[1]); \
  if (call == NULL) return boolean(env, false); \
  session_t *session = &it->session;

// Answers

static napi_value reply_error (napi_env env, napi_callback_info info) {
  ANSWERS
  int error = number_of(env, all[2]);
  pthread_mutex_lock(&session->mutex);
  bool goes_on = call_again_or_done(session, call, error);
  pthread_mutex_unlock(&session->mutex);
  if (goes_on) {
    session->wake(session);
    return boolean(env, true);
  }
  reply(session, call->unique, error, NULL, 0, NULL, 0);
  end(it, call);
  return boolean(env, true);
}

static napi_value answer_entry (napi_env env, napi_callback_info info) {
  ANSWERS
  if (is_outdated(session, call)) return boolean(env, false);
  uint64_t inode = inode_of(env, all[2], call->path);
  int result = reply_entry(session, call->unique, call->node, call->name, it->numbers, inode);
  end(it, call);
  return boolean(env, result == 0);
}

static napi_value answer_attr (napi_env env, napi_callback_info info) {
  ANSWERS
  if (is_outdated(session, call)) return boolean(env, false);
  int result = reply_attr(session, call->unique, call->node, it->numbers, inode_of(env, all[2], call->path));
  end(it, call);
  return boolean(env, result == 0);
}

static napi_value answer_open (napi_env env, napi_callback_info info) {
  ANSWERS
  if (is_outdated(session, call)) return boolean(env, false);
  uint64_t version = version_of(env, all[4]);
  double size = version == 0 ? -1 : number_of(env, all[5]);
  int result = reply_open(session, call, number_of(env, all[2]), number_of(env, all[3]), version, size);
  end(it, call);
  return boolean(env, result == 0);
}

static napi_value answer_create (napi_env env, napi_callback_info info) {
  ANSWERS
  int result = reply_create(session, call, number_of(env, all[2]), it->numbers, inode_of(env, all[3], call->path));
  end(it, call);
  return boolean(env, result == 0);
}

static napi_value answer_data (napi_env env, napi_callback_info info) {
  ANSWERS
  void *bytes = NULL;
  size_t length = 0;
  bool is_good = napi_get_typedarray_info(env, all[2], NULL, &length, &bytes, NULL, NULL) == napi_ok && length <= call->length;
  if (is_good) reply(session, call->unique, 0, bytes, length, NULL, 0);
  else reply(session, call->unique, EIO, NULL, 0, NULL, 0);
  end(it, call);
  return boolean(env, is_good);
}

static napi_value answer_count (napi_env env, napi_callback_info info) {
  ANSWERS
  struct fuse_write_out out = { .size = number_of(env, all[2]) };
  int result = reply(session, call->unique, 0, &out, sizeof(out), NULL, 0);
  end(it, call);
  return boolean(env, result == 0);
}

static napi_value answer_folder (napi_env env, napi_callback_info info) {
  ANSWERS
  void *names = NULL;
  size_t length = 0;
  napi_get_typedarray_info(env, all[2], NULL, &length, &names, NULL, NULL);
  char *own = malloc(length + 1);
  if (own == NULL) reply(session, call->unique, ENOMEM, NULL, 0, NULL, 0);
  else {
    if (length > 0) memcpy(own, names, length);
    folder_own(session, call->folder, own, length);
    folder_reply(session, call->unique, call->folder, call->path, call->position, call->length);
  }
  end(it, call);
  return boolean(env, own != NULL);
}

static napi_value answer_statfs (napi_env env, napi_callback_info info) {
  ANSWERS
  int result = reply_statfs(session, call->unique, it->numbers);
  end(it, call);
  return boolean(env, result == 0);
}

// What is removed or replaced while it is open has its other name now. Returns whether it is open yet; undefined where nobody
// waits for the answer any longer.
static napi_value hidden (napi_env env, napi_callback_info info) {
  napi_value all[MOST_ARGUMENTS];
  arguments_of(env, info, all);
  mount_t *it = mount_of(env, all[0]);
  call_t *call = it == NULL ? NULL : call_of(env, it, all[1]);
  if (call == NULL) return NULL;
  bool is_open = false;
  pthread_mutex_lock(&it->session.mutex);
  bool is_hidden = call_hide(&it->session, call, &is_open);
  pthread_mutex_unlock(&it->session.mutex);
  return is_hidden ? boolean(env, is_open) : NULL;
}

// One handle less: returns the path to remove, if it was the last one of what was hidden.
static napi_value released (napi_env env, napi_callback_info info) {
  ANSWERS
  napi_value path = NULL;
  pthread_mutex_lock(&session->mutex);
  char *hidden = call_released(session, call);
  pthread_mutex_unlock(&session->mutex);
  if (hidden != NULL) napi_create_string_utf8(env, hidden, NAPI_AUTO_LENGTH, &path);
  free(hidden);
  return path;
}

// Calls

typedef struct {
  napi_env env;
  napi_value *all;
  size_t count;
} list_t;

static void add (list_t *list, double number) {
  napi_create_double(list->env, number, &list->all[list->count++]);
}

static void add_text (list_t *list, const char *text) {
  if (text == NULL) napi_get_undefined(list->env, &list->all[list->count++]);
  else napi_create_string_utf8(list->env, text, NAPI_AUTO_LENGTH, &list->all[list->count++]);
}

static double handle_of (const call_t *call) {
  return call->handle & ~(HANDLE_CACHED | HANDLE_OF_BUCKET);
}

static double ms_of (uint64_t seconds, uint32_t nanoseconds) {
  return (double) (int64_t) seconds * 1000 + nanoseconds / 1000000;
}

static void add_arguments (mount_t *it, list_t *list, const call_t *call) {
  switch (call->opcode) {
    case FUSE_GETATTR: case FUSE_FLUSH: case FUSE_RELEASE: add(list, handle_of(call)); break;
    case FUSE_OPEN: case FUSE_ACCESS: add(list, call->flags); break;
    case FUSE_FSYNC:
      add(list, handle_of(call));
      add(list, call->flags);
      break;
    case FUSE_SETATTR:
      add(list, handle_of(call));
      add(list, call->set.valid);
      add(list, call->set.size);
      add(list, ms_of(call->set.mtime, call->set.mtimensec));
      break;
    case FUSE_READ:
      add(list, handle_of(call));
      add(list, call->length);
      add(list, call->position);
      break;
    case FUSE_WRITE:
      add(list, handle_of(call));
      napi_get_reference_value(it->env, it->buffers[call->buffer->ordinal], &list->all[list->count++]);
      add(list, call->length);
      add(list, call->position);
      add(list, call->bytes - call->buffer->bytes);
      break;
    case FUSE_UNLINK: add_text(list, call->hidden_path); break;
    case FUSE_RENAME:
      add_text(list, call->other_path);
      add_text(list, call->hidden_path);
      break;
    default: break;
  }
}

static void run (mount_t *it, napi_ref function, napi_value *all, size_t count, uint64_t unique) {
  napi_env env = it->env;
  napi_value callee, global, result, error;
  napi_get_reference_value(env, function, &callee);
  napi_get_global(env, &global);
  if (napi_call_function(env, global, callee, count, all, &result) == napi_ok) return;
  napi_get_and_clear_last_exception(env, &error);
  pthread_mutex_lock(&it->session.mutex);
  call_t *call = unique == 0 || it->is_closed ? NULL : call_known(&it->session, unique);
  pthread_mutex_unlock(&it->session.mutex);
  if (call == NULL) return;
  reply(&it->session, unique, EIO, NULL, 0, NULL, 0);
  end(it, call);
}

static void run_call (mount_t *it, call_t *call) {
  napi_env env = it->env;
  napi_value all[MOST_ARGUMENTS];
  list_t list = { .env = env, .all = all };
  napi_handle_scope scope;
  napi_open_handle_scope(env, &scope);
  add(&list, call->opcode);
  add(&list, call->unique);
  add(&list, now_ms() - call->received);
  add(&list, call->pid);
  add_text(&list, call->path);
  add_arguments(it, &list, call);
  // What was written is copied before this returns; the call itself may be gone then.
  buffer_t *buffer = call->buffer;
  run(it, it->on_call, all, list.count, call->unique);
  if (buffer != NULL) buffer_give(&it->session, buffer);
  napi_close_handle_scope(env, scope);
}

static void run_dying (mount_t *it) {
  session_t *session = &it->session;
  pthread_mutex_lock(&session->mutex);
  uint64_t *all = session->dying;
  uint32_t count = session->dying_count;
  session->dying = NULL;
  session->dying_count = session->dying_size = 0;
  pthread_mutex_unlock(&session->mutex);
  for (uint32_t i = 0; i < count; i++) {
    napi_value unique;
    napi_create_double(it->env, all[i], &unique);
    run(it, it->on_dying, &unique, 1, 0);
  }
  free(all);
}

static void run_end (mount_t *it) {
  pthread_mutex_lock(&it->session.mutex);
  bool is_over = it->session.is_over && !it->is_closed;
  if (is_over) it->is_closed = true;
  pthread_mutex_unlock(&it->session.mutex);
  if (!is_over) return;
  // Until then only this thread uses it, and no call is answered after this.
  close(it->session.fd);
  kept_drop(&it->session.kept, false);
  uv_unref((uv_handle_t *) &it->async);
  run(it, it->on_end, NULL, 0, 0);
}

static void on_wake (uv_async_t *async) {
  mount_t *it = async->data;
  napi_env env = it->env;
  napi_handle_scope scope;
  napi_callback_scope callbacks;
  napi_value resource;
  napi_open_handle_scope(env, &scope);
  napi_create_object(env, &resource);
  napi_open_callback_scope(env, resource, it->context, &callbacks);
  for (call_t *call = calls_take(&it->session); call != NULL;) {
    call_t *next = call->next;
    run_call(it, call);
    call = next;
  }
  run_dying(it);
  run_end(it);
  napi_close_callback_scope(env, callbacks);
  napi_close_handle_scope(env, scope);
}

static void wake (session_t *session) {
  uv_async_send(session->waker);
}

// Mounts

static bool make_buffers (napi_env env, mount_t *it) {
  for (uint32_t i = 0; i < BUFFERS; i++) {
    napi_value value;
    buffer_t *buffer = &it->session.buffers[i];
    if (napi_create_buffer(env, BUFFER_BYTES, (void **) &buffer->bytes, &value) != napi_ok) return false;
    napi_create_reference(env, value, 1, &it->buffers[i]);
    buffer->ordinal = i;
    buffer->next = it->session.free_buffers;
    it->session.free_buffers = buffer;
  }
  return true;
}

static bool make_async (napi_env env, mount_t *it) {
  uv_loop_t *loop;
  napi_value name;
  napi_create_string_utf8(env, "kernel", NAPI_AUTO_LENGTH, &name);
  if (napi_get_uv_event_loop(env, &loop) != napi_ok || napi_async_init(env, NULL, name, &it->context) != napi_ok) return false;
  if (uv_async_init(loop, &it->async, on_wake) != 0) return false;
  it->async.data = it;
  it->session.waker = &it->async;
  it->session.wake = wake;
  return true;
}

// Lives as long as the process: threads may look at it at any time.
static mount_t *make (napi_env env, napi_value *all) {
  mount_t *it = calloc(1, sizeof(mount_t));
  if (it == NULL || !session_init(&it->session, number_of(env, all[4]))) return NULL;
  it->env = env;
  napi_create_reference(env, all[6], 1, &it->numbers_kept);
  napi_get_typedarray_info(env, all[6], NULL, NULL, (void **) &it->numbers, NULL, NULL);
  napi_create_reference(env, all[7], 1, &it->on_call);
  napi_create_reference(env, all[8], 1, &it->on_dying);
  napi_create_reference(env, all[9], 1, &it->on_end);
  return make_buffers(env, it) && make_async(env, it) ? it : NULL;
}

// mountpoint, source, read-only, for others, timeout of attributes in s, readahead in bytes, numbers, and three functions.
static napi_value start (napi_env env, napi_callback_info info) {
  napi_value all[MOST_ARGUMENTS], result = NULL;
  char why[512] = "no memory";
  arguments_of(env, info, all);
  char *mountpoint = text_of(env, all[0]);
  char *source = text_of(env, all[1]);
  mount_t *it = mountpoint == NULL || source == NULL ? NULL : make(env, all);
  int fd = it == NULL ? -1 : kernel_mount(mountpoint, source, number_of(env, all[2]) != 0, number_of(env, all[3]) != 0, why, sizeof(why));
  if (fd >= 0) {
    it->session.fd = fd;
    int greeted = session_greet(&it->session, number_of(env, all[5]));
    if (greeted == 0 && interrupts_start(&it->session) && session_start(&it->session)) napi_create_external(env, it, NULL, NULL, &result);
    else close(fd), snprintf(why, sizeof(why), "the kernel's FUSE does not answer as it should: %s", strerror(-greeted));
  }
  if (result == NULL) {
    if (it != NULL) uv_unref((uv_handle_t *) &it->async);
    napi_throw_error(env, NULL, why);
  }
  free(mountpoint);
  free(source);
  return result;
}

// Folders that are kept

#define OF_MOUNT \
  napi_value all[MOST_ARGUMENTS]; \
  arguments_of(env, info, all); \
  mount_t *it = mount_of(env, all[0]); \
  if (it == NULL || it->is_closed) return NULL; \
  session_t *session = &it->session;

static napi_value keep_folders_as (napi_env env, napi_callback_info info) {
  OF_MOUNT
  double *file, *folder;
  napi_get_typedarray_info(env, all[1], NULL, NULL, (void **) &file, NULL, NULL);
  napi_get_typedarray_info(env, all[2], NULL, NULL, (void **) &folder, NULL, NULL);
  pthread_mutex_lock(&session->kept.mutex);
  memcpy(session->file, file, sizeof(session->file));
  memcpy(session->folder, folder, sizeof(session->folder));
  pthread_mutex_unlock(&session->kept.mutex);
  return NULL;
}

static napi_value keep_folder (napi_env env, napi_callback_info info) {
  OF_MOUNT
  void *names = NULL, *numbers = NULL;
  size_t length = 0, count = 0;
  char *path = text_of(env, all[1]);
  if (path == NULL) return NULL;
  napi_get_typedarray_info(env, all[2], NULL, &length, &names, NULL, NULL);
  napi_get_typedarray_info(env, all[3], NULL, &count, &numbers, NULL, NULL);
  kept_add(&session->kept, path, names, length, numbers, count / 2, number_of(env, all[4]));
  free(path);
  return NULL;
}

static napi_value drop_folders (napi_env env, napi_callback_info info) {
  OF_MOUNT
  bool only_expired = false;
  napi_get_value_bool(env, all[1], &only_expired);
  kept_drop(&session->kept, only_expired);
  return NULL;
}

// Of the folders that are kept: calls that they answered, how many there are, and their bytes.
static napi_value figures (napi_env env, napi_callback_info info) {
  OF_MOUNT
  napi_value result, number;
  pthread_mutex_lock(&session->kept.mutex);
  double each[] = { session->kept.answered, session->kept.folders, session->kept.bytes };
  pthread_mutex_unlock(&session->kept.mutex);
  napi_create_array(env, &result);
  for (uint32_t i = 0; i < 3; i++) {
    napi_create_double(env, each[i], &number);
    napi_set_element(env, result, i, number);
  }
  return result;
}

// The kernel clears each page that a process gets, and glibc gives freed memory back at once: where a buffer is made for every
// 64 KiB that come over a connection, a third of the time that reading takes. Said here, glibc's own rule no longer adapts.
static napi_value keep_freed (napi_env env, napi_callback_info info) {
  napi_value all[MOST_ARGUMENTS];
  arguments_of(env, info, all);
#ifdef M_TRIM_THRESHOLD
  // Blocks of 4 MiB are mapped each by itself, and given back when they go.
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  mallopt(M_TRIM_THRESHOLD, number_of(env, all[0]));
#endif
  return NULL;
}

static void export (napi_env env, napi_value exports, const char *name, napi_callback callback) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, NULL, &function);
  napi_set_named_property(env, exports, name, function);
}

NAPI_MODULE_INIT () {
  export(env, exports, "mount", start);
  export(env, exports, "replyError", reply_error);
  export(env, exports, "replyEntry", answer_entry);
  export(env, exports, "replyAttr", answer_attr);
  export(env, exports, "replyOpen", answer_open);
  export(env, exports, "replyCreate", answer_create);
  export(env, exports, "replyData", answer_data);
  export(env, exports, "replyCount", answer_count);
  export(env, exports, "replyFolder", answer_folder);
  export(env, exports, "replyStatfs", answer_statfs);
  export(env, exports, "hidden", hidden);
  export(env, exports, "released", released);
  export(env, exports, "keepFoldersAs", keep_folders_as);
  export(env, exports, "keepFolder", keep_folder);
  export(env, exports, "dropFolders", drop_folders);
  export(env, exports, "figures", figures);
  export(env, exports, "keepFreed", keep_freed);
  return exports;
}
