/** What this machine must have, whatever is mounted. */
import type { MountConfig } from '../config.js'
import { ownDescriptors } from '../send/disk/descriptors.js'
import { version } from '../version.js'
import { whyNotCompiled } from '../binding/load.js'
import { kernel } from '../fuse/kernel.js'
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

export function machineChecks({ allowOther, uploads }: Pick<MountConfig, 'allowOther' | 'uploads'>): readonly Check[] {
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
    { name: 'descriptors', group, run: () => descriptorsFound(uploads) },
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

/** Of this process; a service may have another limit. */
async function descriptorsFound(uploads: number): Promise<Finding> {
  const { all, forSend, isShort } = await ownDescriptors(uploads)
  const most = Number.isFinite(all) ? String(all) : 'any number of'
  if (!isShort)
    return ok(`${most} files may be open, ${Number.isFinite(forSend) ? `${forSend} of them` : 'as many'} in send/`)
  return warning(
    `Only ${most} files may be open, ${forSend} of them in send/, and the rest is less than the daemon may need: raise LimitNOFILE (systemd) or ulimit -Hn.`,
  )
}
