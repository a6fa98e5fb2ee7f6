{
  "targets": [{
    "target_name": "kernel",
    "sources": [
      "binding.c", "calls.c", "changes.c", "folders.c", "interrupts.c", "kept-folders.c", "mount.c", "nodes.c", "readers.c",
      "replies.c", "session.c"
    ],
    "cflags": ["-g", "-O3", "-std=gnu11", "-Wall", "-Wextra", "-Wno-unused-parameter"]
  }]
}
