// Calls that wait for JavaScript: known by their numbers, in a queue, or parked while what they are about is renamed or removed.
#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// A path may change again and again; then whoever asks for it is told so, as of what is not there (ENOENT, ESTALE).
static const uint8_t most_retries = 8;
// Of reads, which may each mean a request to the bucket, JavaScript gets so many at a time; then others have their turn.
static const uint32_t most_reads = 8;

// The kernel's numbers go up by two.
static call_t **bucket (session_t *it, uint64_t unique) {
  return &it->known[(unique >> 1) % CALL_BUCKETS];
}

call_t *call_known (session_t *it, uint64_t unique) {
  call_t *call = *bucket(it, unique);
  while (call != NULL && call->unique != unique) call = call->next_known;
  return call;
}

// By its handle: nothing that happens to its path matters, and what waits for it to be closed must not wait for ever.
static bool goes_by_handle (const call_t *call) {
  switch (call->opcode) {
    case FUSE_READ: case FUSE_WRITE: case FUSE_FLUSH: case FUSE_RELEASE: case FUSE_FSYNC: case FUSE_STATFS: return true;
    default: return false;
  }
}

bool call_is_stale (const call_t *call) {
  if (goes_by_handle(call)) return false;
  return node_is_gone(call->node) || (call->other != NULL && node_is_gone(call->other));
}

static bool must_wait (session_t *it, const call_t *call) {
  if (goes_by_handle(call)) return false;
  if (node_is_changing(call->node)) return true;
  if (call->name != NULL) {
    node_t *child = node_child(&it->nodes, call->node, call->name);
    if (child != NULL && child->changing > 0) return true;
  }
  if (call->other == NULL) return false;
  node_t *child = call->other_name == NULL ? NULL : node_child(&it->nodes, call->other, call->other_name);
  return node_is_changing(call->other) || (child != NULL && child->changing > 0);
}

static void change (call_t *call, int which, node_t *node) {
  if (node == NULL) return;
  call->changed[which] = node;
  node->changing++;
  node_use(node);
}

// From here on whoever asks for what this takes away, or moves, waits for its end.
static bool begin_change (session_t *it, call_t *call) {
  uint32_t op = call->opcode;
  if (op != FUSE_UNLINK && op != FUSE_RMDIR && op != FUSE_RENAME) return true;
  node_t *goes = node_child(&it->nodes, call->node, call->name);
  // Also where nothing is yet: what will be there is not to be told of under another number before.
  node_t *replaced = op == FUSE_RENAME ? node_found(&it->nodes, call->other, call->other_name) : NULL;
  change(call, 0, goes);
  if (replaced != goes) change(call, 1, replaced);
  node_t *hides = op == FUSE_UNLINK ? goes : replaced == goes ? NULL : replaced;
  if (hides == NULL || hides->opens == 0) return true;
  call->hidden_name = node_hidden_name(&it->nodes, hides);
  if (call->hidden_name == NULL) return false;
  call->hidden_path = node_path(hides->parent, call->hidden_name);
  return call->hidden_path != NULL;
}

// The paths as they are now. false: no memory; it has those that it had.
static bool find_paths (session_t *it, call_t *call) {
  char *path = node_path(call->node, call->name);
  char *other_path = call->other == NULL ? NULL : node_path(call->other, call->other_name);
  if (path == NULL || (call->other != NULL && other_path == NULL)) {
    free(path);
    free(other_path);
    return false;
  }
  free(call->path);
  free(call->other_path);
  call->path = path;
  call->other_path = other_path;
  call->since = it->nodes.changes;
  return true;
}

static void append (queue_t *queue, call_t *call) {
  call->next = NULL;
  if (queue->last == NULL) queue->first = call; else queue->last->next = call;
  queue->last = call;
}

static void enqueue (session_t *it, call_t *call) {
  bool is_of_bucket = call->opcode == FUSE_READ && (call->handle & HANDLE_OF_BUCKET);
  append(is_of_bucket ? &it->reads : &it->queue, call);
}

// Into the queue, or to those that wait.
static bool admit (session_t *it, call_t *call) {
  if (must_wait(it, call)) {
    call->next = it->parked;
    it->parked = call;
    return true;
  }
  if (!find_paths(it, call) || !begin_change(it, call)) return false;
  enqueue(it, call);
  return true;
}

