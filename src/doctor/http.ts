/** Where the mount is to tell over HTTP how it is. */
import type { MountConfig } from '../config.js'
import { exposureOf } from '../exposure.js'
import { shownAddress } from '../http/address.js'
import { whyNotAt } from '../http/listener.js'
import { readToken } from '../http/token.js'
import { liveLock } from '../state/lock.js'
import { named } from '../state/lock-record.js'
import { stateDirectoryPath } from '../state/places.js'
import { ok, skipped, warning, type Check, type Finding } from './check.js'

export function httpChecks(config: MountConfig): readonly Check[] {
  return [{ name: 'http', group: 'machine', run: () => httpFound(config) }]
}

async function httpFound(config: MountConfig): Promise<readonly Finding[] | Finding> {
  const { http, httpTokenFile } = config
  if (!http) return skipped('not needed without --http')
  // With no token that can be used there is no mount.
  if (httpTokenFile !== undefined) await readToken(httpTokenFile)
  const exposure = await exposureOf('token', httpTokenFile)
  const exposed = exposure === undefined ? [] : [warning(exposure)]
  const problem = await whyNotAt(http, httpTokenFile !== undefined)
  if (!problem) return [...exposed, ok(`${shownAddress(http)} can be listened at`)]
  const holder = problem.isTaken ? await liveLock(stateDirectoryPath(config)).catch(() => undefined) : undefined
  const sentence = holder
    ? `${problem.sentence} Unless that is ${await named(holder)}, which has this mount.`
    : problem.sentence
  return [...exposed, warning(sentence)]
}
