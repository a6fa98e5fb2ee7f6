/** Where the state directory of a mount is. */
import { createHash } from 'node:crypto'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { MountConfig } from '../config.js'

export type StateOptions = Pick<
  MountConfig,
  'bucket' | 'endpoint' | 'endpointFrom' | 'prefix' | 'mountpoint' | 'stateDir'
>

/** Whose state it is; replaceable for tests. */
export interface StateOwner {
  readonly uid: number
  readonly env: NodeJS.ProcessEnv
}

const slugLength = 40

/** Where the state directories of a user are. */
export function stateRoot(owner: StateOwner = currentOwner()): string {
  if (owner.uid === 0) return '/var/lib/as2fs'
  const home = homeIn(owner.env)
  const state = owner.env.XDG_STATE_HOME
  // The XDG specification has relative paths ignored.
  return join(state?.startsWith('/') ? state : join(home, '.local/state'), 'as2fs')
}

export function stateDirectoryPath(options: StateOptions, owner: StateOwner = currentOwner()): string {
  if (options.stateDir !== undefined) return options.stateDir
  // An endpoint of the environment is not part of it: a variable that comes or goes must not hide what waits.
  const endpoint = options.endpointFrom === '--endpoint' ? options.endpoint : undefined
  const identity = JSON.stringify([endpoint ?? '', options.bucket, options.prefix])
  const digest = createHash('sha256').update(identity).digest('hex').slice(0, 8)
  const slug = options.bucket.toLowerCase().replaceAll(/[^a-z0-9.-]+/g, '-')
  return join(stateRoot(owner), `${slug.slice(0, slugLength)}-${digest}`)
}

/** One that is empty, or not absolute, is none. */
function homeIn(env: Readonly<NodeJS.ProcessEnv>): string {
  return env.HOME?.startsWith('/') === true ? env.HOME : userInfo().homedir
}

function currentOwner(): StateOwner {
  return { uid: process.geteuid?.() ?? -1, env: process.env }
}
