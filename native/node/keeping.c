// Folders, and blocks of files, that JavaScript has handed over to be answered from.
#include "binding.h"

#include <stdlib.h>
#include <string.h>

#define OF_MOUNT \
  napi_value all[MOST_ARGUMENTS]; \
  arguments_of(env, info, all); \
  mount_t *it = mount_of(env, all[0]); \
  if (it == NULL || it->is_closed) return NULL; \
  session_t *session = &it->session;

napi_value keep_folders_as (napi_env env, napi_callback_info info) {
  OF_MOUNT
  elements_t file = elements_of(env, all[1]), folder = elements_of(env, all[2]), named = elements_of(env, all[3]);
  if (file.count < ATTRIBUTES || folder.count < ATTRIBUTES || named.count < ATTRIBUTES) return NULL;
  pthread_mutex_lock(&session->kept.mutex);
  memcpy(session->file, file.all, sizeof(session->file));
  memcpy(session->folder, folder.all, sizeof(session->folder));
  memcpy(session->named, named.all, sizeof(session->named));
  pthread_mutex_unlock(&session->kept.mutex);
  return NULL;
}

napi_value keep_folder (napi_env env, napi_callback_info info) {
  OF_MOUNT
  char *path = text_of(env, all[1]);
  if (path == NULL) return NULL;
  elements_t names = elements_of(env, all[2]), numbers = elements_of(env, all[3]);
  bool is_of_names = false;
  napi_get_value_bool(env, all[5], &is_of_names);
  kept_names_t in = { names.all, names.count, numbers.all, numbers.count / 2 };
  kept_add(&session->kept, path, is_of_names ? KEPT_NAMES : KEPT_WHOLE, &in, number_of(env, all[4]));
  free(path);
  return NULL;
}

napi_value forget_kept (napi_env env, napi_callback_info info) {
  OF_MOUNT
  char *path = text_of(env, all[1]);
  if (path != NULL) kept_forget(&session->kept, path);
  free(path);
  return NULL;
}

napi_value renew_folder (napi_env env, napi_callback_info info) {
  OF_MOUNT
  char *path = text_of(env, all[1]);
  if (path != NULL) kept_renew(&session->kept, path, number_of(env, all[2]));
  free(path);
  return NULL;
}

napi_value drop_folders (napi_env env, napi_callback_info info) {
  OF_MOUNT
  bool only_expired = false;
  napi_get_value_bool(env, all[1], &only_expired);
  kept_drop(&session->kept, only_expired);
  return NULL;
}

// The handle of a file, a number for the block, its place in the file, its bytes, which JavaScript keeps as they are.
napi_value give_block (napi_env env, napi_callback_info info) {
  OF_MOUNT
  napi_value result;
  elements_t bytes = elements_of(env, all[4]);
  uint64_t start = number_of(env, all[3]);
  block_t block = { .number = number_of(env, all[2]), .start = start, .end = start + bytes.count, .bytes = bytes.all };
  pthread_mutex_lock(&session->mutex);
  bool is_taken = bytes.is_array && block_give(session, number_of(env, all[1]), &block);
  pthread_mutex_unlock(&session->mutex);
  napi_get_boolean(env, is_taken, &result);
  return result;
}

napi_value want_block (napi_env env, napi_callback_info info) {
  OF_MOUNT
  pthread_mutex_lock(&session->mutex);
  block_want(session, number_of(env, all[1]), number_of(env, all[2]));
  bool is_back = session->files.given_back != NULL;
  pthread_mutex_unlock(&session->mutex);
  // Not at once: whoever asks for it is not to be told meanwhile.
  if (is_back) session->wake(session);
  return NULL;
}

// Calls that were answered without JavaScript, and of the folders that are kept: how many there are, and their bytes.
napi_value kept_figures (napi_env env, napi_callback_info info) {
  OF_MOUNT
  napi_value result, number;
  pthread_mutex_lock(&session->kept.mutex);
  double each[] = { session->kept.answered + session->files.answered, session->kept.folders, session->kept.bytes };
  pthread_mutex_unlock(&session->kept.mutex);
  napi_create_array(env, &result);
  for (uint32_t i = 0; i < 3; i++) {
    napi_create_double(env, each[i], &number);
    napi_set_element(env, result, i, number);
  }
  return result;
}
