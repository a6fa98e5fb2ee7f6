// A mount begins.
#include "binding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void wake (session_t *session) {
  uv_async_send(session->waker);
}

// JavaScript's, so that it may read what was written without a copy.
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
  uv_async_t *async = malloc(uv_handle_size(UV_ASYNC));
  if (async == NULL || uv_async_init(loop, async, on_wake) != 0) {
    free(async);
    return false;
  }
  uv_handle_set_data((uv_handle_t *) async, it);
  it->async = it->session.waker = async;
  it->session.wake = wake;
  return true;
}

// Lives as long as the process, also where it can't be mounted: threads may look at it at any time. NULL: no memory.
static mount_t *make (napi_env env, napi_value *all) {
  mount_t *it = calloc(1, sizeof(mount_t));
  if (it == NULL || !session_init(&it->session, number_of(env, all[4]))) return NULL;
  it->env = env;
  napi_create_reference(env, all[6], 1, &it->numbers_kept);
  it->numbers = elements_of(env, all[6]).all;
  napi_create_reference(env, all[7], 1, &it->on_call);
  napi_create_reference(env, all[8], 1, &it->on_closed);
  napi_create_reference(env, all[9], 1, &it->on_given_back);
  napi_create_reference(env, all[10], 1, &it->on_dying);
  napi_create_reference(env, all[11], 1, &it->on_end);
  return make_buffers(env, it) && make_async(env, it) ? it : NULL;
}

// mountpoint, source, read-only, for others, timeout of attributes in s, readahead in bytes, numbers, five functions, and whether there are
// extended attributes.
napi_value start_mount (napi_env env, napi_callback_info info) {
  napi_value all[MOST_ARGUMENTS], result = NULL;
  char why[512] = "no memory";
  arguments_of(env, info, all);
  char *mountpoint = text_of(env, all[0]);
  char *source = text_of(env, all[1]);
  mount_t *it = mountpoint == NULL || source == NULL ? NULL : make(env, all);
  int fd = it == NULL ? -1 : kernel_mount(mountpoint, source, number_of(env, all[2]) != 0, number_of(env, all[3]) != 0, why, sizeof(why));
  if (fd >= 0) {
    it->session.fd = fd;
    it->session.tells_xattrs = number_of(env, all[12]) != 0;
    int greeted = session_greet(&it->session, number_of(env, all[5]));
    if (greeted == 0 && interrupts_start(&it->session) && session_start(&it->session)) napi_create_external(env, it, NULL, NULL, &result);
    // JavaScript takes the mount away, which is dead then.
    else close(fd), snprintf(why, sizeof(why), "the kernel's FUSE does not answer as it should: %s", strerror(-greeted));
  }
  if (result == NULL) {
    if (it != NULL) uv_unref((uv_handle_t *) it->async);
    napi_throw_error(env, NULL, why);
  }
  free(mountpoint);
  free(source);
  return result;
}
