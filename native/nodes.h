// What the kernel knows: a tree of names, each under a number that the kernel uses until it forgets it.
#ifndef NODES_H
#define NODES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct node node_t;

struct node {
  node_t *parent;      // NULL: the root
  char *name;
  node_t *next;        // in its bucket
  uint64_t lookups;    // how often the kernel was told of it, and has not forgotten it yet
  uint32_t users;      // nodes below it, and calls that are about it
  uint32_t opens;      // handles
  uint32_t cached;     // of those, the ones that are read through the page cache
  uint32_t changing;   // renames and removals of it that are under way
  bool is_gone;        // its name was taken from it: the path that it had is no longer its own
  bool is_hidden;      // removed while it was open: its name of now goes with its last handle
  uint64_t changed;    // of a folder: how many names had changed when one in it did last
  uint64_t version;    // of what its pages in the page cache are made; 0: not known
  double size;         // as the kernel was told last
};

typedef struct {
  node_t root;
  node_t **buckets;
  size_t size;         // a power of two
  size_t count;
  uint32_t hidden;     // counts names that were given
  uint64_t changes;    // counts names that were taken away or given
} nodes_t;

// One thread at a time: whoever calls holds the session's mutex.

bool nodes_init (nodes_t *all);
void nodes_destroy (nodes_t *all);

node_t *node_of (nodes_t *all, uint64_t id);
uint64_t node_id (nodes_t *all, node_t *it);
node_t *node_child (nodes_t *all, node_t *parent, const char *name);
// The child, made if need be; NULL: no memory.
node_t *node_found (nodes_t *all, node_t *parent, const char *name);
void node_use (node_t *it);
void node_unuse (nodes_t *all, node_t *it);
void node_forget (nodes_t *all, node_t *it, uint64_t lookups);
// Its name is no longer its own.
void node_remove (nodes_t *all, node_t *it);
// It goes to another place, in the place of what was there. false: no memory.
bool node_move (nodes_t *all, node_t *it, node_t *parent, const char *name);
// Whether it or a folder that it is in is being renamed or removed.
bool node_is_changing (const node_t *it);
// Whether its path, or that of a folder that it is in, is its own no longer.
bool node_is_gone (const node_t *it);
// The path of a node, or of a name in it; to be freed. NULL: no memory.
char *node_path (const node_t *it, const char *name);
// A name for a node that is removed while it is open, in the same folder; to be freed. NULL: no memory.
char *node_hidden_name (nodes_t *all, const node_t *it);

// The number that programs see: the same for the same path, or identity, over all mounts; never 0, nor the root's.
#define INODE_SEED 14695981039346656037u
uint64_t inode_hash (uint64_t hash, const char *text, size_t length);
uint64_t inode_number (uint64_t hash);
uint64_t inode_of_path (const char *path);

#endif
