// A mount as the kernel and JavaScript share it. Some threads read the kernel's calls; what they can't answer by themselves
// waits in a queue for JavaScript's thread, which answers whenever it knows: no thread ever waits for an answer.
//
// Locks: one of the session, one of what is kept, one of each open folder. Only a folder's is held while another one is taken, that of
// what is kept or the session's; these two are never held together.
#ifndef SESSION_H
#define SESSION_H

#include <linux/fuse.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "absent.h"
#include "callers.h"
#include "kept-folders.h"
#include "nodes.h"
#include "open-files.h"

// What the kernel writes at a time, and what comes with it.
#define MOST_BYTES (128 * 1024)
#define BUFFER_BYTES (MOST_BYTES + 4096)
// What it reads at a time: as much as it reads ahead. Older ones (before 4.20) read no more than they write.
#define MOST_READ (1024 * 1024)
#define CALL_BUCKETS 4096
// Threads that read calls, and buffers for them: what was written stays in its buffer until JavaScript has it.
#define READERS 4
#define BUFFERS 24

// Of a file or folder, as numbers: JavaScript's order. What is volatile may change by another name: it is asked for each time.
enum { A_MODE, A_UID, A_GID, A_SIZE, A_NLINK, A_BLKSIZE, A_ATIME, A_MTIME, A_CTIME, A_VOLATILE, ATTRIBUTES };
// Of the filesystem, in the same way: bytes of a block, blocks, those that are free, files, how many more there may be, bytes of a name.
enum { F_BLOCK_SIZE, F_BLOCKS, F_FREE_BLOCKS, F_FILES, F_FREE_FILES, F_NAME_MAX };

typedef struct buffer {
  struct buffer *next;  // of those that are free
  char *bytes;
  uint32_t ordinal;
} buffer_t;

// An open folder.
typedef struct {
  pthread_mutex_t mutex;
  // What it holds as it was read: one of these, if it was.
  kept_folder_t *kept;
  char *own;
  // The entries, one after the other, each as identity_of in folders.c says.
  const char *names;
  size_t length;
  // Of these bytes, the place to which it was read last: an entry begins there, or they end.
  uint64_t known;
} folder_t;

// Its entries from a place on, as many as go into size bytes, with the attributes of those that are kept, or without.
typedef struct {
  node_t *node;
  const char *path;
  uint64_t position;
  size_t size;
  bool with_attributes;
} folder_read_t;

// A call of the kernel that was not answered yet.
typedef struct call {
  struct call *next;        // in the queue, or of those that are parked
  struct call *next_known;  // in its bucket
  uint64_t unique;
  uint32_t opcode;
  uint32_t pid;
  double received;          // ms of CLOCK_MONOTONIC
  // What it is about: a node, or a name in it; of RENAME the other place, too, of LINK what gets another name.
  node_t *node;
  char *name;
  char *path;
  node_t *other;
  char *other_name;         // of GETXATTR what it asks for
  char *other_path;
  // What is renamed or removed, or replaced by that: the calls that come meanwhile wait. And where that is open, the
  // path that it will have until its last handle is closed.
  node_t *changed[2];
  char *hidden_name;
  char *hidden_path;
  uint64_t handle;
  uint64_t position;
  uint32_t length;
  uint32_t flags;
  caller_t caller;          // of what opens a file to write to it; of a close the faults alone, @see faults_if_alone
  struct fuse_setattr_in set;
  folder_t *folder;
  buffer_t *buffer;
  const char *bytes;        // in the buffer
  uint64_t since;           // how many names had changed when its path was made
  uint8_t retries;
} call_t;

// A handle with the first mark is read through the page cache, and counted as such; what is read with the second may have to come from
// the bucket; one with the third is known here (open-files.c).
#define HANDLE_CACHED ((uint64_t) 1 << 62)
#define HANDLE_OF_BUCKET ((uint64_t) 1 << 61)
#define HANDLE_HERE ((uint64_t) 1 << 60)
#define HANDLE_MARKS (HANDLE_CACHED | HANDLE_OF_BUCKET | HANDLE_HERE)
// What JavaScript says of a handle.
enum { OPEN_UNCACHED = 1, OPEN_NO_FLUSH = 2 };

// What JavaScript has opened.
typedef struct {
  uint64_t handle;
  uint32_t flags;
  uint64_t version;         // 0: it may change
  double size;              // of that version; negative: it may change. Where the kernel was told of another, it is read past the page cache
  const void *bytes;        // all of it; NULL: they were not given
  size_t length;
} opening_t;

