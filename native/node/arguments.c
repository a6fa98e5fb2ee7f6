// JavaScript's arguments, as C has them.
#include "binding.h"

#include <stdlib.h>
#include <string.h>

napi_value *arguments_of (napi_env env, napi_callback_info info, napi_value *all) {
  size_t count = MOST_ARGUMENTS;
  for (size_t i = 0; i < count; i++) all[i] = NULL;
  napi_get_cb_info(env, info, &count, all, NULL, NULL);
  return all;
}

mount_t *mount_of (napi_env env, napi_value value) {
  void *it = NULL;
  napi_get_value_external(env, value, &it);
  return it;
}

double number_of (napi_env env, napi_value value) {
  double number = 0;
  napi_get_value_double(env, value, &number);
  return number;
}

static bool is_text (napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  return value != NULL && napi_typeof(env, value, &type) == napi_ok && type == napi_string;
}

char *text_of (napi_env env, napi_value value) {
  size_t length = 0;
  if (!is_text(env, value) || napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) return NULL;
  char *text = malloc(length + 1);
  if (text != NULL) napi_get_value_string_utf8(env, value, text, length + 1, &length);
  return text;
}

elements_t elements_of (napi_env env, napi_value value) {
  elements_t elements = { .count = 0 };
  elements.is_array = napi_get_typedarray_info(env, value, NULL, &elements.count, &elements.all, NULL, NULL) == napi_ok;
  if (!elements.is_array) elements.count = 0;
  return elements;
}

uint64_t inode_of (napi_env env, napi_value identity, const char *path) {
  char *text = text_of(env, identity);
  uint64_t inode = text == NULL ? inode_of_path(path) : inode_number(inode_hash(INODE_SEED, text, strlen(text)));
  free(text);
  return inode;
}

uint64_t version_of (napi_env env, napi_value value) {
  char *text = text_of(env, value);
  uint64_t version = text == NULL ? 0 : inode_number(inode_hash(INODE_SEED, text, strlen(text)));
  free(text);
  return version;
}

call_t *call_of (mount_t *it, uint64_t unique) {
  if (it->is_closed) return NULL;
  pthread_mutex_lock(&it->session.mutex);
  call_t *call = call_known(&it->session, unique);
  pthread_mutex_unlock(&it->session.mutex);
  return call;
}
