// What JavaScript has done on the disk: in a thread of libuv's, and told by a promise.
#include "binding.h"

#include "../disk.h"

#include <errno.h>
#include <stdlib.h>

typedef struct {
  napi_async_work work;
  napi_deferred deferred;
  napi_ref kept;          // JavaScript's array, as long as its bytes are needed
  int file;
  elements_t bytes;
  uint64_t position;
  bool sync;
  char *folder;           // of a file whose name is to be synced with it, else NULL: it is written to
  disk_result_t result;
} job_t;

static void do_job (napi_env env, void *data) {
  job_t *job = data;
  if (job->folder != NULL) job->result = (disk_result_t) { disk_sync(job->file, job->folder), true };
  else job->result = disk_write(job->file, job->bytes.all, job->bytes.count, job->position, job->sync);
}

static napi_value told (napi_env env, disk_result_t result) {
  napi_value number = NULL;
  napi_create_int32(env, result.is_written ? -result.error : result.error, &number);
  return number;
}

static void end_job (napi_env env, napi_status status, void *data) {
  job_t *job = data;
  if (status != napi_ok) job->result = (disk_result_t) { ECANCELED, false };
  napi_resolve_deferred(env, job->deferred, told(env, job->result));
  if (job->kept != NULL) napi_delete_reference(env, job->kept);
  napi_delete_async_work(env, job->work);
  free(job->folder);
  free(job);
}

// A job with its first argument, a descriptor. NULL: no memory, as JavaScript is told.
static job_t *job_of (napi_env env, napi_value *all, napi_value *promise) {
  job_t *job = calloc(1, sizeof(job_t));
  if (job == NULL || napi_create_promise(env, &job->deferred, promise) != napi_ok) {
    free(job);
    napi_throw_error(env, "ENOMEM", "There is no memory to write with.");
    return NULL;
  }
  job->file = number_of(env, all[0]);
  return job;
}

static void start_job (napi_env env, job_t *job) {
  napi_value name;
  napi_create_string_utf8(env, "as2fs:disk", NAPI_AUTO_LENGTH, &name);
  napi_create_async_work(env, NULL, name, do_job, end_job, job, &job->work);
  if (napi_queue_async_work(env, job->work) != napi_ok) end_job(env, napi_cancelled, job);
}

// file, bytes, position, whether to sync. Returns a promise of 0, of the errno with which the write failed, or of the negative one with
// which the sync did.
napi_value write_to_disk (napi_env env, napi_callback_info info) {
  napi_value all[MOST_ARGUMENTS], promise = NULL;
  job_t *job = job_of(env, arguments_of(env, info, all), &promise);
  if (job == NULL) return NULL;
  job->bytes = elements_of(env, all[1]);
  napi_create_reference(env, all[1], 1, &job->kept);
  job->position = number_of(env, all[2]);
  job->sync = number_of(env, all[3]) != 0;
  start_job(env, job);
  return promise;
}

// file, the path of the folder that it is new in. Returns a promise of 0, or of the errno, negative or not.
napi_value sync_new_file (napi_env env, napi_callback_info info) {
  napi_value all[MOST_ARGUMENTS], promise = NULL;
  char *folder = text_of(env, arguments_of(env, info, all)[1]);
  job_t *job = folder == NULL ? NULL : job_of(env, all, &promise);
  if (job == NULL) {
    free(folder);
    return NULL;
  }
  job->folder = folder;
  start_job(env, job);
  return promise;
}
