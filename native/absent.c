// Names that are known not to be there, for moments.
#include "absent.h"

#include <string.h>

void absent_add (absent_names_t *it, uint64_t folder, const char *name, double until) {
  absent_name_t *one = &it->all[it->next++ % ABSENT_NAMES];
  size_t length = strlen(name);
  one->folder = length < sizeof(one->name) ? folder : 0;
  one->until = until;
  if (one->folder != 0) memcpy(one->name, name, length + 1);
}

bool absent_has (const absent_names_t *it, uint64_t folder, const char *name, double now) {
  for (uint32_t i = 0; i < ABSENT_NAMES; i++) {
    const absent_name_t *one = &it->all[i];
    if (one->folder == folder && now < one->until && strcmp(one->name, name) == 0) return true;
  }
  return false;
}

void absent_clear (absent_names_t *it) {
  for (uint32_t i = 0; i < ABSENT_NAMES; i++) it->all[i].folder = 0;
}
