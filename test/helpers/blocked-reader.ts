/** In the place of the thread that reads /proc: one that is in a system call for ever, as nobody writes to the named pipe. */
import { openSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'

parentPort?.on('message', () => openSync(process.env.NAMED_PIPE ?? '', 'r'))
