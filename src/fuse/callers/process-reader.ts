/** A thread that reads /proc: one question at a time, each answered once. Of whom it reads is told in shared memory. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Answer, Question } from './process-questions.js'
import { answerTo } from './process-answers.js'
import { ProcessFiles } from './process-files.js'

const { reading } = workerData as { readonly reading: Int32Array }
const files = new ProcessFiles((pid) => Atomics.store(reading, 0, pid))

parentPort?.on('message', (question: Question) => parentPort?.postMessage(answer(question)))

function answer(question: Question): Answer | undefined {
  try {
    return answerTo(question, files)
  } catch {
    // The kernel does not tell us.
    return undefined
  }
}
