// A mount as JavaScript has it. All in this folder runs on JavaScript's thread, but for `wake`.
#ifndef BINDING_H
#define BINDING_H

#include "../session.h"
#include "loop.h"

#include <node_api.h>

#define MOST_ARGUMENTS 13

typedef struct {
  session_t session;
  napi_env env;
  napi_async_context context;
  napi_ref on_call;
  napi_ref on_closed;
  napi_ref on_given_back;
  napi_ref on_dying;
  napi_ref on_end;
  napi_ref buffers[BUFFERS];
  napi_ref numbers_kept;
  double *numbers;          // JavaScript's, in which it says what it tells of
  uv_async_t *async;
  bool is_closed;           // what is known of the mount stays, but no call is answered any longer
} mount_t;

// Of a typed array, as long as the call from JavaScript lasts, or the array is referred to. Of an empty one, `all` may be NULL.
typedef struct {
  void *all;
  size_t count;
  bool is_array;
} elements_t;

// A function of JavaScript's.
typedef napi_value function_t (napi_env env, napi_callback_info info);

// arguments.c: none of these fails; what is no text, number or mount is none, or 0.
napi_value *arguments_of (napi_env env, napi_callback_info info, napi_value *all);
mount_t *mount_of (napi_env env, napi_value value);
double number_of (napi_env env, napi_value value);
// To be freed; NULL: it is none.
char *text_of (napi_env env, napi_value value);
elements_t elements_of (napi_env env, napi_value value);
// The hash of a text, if it is one, else of the path.
uint64_t inode_of (napi_env env, napi_value identity, const char *path);
// 0: it has none.
uint64_t version_of (napi_env env, napi_value value);
// A call that was not answered yet. Only this thread answers, so it stays until that. NULL: it was, or there was no such call.
call_t *call_of (mount_t *it, uint64_t unique);

// telling.c
void on_wake (uv_async_t *async);
// It was answered: frees it.
void call_over (mount_t *it, call_t *call);

// mounting.c, telling.c, answers.c, keeping.c, memory.c, notifying.c, disking.c
function_t start_mount;
function_t answer_error, answer_entry, answer_attr, answer_open, answer_create, answer_data, answer_count, answer_folder, answer_statfs, answer_xattr;
function_t hidden, released, tell_closed;
function_t give_block, want_block;
function_t large_memory;
function_t tell_manager;
function_t write_to_disk;
function_t sync_new_file;
function_t keep_folders_as, keep_folder, forget_kept, renew_folder, drop_folders, kept_figures;

#endif
