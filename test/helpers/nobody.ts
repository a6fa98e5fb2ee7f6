/** Runs programs as an ordinary user. */
import { chmod, stat } from 'node:fs/promises'
import type { Test } from 'tap'

/** Debian's `nobody` and `nogroup`. */
export const nobody = { uid: 65534, gid: 65534 }

/**
 * Program and arguments to put in front of others. The user may read (not write) what only root could: the project may be
 * in a folder of root's. tap's hooks in NODE_OPTIONS would write there.
 */
export const asNobody: readonly string[] = [
  ...['/usr/bin/env', '-u', 'NODE_OPTIONS', 'PATH=/usr/bin:/bin', 'setpriv'],
  ...[`--reuid=${nobody.uid}`, `--regid=${nobody.gid}`, '--clear-groups'],
  ...['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search'],
]

/** Debian's normal state of the device, for the time of a test. */
export async function openDevice(t: Test): Promise<void> {
  const { mode } = await stat('/dev/fuse')
  await chmod('/dev/fuse', 0o666)
  t.teardown(() => chmod('/dev/fuse', mode & 0o777))
}

/** Why a test that needs to become somebody else can't run; false if it can. */
export function withoutRoot(): string | false {
  return process.getuid?.() === 0 ? false : 'only root can become another user'
}
