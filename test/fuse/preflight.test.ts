/** What is looked at before a mount; as ordinary users have it in `test/mount/refusals.test.ts`. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { preflight } from '../../src/fuse/preflight.js'

async function sentence(t: Test, mountpoint: string, device?: string): Promise<string> {
  try {
    await preflight({ mountpoint, allowOther: false, ...(device === undefined ? {} : { device }) })
    return 'fine'
  } catch (error) {
    t.match(error, { name: 'UsageError' })
    return error instanceof Error ? error.message : ''
  }
}

t.test('an empty directory will do', async (t) => {
  const directory = t.testdir({ fuse: '', empty: {} })
  t.equal(await sentence(t, join(directory, 'empty'), join(directory, 'fuse')), 'fine')
})

t.test('each thing that is not so is said, with what to do', async (t) => {
  const directory = t.testdir({ fuse: '', file: '' })
  const device = join(directory, 'fuse')
  await mkdir(join(directory, 'full', 'sub'), { recursive: true })
  await writeFile(join(directory, 'full', 'file'), '')
  const path = (name: string): string => join(directory, name)
  t.match(await sentence(t, path('missing'), device), `The mountpoint ${path('missing')} does not exist: mkdir -p`)
  t.match(await sentence(t, path('file'), device), /is not a directory\.$/)
  t.match(await sentence(t, path('full'), device), /is not empty: choose an empty directory\.$/)
  t.match(await sentence(t, '/proc', device), /^\/proc has .* \(proc\) mounted on it: unmount it first\.$/)
  t.match(await sentence(t, path('missing'), path('no-device')), /^There is no .*no-device: .*modprobe fuse/)
})