bool call_admit (session_t *it, call_t *call) {
  if (!admit(it, call)) return false;
  call_t **place = bucket(it, call->unique);
  call->next_known = *place;
  *place = call;
  it->waiting++;
  return true;
}

call_t *calls_take (session_t *it) {
  pthread_mutex_lock(&it->mutex);
  queue_t taken = it->queue;
  it->queue = (queue_t) { NULL, NULL };
  for (uint32_t count = 0; count < most_reads && it->reads.first != NULL; count++) {
    call_t *call = it->reads.first;
    it->reads.first = call->next;
    if (call->next == NULL) it->reads.last = NULL;
    append(&taken, call);
  }
  bool is_more = it->reads.first != NULL;
  pthread_mutex_unlock(&it->mutex);
  if (is_more) it->wake(it);
  return taken.first;
}

// Whether its path is another one by now, or what has the name that it asks for may be.
static bool is_elsewhere (session_t *it, const call_t *call) {
  if (call->since == it->nodes.changes) return false;
  if (call->name != NULL && call->node->changed > call->since) return true;
  char *now = node_path(call->node, call->name);
  bool is_other = now != NULL && call->path != NULL && strcmp(now, call->path) != 0;
  free(now);
  return is_other;
}

// Whether asking JavaScript for it a second time does no harm.
static bool may_be_repeated (const call_t *call) {
  switch (call->opcode) {
    case FUSE_GETATTR: case FUSE_SETATTR: case FUSE_OPEN: case FUSE_ACCESS: case FUSE_READDIR: case FUSE_READDIRPLUS: case FUSE_LOOKUP: return true;
    default: return false;
  }
}

// What it asked for was not there: it may have got another path meanwhile.
bool call_again (session_t *it, call_t *call) {
  if (!may_be_repeated(call) || call->retries >= most_retries || !(must_wait(it, call) || is_elsewhere(it, call))) return false;
  call->retries++;
  return admit(it, call);
}

static void call_free (call_t *call) {
  free(call->name);
  free(call->path);
  free(call->other_name);
  free(call->other_path);
  free(call->hidden_name);
  free(call->hidden_path);
  free(call);
}

// What it is about may change again. Returns whether it had been changing.
static bool end_change (session_t *it, call_t *call) {
  bool changed = false;
  for (int i = 0; i < 2; i++) {
    if (call->changed[i] == NULL) continue;
    call->changed[i]->changing--;
    node_unuse(&it->nodes, call->changed[i]);
    call->changed[i] = NULL;
    changed = true;
  }
  return changed;
}

void call_drop (session_t *it, call_t *call) {
  end_change(it, call);
  if (call->node != NULL) node_unuse(&it->nodes, call->node);
  if (call->other != NULL) node_unuse(&it->nodes, call->other);
  call_free(call);
}

static void make_unknown (session_t *it, call_t *call) {
  call_t **link = bucket(it, call->unique);
  while (*link != call) link = &(*link)->next_known;
  *link = call->next_known;
  it->waiting--;
}

// What it asked for is no more; at its path there may be something else by now.
static void refuse_stale (session_t *it, call_t *call) {
  reply(it, call->unique, ESTALE, NULL, 0, NULL, 0);
  make_unknown(it, call);
  call_drop(it, call);
}

bool call_is_outdated (session_t *it, call_t *call) {
  if (call_is_stale(call)) refuse_stale(it, call);
  else if (!call_again(it, call)) {
    if (!may_be_repeated(call) || !is_elsewhere(it, call)) return false;
    // Too often, or there is no memory for its path: better no answer than one of something else.
    refuse_stale(it, call);
  }
  return true;
}

// The oldest first, as they came.
static void unpark (session_t *it) {
  call_t *all = NULL;
  for (call_t *call = it->parked; call != NULL;) {
    call_t *next = call->next;
    call->next = all;
    all = call;
    call = next;
  }
  it->parked = NULL;
  for (call_t *call = all; call != NULL;) {
    call_t *next = call->next;
    if (call_is_stale(call)) refuse_stale(it, call);
    // Without memory for its path it goes on with the one that it had, or with none.
    else if (!admit(it, call)) enqueue(it, call);
    call = next;
  }
}

void call_end (session_t *it, call_t *call) {
  make_unknown(it, call);
  bool changed = end_change(it, call);
  call_drop(it, call);
  if (changed && it->parked != NULL) {
    unpark(it);
    it->wake(it);
  }
}
