// What JavaScript has of all this: calls come to one function of its, and it answers each by its number.
#include "binding.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

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
  export(env, exports, "mount", start_mount);
  export(env, exports, "replyError", answer_error);
  export(env, exports, "replyEntry", answer_entry);
  export(env, exports, "replyAttr", answer_attr);
  export(env, exports, "replyOpen", answer_open);
  export(env, exports, "replyCreate", answer_create);
  export(env, exports, "replyData", answer_data);
  export(env, exports, "replyCount", answer_count);
  export(env, exports, "replyFolder", answer_folder);
  export(env, exports, "replyStatfs", answer_statfs);
  export(env, exports, "replyXattr", answer_xattr);
  export(env, exports, "hidden", hidden);
  export(env, exports, "released", released);
  export(env, exports, "tellClosed", tell_closed);
  export(env, exports, "giveBlock", give_block);
  export(env, exports, "wantBlock", want_block);
  export(env, exports, "keepFoldersAs", keep_folders_as);
  export(env, exports, "keepFolder", keep_folder);
  export(env, exports, "forgetKept", forget_kept);
  export(env, exports, "renewFolder", renew_folder);
  export(env, exports, "dropFolders", drop_folders);
  export(env, exports, "figures", kept_figures);
  export(env, exports, "keepFreed", keep_freed);
  export(env, exports, "largeMemory", large_memory);
  export(env, exports, "notify", tell_manager);
  export(env, exports, "writeToDisk", write_to_disk);
  export(env, exports, "syncNewFile", sync_new_file);
  return exports;
}
