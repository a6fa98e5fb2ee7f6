// The tree of nodes, by name and by number.
#include "nodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t root_id = 1;
static const uint64_t first_inode = 16;

bool nodes_init (nodes_t *all) {
  memset(all, 0, sizeof(*all));
  all->size = 4096;
  all->buckets = calloc(all->size, sizeof(node_t *));
  // It is never forgotten.
  all->root.lookups = 1;
  return all->buckets != NULL;
}

void nodes_destroy (nodes_t *all) {
  for (size_t i = 0; i < all->size; i++) {
    for (node_t *it = all->buckets[i]; it != NULL;) {
      node_t *next = it->next;
      free(it->name);
      free(it);
      it = next;
    }
  }
  free(all->buckets);
}

node_t *node_of (nodes_t *all, uint64_t id) {
  return id == root_id ? &all->root : (node_t *) (uintptr_t) id;
}

uint64_t node_id (nodes_t *all, node_t *it) {
  return it == &all->root ? root_id : (uint64_t) (uintptr_t) it;
}

static node_t **bucket (nodes_t *all, const node_t *parent, const char *name) {
  uint64_t hash = inode_hash(INODE_SEED ^ (uintptr_t) parent, name, strlen(name));
  return &all->buckets[(hash ^ hash >> 32) & (all->size - 1)];
}

static void put (nodes_t *all, node_t *it) {
  node_t **place = bucket(all, it->parent, it->name);
  it->next = *place;
  *place = it;
  all->count++;
}

static void take (nodes_t *all, node_t *it) {
  node_t **link = bucket(all, it->parent, it->name);
  while (*link != it) link = &(*link)->next;
  *link = it->next;
  all->count--;
}

// Without memory it stays as it is, and gets slower.
static void grow (nodes_t *all) {
  node_t **former = all->buckets;
  size_t count = all->size;
  node_t **larger = calloc(2 * count, sizeof(node_t *));
  if (larger == NULL) return;
  all->buckets = larger;
  all->size = 2 * count;
  all->count = 0;
  for (size_t i = 0; i < count; i++) {
    for (node_t *it = former[i]; it != NULL;) {
      node_t *next = it->next;
      put(all, it);
      it = next;
    }
  }
  free(former);
}

node_t *node_child (nodes_t *all, node_t *parent, const char *name) {
  node_t *it = *bucket(all, parent, name);
  while (it != NULL && (it->parent != parent || strcmp(it->name, name) != 0)) it = it->next;
  return it;
}

node_t *node_found (nodes_t *all, node_t *parent, const char *name) {
  node_t *it = node_child(all, parent, name);
  if (it != NULL) return it;
  it = calloc(1, sizeof(node_t));
  char *copy = strdup(name);
  if (it == NULL || copy == NULL) {
    free(it);
    free(copy);
    return NULL;
  }
  it->parent = parent;
  it->name = copy;
  parent->users++;
  if (all->count >= all->size) grow(all);
  put(all, it);
  return it;
}

// Frees it and, where that was the last of its users, the folder that it was in.
static void free_unused (nodes_t *all, node_t *it) {
  while (it != &all->root && it->lookups == 0 && it->users == 0) {
    node_t *parent = it->parent;
    if (!it->is_gone) take(all, it);
    free(it->name);
    free(it);
    parent->users--;
    it = parent;
  }
}

void node_use (node_t *it) {
  it->users++;
}

void node_unuse (nodes_t *all, node_t *it) {
  it->users--;
  free_unused(all, it);
}

void node_forget (nodes_t *all, node_t *it, uint64_t lookups) {
  if (it == &all->root) return;
  it->lookups = lookups > it->lookups ? 0 : it->lookups - lookups;
  free_unused(all, it);
}

void node_remove (nodes_t *all, node_t *it) {
  if (it == &all->root || it->is_gone) return;
  take(all, it);
  it->is_gone = true;
  it->parent->changed = ++all->changes;
}

bool node_move (nodes_t *all, node_t *it, node_t *parent, const char *name) {
  char *copy = strdup(name);
  if (copy == NULL) return false;
  node_t *there = node_child(all, parent, name);
  if (there == it) {
    free(copy);
    return true;
  }
  if (there != NULL) node_remove(all, there);
  node_t *former = it->parent;
  if (!it->is_gone) take(all, it);
  free(it->name);
  it->name = copy;
  it->parent = parent;
  it->is_gone = false;
  former->changed = parent->changed = ++all->changes;
  parent->users++;
  put(all, it);
  node_unuse(all, former);
  return true;
}

bool node_is_changing (const node_t *it) {
  for (; it != NULL; it = it->parent) if (it->changing > 0) return true;
  return false;
}

bool node_is_gone (const node_t *it) {
  for (; it != NULL; it = it->parent) if (it->is_gone) return true;
  return false;
}

char *node_path (const node_t *it, const char *name) {
  size_t length = name == NULL ? 0 : strlen(name) + 1;
  for (const node_t *at = it; at->parent != NULL; at = at->parent) length += strlen(at->name) + 1;
  if (length == 0) return strdup("/");
  char *path = malloc(length + 1);
  if (path == NULL) return NULL;
  char *end = path + length;
  *end = 0;
  for (const char *part = name; part != NULL || it->parent != NULL; part = NULL) {
    if (part == NULL) {
      part = it->name;
      it = it->parent;
    }
    size_t size = strlen(part);
    end -= size;
    memcpy(end, part, size);
    *--end = '/';
  }
  return path;
}

// As libfuse calls them: programs know these names.
char *node_hidden_name (nodes_t *all, const node_t *it) {
  char *name = malloc(64);
  if (name == NULL) return NULL;
  do snprintf(name, 64, ".fuse_hidden%08x%08x", (uint32_t) (uintptr_t) it, ++all->hidden);
  while (node_child(all, it->parent, name) != NULL);
  return name;
}

// FNV-1a. @see http://www.isthe.com/chongo/tech/comp/fnv/
uint64_t inode_hash (uint64_t hash, const char *text, size_t length) {
  for (size_t i = 0; i < length; i++) hash = (hash ^ (uint8_t) text[i]) * 1099511628211u;
  return hash;
}

// Positive where somebody takes it for a signed one.
uint64_t inode_number (uint64_t hash) {
  uint64_t number = hash & INT64_MAX;
  return number < first_inode ? number + first_inode : number;
}

uint64_t inode_of_path (const char *path) {
  return path[1] == 0 ? root_id : inode_number(inode_hash(INODE_SEED, path, strlen(path)));
}
