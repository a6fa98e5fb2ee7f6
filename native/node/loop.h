// What is used of libuv, which is in every Node. Its headers are not wherever this is compiled, and need not be: libuv keeps these
// functions through all versions 1.x, and says itself how large a handle is (uv_handle_size is there for that).
// Node-API's own thread-safe functions would do without it, but go on for up to 1000 calls before a socket has its turn.
#ifndef LOOP_H
#define LOOP_H

#include <node_api.h>
#include <stddef.h>

typedef struct uv_loop_s uv_loop_t;
typedef struct uv_handle_s uv_handle_t;
typedef struct uv_async_s uv_async_t;
enum { UV_ASYNC = 1 };

size_t uv_handle_size (int type);
void *uv_handle_get_data (const uv_handle_t *handle);
void uv_handle_set_data (uv_handle_t *handle, void *data);
void uv_unref (uv_handle_t *handle);
int uv_async_init (uv_loop_t *loop, uv_async_t *async, void (*callback) (uv_async_t *));
// From any thread.
int uv_async_send (uv_async_t *async);

#endif
