{
  "targets": [{
    "target_name": "kernel",
    "sources": [
      "binding.c", "calls.c", "folders.c", "interrupts.c", "kept-folders.c", "mount.c", "nodes.c", "readers.c", "replies.c"
    ],
    "cflags": ["-g", "-O3", "-std=gnu11", "-Wall", "-Wextra", "-Wno-unused-parameter"]
  }]
}
