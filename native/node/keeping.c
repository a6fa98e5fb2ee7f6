// Folders that JavaScript has kept.
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
  elements_t file = elements_of(env, all[1]), folder = elements_of(env, all[2]);
  if (file.count < ATTRIBUTES || folder.count < ATTRIBUTES) return NULL;
  pthread_mutex_lock(&session->kept.mutex);
  memcpy(session->file, file.all, sizeof(session->file));
  memcpy(session->folder, folder.all, sizeof(session->folder));
  pthread_mutex_unlock(&session->kept.mutex);
  return NULL;
}

napi_value keep_folder (napi_env env, napi_callback_info info) {
  OF_MOUNT
  char *path = text_of(env, all[1]);
  if (path == NULL) return NULL;
  elements_t names = elements_of(env, all[2]), numbers = elements_of(env, all[3]);
  kept_add(&session->kept, path, names.all, names.count, numbers.all, numbers.count / 2, number_of(env, all[4]));
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

// Of the folders that are kept: calls that they answered, how many there are, and their bytes.
napi_value kept_figures (napi_env env, napi_callback_info info) {
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
