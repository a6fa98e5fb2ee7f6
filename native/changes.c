// What becomes of names when a call is answered: what was renamed or removed is elsewhere, or nowhere, before the kernel can ask again.
#include "session.h"

#include <errno.h>

static void change_names (session_t *it, call_t *call) {
  node_t *node = call->changed[0];
  if (node == NULL) return;
  if (call->opcode == FUSE_RENAME) node_move(&it->nodes, node, call->other, call->other_name);
  else if (!node->is_hidden) node_remove(&it->nodes, node);
}

// Before one is answered with an error, or 0. Returns whether it is not answered yet: it is asked for once more.
bool call_again_or_done (session_t *it, call_t *call, int error) {
  if (error == ENOENT && call_again(it, call)) return true;
  if (error == 0 && (call->opcode == FUSE_RENAME || call->opcode == FUSE_UNLINK || call->opcode == FUSE_RMDIR)) change_names(it, call);
  return false;
}

// What the call removes or replaces has the name now that came with it. Returns whether there is such a thing. If it is not open any
// longer, no release will remove it.
bool call_hide (session_t *it, call_t *call, bool *is_open) {
  node_t *node = call->changed[call->opcode == FUSE_RENAME ? 1 : 0];
  if (node == NULL || call->hidden_name == NULL) return false;
  *is_open = node->opens > 0;
  if (node_move(&it->nodes, node, node->parent, call->hidden_name)) node->is_hidden = true;
  if (!*is_open) node_remove(&it->nodes, node);
  return true;
}

// One handle less. Returns the path to remove, to be freed, if it was the last one of what was hidden.
char *handle_released (session_t *it, node_t *node, uint64_t handle) {
  if (handle & HANDLE_CACHED) node->cached--;
  if (--node->opens > 0 || !node->is_hidden) return NULL;
  char *path = node_path(node, NULL);
  node_remove(&it->nodes, node);
  return path;
}
