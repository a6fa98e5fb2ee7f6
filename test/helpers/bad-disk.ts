/** A disk that fails, in this process: what is done through a FileHandle, and removals, by path. One at a time in a process. */
import { readlinkSync } from 'node:fs'
import promises, { open, type FileHandle } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import type { Test } from 'tap'
import { callByCall, diskCalls } from '../../src/journal/disk-calls.js'

type Method = 'write' | 'truncate' | 'sync' | 'datasync'
type Call = Method | 'unlink'
type Methods = Record<Method, (this: FileHandle, ...args: unknown[]) => Promise<unknown>>

export class BadDisk {
  #fault: { readonly calls: readonly Call[]; readonly code: string; readonly of: (path: string) => boolean } | undefined
  #left = 0
  /** How many calls have failed. */
  failures = 0

  /** From now on such calls fail, on paths that have this in them: all of them, or so many. */
  fail(calls: readonly Call[], code: 'EIO' | 'ENOSPC' | 'EPERM', part: string, times = Infinity): void {
    this.#fault = { calls, code, of: (path) => path.includes(part) }
    this.#left = times
  }

  heal(): void {
    this.#fault = undefined
  }

  /** @throws as the system would */
  check(call: Call, path: string): void {
    const fault = this.#fault
    if (fault?.calls.includes(call) !== true || !fault.of(path)) return
    this.#left -= 1
    if (this.#left <= 0) this.heal()
    this.failures += 1
    throw Object.assign(new Error(`${fault.code}: ${call} '${path}'`), { code: fault.code, syscall: call })
  }
}

/** As it was again after the test. */
export async function badDisk(t: Test): Promise<BadDisk> {
  const disk = new BadDisk()
  const probe = await open('/dev/null')
  const methods = Object.getPrototypeOf(probe) as Methods
  await probe.close()
  const { write, truncate, sync, datasync } = methods
  const originals = { write, truncate, sync, datasync }
  for (const method of Object.keys(originals) as Method[]) {
    methods[method] = async function (...args) {
      disk.check(method, readlinkSync(`/proc/self/fd/${this.fd}`))
      return originals[method].apply(this, args)
    }
  }
  const inOneGo = { ...diskCalls }
  Object.assign(diskCalls, callByCall)
  const { unlink } = promises
  promises.unlink = async (path) => {
    disk.check('unlink', String(path))
    return unlink(path)
  }
  syncBuiltinESMExports()
  t.teardown(() => {
    Object.assign(methods, originals)
    Object.assign(diskCalls, inOneGo)
    promises.unlink = unlink
    syncBuiltinESMExports()
  })
  return disk
}
