// What JavaScript tells the service manager.
#include "binding.h"

#include "../notify.h"

#include <errno.h>
#include <stdlib.h>

// address, message. Returns 0, or the errno.
napi_value tell_manager (napi_env env, napi_callback_info info) {
  napi_value all[MOST_ARGUMENTS], result = NULL;
  arguments_of(env, info, all);
  char *address = text_of(env, all[0]);
  char *message = text_of(env, all[1]);
  napi_create_int32(env, address == NULL || message == NULL ? EINVAL : notify(address, message), &result);
  free(address);
  free(message);
  return result;
}
