// Memory for large blocks.
#include "binding.h"

#include <sys/mman.h>

#define HUGE_PAGE (2u << 20)

static void give_up (napi_env env, void *bytes, void *size) {
  munmap(bytes, (size_t) (uintptr_t) size);
}

// From the beginning of a huge page on. NULL: there is none.
static char *mapped (size_t size) {
  char *all = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) return NULL;
  size_t before = -(uintptr_t) all % HUGE_PAGE;
  if (before > 0) munmap(all, before);
  munmap(all + before + size, HUGE_PAGE - before);
  return all + before;
}

// So many bytes, whole huge pages: 512 of the usual ones are one then, which the kernel clears in one go when it is first written to.
napi_value large_memory (napi_env env, napi_callback_info info) {
  napi_value all[MOST_ARGUMENTS], buffer, result;
  arguments_of(env, info, all);
  size_t size = number_of(env, all[0]);
  char *bytes = size == 0 || size % HUGE_PAGE > 0 ? NULL : mapped(size);
  if (bytes == NULL) return NULL;
  // Where it is not granted, these are pages like all others.
  madvise(bytes, size, MADV_HUGEPAGE);
  if (napi_create_external_arraybuffer(env, bytes, size, give_up, (void *) (uintptr_t) size, &buffer) != napi_ok) {
    munmap(bytes, size);
    return NULL;
  }
  return napi_create_typedarray(env, napi_uint8_array, size, buffer, 0, &result) == napi_ok ? result : NULL;
}
