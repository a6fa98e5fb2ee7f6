/** What this machine must have, whatever is mounted. */
import { version } from '../version.js'
import { kernel, whyNotCompiled } from '../fuse/kernel.js'
import { explainMissing } from '../fuse/missing-library.js'
import {
  checkDevice,
  checkFusermount,
  checkPrivileges,
  checkUserAllowOther,
  isAllowedToMount,
} from '../fuse/preflight.js'
import { slowBinding } from '../daemon/health.js'
import { ok, skipped, warning, type Check, type Finding } from './check.js'

/** @param allowOther `--allow-other` is given */
export function machineChecks(allowOther: boolean): readonly Check[] {
  const group = 'machine'
  return [
    // An older Node gets no further than bin/as2fs.
    { name: 'as2fs', group, run: async () => ok(`${version}, with Node ${process.versions.node}`) },
    { name: 'binding', group, run: binding },
    {
      name: '/dev/fuse',
      group,
      run: async () => {
        await checkDevice()
        return ok('may be opened by this user')
      },
    },
    {
      name: 'privileges',
      group,
      run: async () => {
        await checkPrivileges()
        return ok((await isAllowedToMount()) ? 'may mount' : 'fusermount may mount for this user')
      },
    },
    {
      name: 'fusermount',
      group,
      run: async () =>
        (await isAllowedToMount()) ? skipped('not needed: this user may mount without') : ok(await checkFusermount()),
    },
    { name: 'allow_other', group, run: () => othersAllowed(allowOther) },
  ]
}

async function binding(): Promise<Finding> {
  if (kernel) return ok('compiled')
  // What it needs of the system is seen when it is loaded.
  await import('../fuse/stock-mount.js').catch(explainMissing)
  return warning(slowBinding(whyNotCompiled ?? 'nobody knows why'))
}

async function othersAllowed(isAsked: boolean): Promise<Finding> {
  if (!isAsked) return skipped('not needed without --allow-other')
  if (!(await isAllowedToMount())) await checkUserAllowOther()
  return ok('other users may be let in')
}
