/** In the place of the thread that reads /proc: one that never comes back from some processes, or from all until it is let. A signal ends all. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Question } from '../../src/fuse/callers/process-questions.js'

const { reading } = workerData as { readonly reading: Int32Array }

parentPort?.on('message', (question: Question) => {
  const pid = 'pid' in question ? question.pid : 0
  Atomics.store(reading, 0, pid)
  // As in a system call: nothing else of this thread goes on.
  if (pid >= 1_000_000) Atomics.wait(reading, 0, pid, (pid % 1_000_000) * 10)
  parentPort?.postMessage({ process: pid, signal: 'SIGKILL' })
})
