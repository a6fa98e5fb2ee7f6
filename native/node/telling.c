// What JavaScript is told: each call, by one function of its, which files are closed and blocks are passed, which callers are being killed, and when it is over.
#include "binding.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

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
  return call->handle & ~HANDLE_MARKS;
}

static double ms_of (uint64_t seconds, uint32_t nanoseconds) {
  return (double) (int64_t) seconds * 1000 + nanoseconds / 1000000;
}

static void add_arguments (mount_t *it, list_t *list, const call_t *call) {
  switch (call->opcode) {
    case FUSE_GETATTR: case FUSE_RELEASE: add(list, handle_of(call)); break;
    case FUSE_FLUSH:
      add(list, handle_of(call));
      add(list, call->caller.faults);
      break;
    case FUSE_ACCESS: add(list, call->flags); break;
    case FUSE_OPEN: case FUSE_CREATE:
      add(list, call->flags);
      add(list, call->caller.process);
      add(list, call->caller.faults);
      break;
    case FUSE_FSYNC:
      add(list, handle_of(call));
      add(list, call->flags);
      break;
    case FUSE_SETATTR:
      add(list, handle_of(call));
      add(list, call->set.valid);
      add(list, call->set.size);
      add(list, ms_of(call->set.mtime, call->set.mtimensec));
      add(list, call->set.mode);
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
    case FUSE_GETXATTR: add_text(list, call->other_name); break;
    case FUSE_LINK: add_text(list, call->other_path); break;
    case FUSE_RENAME:
      add_text(list, call->other_path);
      add_text(list, call->hidden_path);
      break;
    default: break;
  }
}

void call_over (mount_t *it, call_t *call) {
  pthread_mutex_lock(&it->session.mutex);
  call_end(&it->session, call);
  pthread_mutex_unlock(&it->session.mutex);
}

// Calls one of JavaScript's functions. What it throws is an answer of EIO to the call that it was told of, if that has none.
static void run (mount_t *it, napi_ref function, napi_value *all, size_t count, uint64_t unique) {
  napi_env env = it->env;
  napi_value callee, global, result, error;
  napi_get_reference_value(env, function, &callee);
  napi_get_global(env, &global);
  if (napi_call_function(env, global, callee, count, all, &result) == napi_ok) return;
  // Nobody else would see it; and nobody waits for what has no number.
  napi_get_and_clear_last_exception(env, &error);
  call_t *call = unique == 0 ? NULL : call_of(it, unique);
  if (call == NULL) return;
  reply(&it->session, unique, EIO, NULL, 0, NULL, 0);
  call_over(it, call);
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

static void run_closed (mount_t *it) {
  for (open_file_t *file = files_closed(&it->session); file != NULL; file = file_free(file)) {
    napi_handle_scope scope;
    napi_value all[3];
    list_t list = { .env = it->env, .all = all };
    napi_open_handle_scope(it->env, &scope);
    add(&list, file->handle);
    add(&list, file->reads);
    add_text(&list, file->hidden);
    run(it, it->on_closed, all, list.count, 0);
    napi_close_handle_scope(it->env, scope);
  }
}

static void run_given_back (mount_t *it) {
  for (block_t *block = blocks_given_back(&it->session), *next; block != NULL; block = next) {
    napi_handle_scope scope;
    napi_value all[2];
    list_t list = { .env = it->env, .all = all };
    napi_open_handle_scope(it->env, &scope);
    add(&list, block->number);
    add(&list, block->served);
    next = block->next;
    free(block);
    run(it, it->on_given_back, all, list.count, 0);
    napi_close_handle_scope(it->env, scope);
  }
}

napi_value tell_closed (napi_env env, napi_callback_info info) {
  napi_value all[MOST_ARGUMENTS];
  mount_t *it = mount_of(env, arguments_of(env, info, all)[0]);
  if (it != NULL && !it->is_closed) run_closed(it);
  return NULL;
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
  files_end(&it->session);
  run_given_back(it);
  uv_unref((uv_handle_t *) it->async);
  run(it, it->on_end, NULL, 0, 0);
}

void on_wake (uv_async_t *async) {
  mount_t *it = uv_handle_get_data((const uv_handle_t *) async);
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
  // First what is closed: for that, nothing more is to be read.
  run_closed(it);
  run_given_back(it);
  run_dying(it);
  run_end(it);
  napi_close_callback_scope(env, callbacks);
  napi_close_handle_scope(env, scope);
}
