/** The end of this process while calls that can't be ended hang: a resolver that is silent, a disk that does not answer. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Milliseconds } from '../units.js'

/** What the threads of libuv's pool are at. An orderly exit waits for each of them. */
const inThreads = /^(?:GetAddrInfoReqWrap|GetNameInfoReqWrap|FSReq\w*)$/
/** What a disk does at the moment is over by then. */
const patience: Milliseconds = 500
const lookEvery: Milliseconds = 10

/** Whether an orderly exit would have to wait: calls in threads that are not over in a moment. */
export async function wouldHang(): Promise<boolean> {
  const end = performance.now() + patience
  while (performance.now() < end) {
    if (!process.getActiveResourcesInfo().some((it) => inThreads.test(it))) return false
    await delay(lookEvery)
  }
  return true
}

/** Without farewell, so that all that is to be kept must be on disk. Handlers of signals are taken away before. Never resolves. */
export function endAtOnce(): Promise<never> {
  // Whoever started us takes this for an end in order, and no other for one.
  process.kill(process.pid, 'SIGTERM')
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), patience)
  return new Promise(() => undefined)
}