typedef struct interrupt {
  struct interrupt *next;
  uint64_t unique;
  uint32_t pid;
} interrupt_t;

typedef struct {
  call_t *first;
  call_t *last;
} queue_t;

typedef struct session {
  int fd;
  double attr_timeout;      // s; of names and of attributes
  bool tells_xattrs;
  bool is_asked_once;       // of each file's capability, before the first write to it; else before each
  pthread_mutex_t mutex;    // of all that follows
  nodes_t nodes;
  absent_names_t absent;
  call_t *known[CALL_BUCKETS];
  uint32_t waiting;         // of these
  queue_t queue;            // for JavaScript
  queue_t reads;            // the same, of what may have to come from the bucket: it waits behind all else
  open_files_t files;
  call_t *parked;
  buffer_t buffers[BUFFERS];
  buffer_t *free_buffers;
  pthread_cond_t buffer_freed;
  interrupt_t *interrupts;  // calls whose callers got a signal
  uint64_t *dying;          // calls whose callers are being killed: JavaScript is told
  uint32_t dying_count;
  uint32_t dying_size;
  pthread_cond_t interrupted;
  pthread_t interrupter;
  pthread_t readers[READERS];
  uint32_t reading;
  bool is_over;
  kept_folders_t kept;      // has a mutex of its own
  // Of all files and of all folders that are kept, and of files in a folder of KEPT_NAMES: their mutex is that of the kept.
  double file[ATTRIBUTES];
  double folder[ATTRIBUTES];
  double named[ATTRIBUTES];
  // Wakes JavaScript's thread; from any thread.
  void (*wake) (struct session *);
  void *waker;
} session_t;

double now_ms ();

// session.c: all but what it is mounted by, and what it wakes. false: no memory.
bool session_init (session_t *it, double attr_timeout);

// mount.c: a descriptor of the mount, or -1 and a sentence that says why not.
int kernel_mount (const char *mountpoint, const char *source, bool read_only, bool others, char *why, size_t size);

// readers.c
// Answers the first call of the mount. 0, or a negative errno.
int session_greet (session_t *it, uint32_t readahead);
// The threads that read calls. false: there is none.
bool session_start (session_t *it);
// It may be filled again. It takes the mutex.
void buffer_give (session_t *it, buffer_t *buffer);

// dispatch.c: answers a call, whose first bytes are a whole header, or hands it over. Returns whether the buffer is in use yet.
bool call_serve (session_t *it, const struct fuse_in_header *in, size_t length, buffer_t *buffer);

// handover.c: hands a call that is whole over to JavaScript, or refuses it. name, second: of those that it has, else NULL. Returns whether
// it keeps the buffer.
bool call_hand_over (session_t *it, const struct fuse_in_header *in, buffer_t *buffer, const char *name, const char *second);

// calls.c: the mutex is held, but for calls_take.
// It waits for JavaScript, or parked, under its number from now on. false: no memory; the call is not known then.
bool call_admit (session_t *it, call_t *call);
// NULL: it is answered.
call_t *call_known (session_t *it, uint64_t unique);
// What JavaScript is to be asked next, chained by `next`; they stay known. It takes the mutex.
call_t *calls_take (session_t *it);
// What it asked for was not there: whether it is asked for once more, as it may have got another path meanwhile.
bool call_again (session_t *it, call_t *call);
// Whether what it is about has no path any longer.
bool call_is_stale (const call_t *call);
// Before it is answered: whether the answer may be of something else, as names changed since it was asked for. Then it is asked
// for once more, or refused, and is not to be answered.
bool call_is_outdated (session_t *it, call_t *call);
// It is answered: it is known no longer, freed, and what was parked for it goes on.
void call_end (session_t *it, call_t *call);
// One that was not admitted: frees it.
void call_drop (session_t *it, call_t *call);

// changes.c: the mutex is held.
// Before a call is answered with an error, or with 0, when names change. Returns whether it is not answered yet: it is asked for
// once more. error: positive, or 0.
bool call_again_or_done (session_t *it, call_t *call, int error);
// What the call removes or replaces gets the hidden name that came with it. Returns whether there is such a thing; is_open is set
// then. If it is not open any longer, no release will remove it.
bool call_hide (session_t *it, call_t *call, bool *is_open);
// One handle less. Returns the path to remove, to be freed, if it was the last one of what was hidden.
char *handle_released (session_t *it, node_t *node, uint64_t handle);

