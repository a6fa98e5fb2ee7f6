/** In the place of the thread that reads /proc: one that finds each file closed for the last time. */
import { parentPort } from 'node:worker_threads'
import type { Question } from '../../src/fuse/callers/process-questions.js'

parentPort?.on('message', (question: Question) => {
  const pid = 'pid' in question ? question.pid : 0
  parentPort?.postMessage({ process: pid, signal: undefined, isLast: true, found: [] })
})
