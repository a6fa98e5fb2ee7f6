/** The directory on which the bucket is to be mounted. */
import { checkMountpoint, isAllowedToMount } from '../fuse/preflight.js'
import { mountAt, ourType } from '../fuse/mountinfo.js'
import { isDeadMount } from '../fuse/unmount.js'
import { ok, warning, type Check, type Finding } from './check.js'

export function mountpointChecks(bucket: string, mountpoint: string): readonly Check[] {
  return [{ name: 'mountpoint', group: 'machine', run: () => look(bucket, mountpoint) }]
}

async function look(bucket: string, path: string): Promise<Finding> {
  if (await isDeadMount(path)) {
    return warning(
      `The daemon that had ${path} has died: the next mount there clears it, and so does as2fs umount ${path}.`,
    )
  }
  const mount = await mountAt(path)
  if (mount?.type === ourType && mount.source === bucket) return ok(`${path}, where this bucket is mounted already`)
  await checkMountpoint(path, await isAllowedToMount())
  return ok(`${path}, an empty directory`)
}
