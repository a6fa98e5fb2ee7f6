/**
 * Uploads to a `send/` through vsftpd, OpenSSH's sftp-server and smbd, whole ones and some whose client is killed half-way:
 * the server closes both in the same way.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { fileServers, type FileServer, type StartFileServer } from '../helpers/file-servers.js'
import { mount, type Mounted } from '../helpers/mounted.js'
import { withoutRoot } from '../helpers/nobody.js'
import { inState, sendRows } from '../helpers/send-state.js'
import { until } from '../helpers/until.js'

const skip = withoutRoot()
const key = (name: string) => `AS2/send/ACME/GLOBEX/${name}`
const order = randomBytes(1_000_000)
/** Two seconds at least, as fast as it goes. */
const large = 2 ** 31

interface Place {
  readonly mounted: Mounted
  readonly server: FileServer
  /** Paths of files to upload. */
  readonly from: { readonly order: string; readonly large: string; readonly trigger: string }
}

async function place(t: Test, start: StartFileServer, commit: string): Promise<Place> {
  const mounted = await mount(t, { flags: ['--station', 'ACME/GLOBEX', '--commit', commit] })
  const directory = join(mounted.directory, 'server')
  await mkdir(directory)
  const from = { order: join(directory, 'order'), large: join(directory, 'large'), trigger: join(directory, 'trigger') }
  await writeFile(from.order, order)
  await writeFile(from.large, '')
  await truncate(from.large, large)
  await writeFile(from.trigger, '')
  const server = await start(mounted.path('ACME/GLOBEX/send'), directory)
  t.teardown(() => server.stop())
  return { mounted, server, from }
}

/** Resolves when the server knows that the client is gone. */
async function uploadHalf({ mounted, server, from }: Place, name: string): Promise<void> {
  const client = server.longUpload(from.large, name)
  const ended = new Promise((resolve) => client.once('exit', resolve))
  await until('half of it', async () => (await sendRows(mounted)).some((it) => it.path === name && it.size > 0))
  client.kill('SIGKILL')
  await ended
  client.stdin?.destroy()
}

for (const [name, start] of Object.entries(fileServers)) {
  // Of smbd a thread may write still as the file is closed by the process that ends: that is seen.
  const mayBeSeen = name === 'smbd'
  const reasonOr = (reason: string): RegExp => new RegExp(mayBeSeen ? `^(${reason}|killed)$` : `^${reason}$`)
  t.test(`${name}, with --commit rename: what is renamed is sent, once, and no half`, { skip }, async (t) => {
    const it = await place(t, start, 'rename')
    await uploadHalf(it, 'half.edi')
    t.match(await inState(it.mounted, 'half.edi', 'held'), { reason: reasonOr('commit') })
    const { order: path } = it.from
    await it.server.transfer([
      { put: path, as: 'whole.up' },
      { rename: 'whole.up', to: 'whole.edi' },
      { put: path, as: 'not-renamed.edi' },
    ])
    t.ok((await it.mounted.inBucket(key('whole.edi'))).equals(order))
    t.match(await inState(it.mounted, 'not-renamed.edi', 'held'), { reason: 'commit' })
    await it.mounted.kill('SIGTERM')
    t.same(it.mounted.puts(), [key('whole.edi')])
  })

  t.test(`${name}, with --commit trigger: what has one is sent, once, and no half`, { skip }, async (t) => {
    const it = await place(t, start, 'trigger')
    await uploadHalf(it, 'half.edi')
    t.match(await inState(it.mounted, 'half.edi', 'held'), { reason: reasonOr('untriggered') })
    const { order: path, trigger } = it.from
    await it.server.transfer([
      { put: path, as: 'whole.edi' },
      { put: trigger, as: 'whole.edi.ok' },
      { put: path, as: 'untriggered.edi' },
    ])
    t.ok((await it.mounted.inBucket(key('whole.edi'))).equals(order))
    await t.test('and what is uploaded again, as a whole, leaves then', async (t) => {
      await it.server.transfer([
        { put: path, as: 'half.edi' },
        { put: trigger, as: 'half.ok' },
      ])
      t.ok((await it.mounted.inBucket(key('half.edi'))).equals(order))
    })
    t.match(await inState(it.mounted, 'untriggered.edi', 'held'), { reason: 'untriggered' })
    await it.mounted.kill('SIGTERM')
    t.same(it.mounted.puts(), [key('whole.edi'), key('half.edi')])
  })

  t.test(`${name}, with neither: half an upload is sent, as README says`, { skip }, async (t) => {
    const it = await place(t, start, 'close')
    await uploadHalf(it, 'half.edi')
    const { state, size } = await until('what becomes of it', async () => {
      const row = (await sendRows(it.mounted)).find((it) => it.path === 'half.edi')
      const isSeen = mayBeSeen && row?.state === 'held' && row.reason === 'killed'
      return row?.state === 'submitted' || isSeen ? row : undefined
    })
    t.ok(size > 0 && size < large, `${size} bytes of ${large}`)
    if (state === 'submitted') t.equal((await it.mounted.inBucket(key('half.edi'))).length, size)
  })
}