// interrupts.c
// The thread that looks whose callers are being killed. false: there is none.
bool interrupts_start (session_t *it);
// A caller of the call of that number got a signal; in is the kernel's word of it. It takes the mutex.
void interrupts_add (session_t *it, const struct fuse_in_header *in, uint64_t unique);

// folders.c: each takes the folder's mutex, but to open and close it.
// NULL: no memory.
folder_t *folder_open ();
void folder_close (session_t *it, folder_t *folder);
bool folder_is_read (folder_t *folder);
// It holds what is kept from now on, and lets go of that when it is read again, or closed.
void folder_keep (session_t *it, folder_t *folder, kept_folder_t *kept);
// It takes the names over, and frees them.
void folder_own (session_t *it, folder_t *folder, char *names, size_t length);
// As in replies.c.
int folder_reply (session_t *it, uint64_t unique, folder_t *folder, const folder_read_t *read);

// replies.c: each returns 0, or the negative errno with which the kernel refused the answer. Those that are told a node, or a
// call, take the mutex.
// error: positive, or 0.
int reply (session_t *it, uint64_t unique, int error, const void *head, size_t head_length, const void *body, size_t body_length);
// The same, of count parts. The first one is left free for what stands before all.
int reply_parts (session_t *it, uint64_t unique, int error, struct iovec *parts, int count);
// The attributes of something that is kept, as numbers: A_MODE and so on. It takes the mutex of the kept.
void kept_numbers (session_t *it, const kept_entry_t *entry, double *numbers);
// Tells the kernel, in an answer that is being made, of an entry. Returns its node, which the kernel has to forget; NULL: no memory, and
// nothing is told.
node_t *tell_entry (session_t *it, struct fuse_entry_out *out, node_t *parent, const char *name, const double *numbers, uint64_t inode, bool is_new);
int reply_entry (session_t *it, uint64_t unique, node_t *parent, const char *name, const double *numbers, uint64_t inode);
// What is asked for is not there, and will not be for so many ms, but by calls of this kernel: it need not ask again.
int reply_absent (session_t *it, const call_t *call, double ms);
int reply_attr (session_t *it, uint64_t unique, node_t *node, const double *numbers, uint64_t inode);
int reply_open (session_t *it, call_t *call, const opening_t *opening);
int reply_create (session_t *it, call_t *call, uint64_t handle, const double *numbers, uint64_t inode);
// numbers: F_BLOCK_SIZE and so on.
int reply_statfs (session_t *it, uint64_t unique, const double *numbers);
// An extended attribute, or the names of all, as much as was asked for.
int reply_xattr (session_t *it, const call_t *call, const void *bytes, size_t length);
// What was opened may have another size than the kernel thinks: it asks.
void tell_changed (session_t *it, node_t *node);

// open-files.c
// A handle as JavaScript knows it, with its marks.
uint64_t plain_handle (uint64_t handle);
// Of a version that is opened: the handle under which it is known here, or JavaScript's where there is no memory. The mutex is held.
uint64_t file_open (session_t *it, const opening_t *opening);
// It was not opened after all. The mutex is held.
void file_forget (uint64_t handle);
// Whether a call of an open file was answered: reads of what was given, and all that says that it is closed.
bool file_answers (session_t *it, const struct fuse_in_header *in);
// Those that were closed, and that JavaScript was not told of, chained by `next`. It takes the mutex.
open_file_t *files_closed (session_t *it);
// Returns the next one.
open_file_t *file_free (open_file_t *file);
// There are no more calls: what is open will not be closed.
void files_end (session_t *it);
// The one that is open by JavaScript's handle. The mutex is held. NULL: it is closed.
open_file_t *file_with (session_t *it, uint64_t handle);

// blocks.c: of large files. The mutex is held, but for blocks_answer and blocks_given_back.
// false: there is no such file, or no memory. The bytes stay as they are until it is given back.
bool block_give (session_t *it, uint64_t handle, const block_t *block);
// It is wanted back.
void block_want (session_t *it, uint64_t handle, uint64_t number);
void blocks_give_back (session_t *it, open_file_t *file);
// Whether a read was answered from what was given.
bool blocks_answer (session_t *it, const struct fuse_in_header *in, open_file_t *file);
// Those that JavaScript was not told of, chained by `next`, to be freed. It takes the mutex.
block_t *blocks_given_back (session_t *it);

#endif
