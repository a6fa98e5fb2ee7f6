/** The commands beside a mount: what they say of it, and what they do to its queue. */
import { writeFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import type { SendRow } from '../../src/send/sender.js'
import type { InfoReport, StatusReport } from '../../src/control/reports.js'
import { as2fs, mount, type Mounted } from '../helpers/mounted.js'
import { run, type Outcome } from '../helpers/run.js'
import { inState, sendRows } from '../helpers/send-state.js'
import { until } from '../helpers/until.js'

const folder = '720784109397786'
const objects = {
  [`AS2/files/ACME/GLOBEX/inbox/${folder}/order.edi`]: 'ISA*00*',
  [`AS2/raw-mdn/outgoing/ACME/GLOBEX/${folder}.mdn`]:
    'Content-Type: multipart/report; report-type=disposition-notification; boundary="b"\r\n\r\n--b\r\n' +
    'Content-Type: message/disposition-notification\r\n\r\nOriginal-Message-ID: <1.as2@example.com>\r\n' +
    'Disposition: automatic-action/MDN-sent-automatically; processed\r\n\r\n--b--\r\n',
}
const send = 'ACME/GLOBEX/send'

function command(...words: string[]): Promise<Outcome> {
  return run(process.execPath, [as2fs, ...words])
}

async function refused(t: Test, sentence: RegExp, ...words: string[]): Promise<void> {
  const { code, stdout, stderr } = await command(...words)
  t.same([code, stdout], [1, ''], words.join(' '))
  t.match(stderr, sentence)
  t.match(stderr, /^as2fs: [^\n]+\n$/, 'one line')
}

t.test('beside a mount', async (t) => {
  const mounted = await mount(t, { objects, flags: ['--settle', '100ms'] })
  await t.test('status says how it is', async (t) => testStatus(t, mounted))
  await t.test('queue says what waits, and changes it', async (t) => testQueue(t, mounted))
  await t.test('info says what is known of a path', async (t) => testInfo(t, mounted))
  await t.test('umount says what it keeps', async (t) => testUmount(t, mounted))
})

async function testStatus(t: Test, mounted: Mounted): Promise<void> {
  const { mountpoint, server, pid } = mounted
  const shown = await command('status', mountpoint)
  t.match(shown, { code: 0, stderr: '' })
  t.match(shown.stdout, new RegExp(`^${mountpoint}  mftg-test  ok\n`))
  t.match(shown.stdout, new RegExp(`endpoint  ${server.endpoint}, us-east-1\n`))
  t.match(shown.stdout, new RegExp(`daemon    process ${pid}, as2fs [0-9.]+, compiled binding\n`))
  t.match(shown.stdout, /send {6}nothing waits\n/)
  const json = JSON.parse((await command('status', mountpoint, '--json')).stdout) as StatusReport
  t.match(json, { pid, mountpoint, state: 'ok', problems: [], binding: 'compiled' })
  const all = JSON.parse((await command('status', '--json')).stdout) as StatusReport[]
  t.ok(
    all.some((it) => it.mountpoint === mountpoint && it.pid === pid),
    'among all mounts',
  )
  t.match((await command('status', `${mountpoint}/`)).code, 0, 'a slash at the end is no other place')
  await refused(t, /is not a mount of as2fs: see as2fs status\.$/m, 'status', mounted.directory)
}

async function testQueue(t: Test, mounted: Mounted): Promise<void> {
  const { mountpoint } = mounted
  t.match(await command('queue', mountpoint), { code: 0, stdout: 'Nothing waits.\n' })
  for (const name of ['one.tmp', 'two.tmp']) await writeFile(mounted.path(send, name), 'ISA*00*')
  for (const name of ['one.tmp', 'two.tmp']) await inState(mounted, name, 'held')
  const shown = await command('queue', mountpoint)
  t.match(shown.stdout, /^PARTNER +NAME +SIZE +STATE.*\nACME\/GLOBEX +one\.tmp +7 B +held/)
  const { rows } = JSON.parse((await command('queue', mountpoint, '--json')).stdout) as { rows: SendRow[] }
  t.same(rows.map((it) => [it.path, it.state, it.reason]).sort(), [
    ['one.tmp', 'held', 'name'],
    ['two.tmp', 'held', 'name'],
  ])
  await t.test('release sends a held one, cancel takes one out', async (t) => {
    t.match(await command('queue', mountpoint, 'release', 'ACME/GLOBEX/one.tmp'), { code: 0, stdout: /is on its way/ })
    t.equal((await mounted.inBucket('AS2/send/ACME/GLOBEX/one.tmp')).toString(), 'ISA*00*')
    t.match(await command('queue', mountpoint, 'cancel', 'two.tmp'), { code: 0, stdout: /is cancelled/ })
    t.notOk((await sendRows(mounted)).some((it) => it.path === 'two.tmp'))
  })
  await t.test('retry sends one that has failed', async (t) => {
    mounted.server.intercept = (operation) =>
      operation === 'PutObject' ? { status: 403, code: 'AccessDenied' } : undefined
    await writeFile(mounted.path(send, 'three.edi'), 'ISA*01*')
    await inState(mounted, 'three.edi', 'failed')
    t.match((await command('queue', mountpoint)).stdout, /three\.edi .*failed .*AccessDenied/)
    const degraded = await command('status', mountpoint)
    t.match(degraded, { code: 0, stdout: /degraded\n.*! 1 file.* could not be sent: see as2fs queue/s })
    mounted.server.intercept = undefined
    t.match(await command('queue', mountpoint, 'retry', 'three.edi'), { code: 0, stdout: /is tried again now/ })
    t.equal((await mounted.inBucket('AS2/send/ACME/GLOBEX/three.edi')).toString(), 'ISA*01*')
  })
  await refused(t, /There is no .*nothing\.edi.* in the queue\.$/m, 'queue', mountpoint, 'retry', 'nothing.edi')
  await refused(t, /'resend' is none of retry, cancel, release/, 'queue', mountpoint, 'resend', 'x')
  await refused(t, /release which file\?/, 'queue', mountpoint, 'release')
}

async function testInfo(t: Test, mounted: Mounted): Promise<void> {
  const info = async (path: string): Promise<InfoReport> => {
    const { code, stdout, stderr } = await command('info', mounted.path(path), '--json')
    t.same([code, stderr], [0, ''])
    return JSON.parse(stdout) as InfoReport
  }
  t.match(await info(`ACME/GLOBEX/inbox/${folder}/order.edi`), {
    ...{ kind: 'file', size: 7, station: 'ACME', partner: 'GLOBEX', etag: /^[0-9a-f]{32}$/ },
    key: `AS2/files/ACME/GLOBEX/inbox/${folder}/order.edi`,
    messageId: `<${folder}.as2@mftgateway.com>`,
    mdn: `/ACME/GLOBEX/mdn/outgoing/${folder}.mdn`,
  })
  t.match(await info(`ACME/GLOBEX/mdn/outgoing/${folder}.mdn`), {
    disposition: 'automatic-action/MDN-sent-automatically; processed',
    originalMessageId: '<1.as2@example.com>',
  })
  t.match(await info('ACME/GLOBEX/inbox'), { kind: 'folder', station: 'ACME', partner: 'GLOBEX' })
  t.match(await info(`${send}/three.edi`), { state: 'submitted', key: 'AS2/send/ACME/GLOBEX/three.edi' })
  await writeFile(mounted.path(send, 'four.tmp'), 'ISA*02*')
  await inState(mounted, 'four.tmp', 'held')
  t.match(await info(`${send}/four.tmp`), { state: 'held', size: 7 })
  const shown = await command('info', mounted.path(`ACME/GLOBEX/inbox/${folder}/order.edi`))
  t.match(shown.stdout, new RegExp(`\nkey +AS2/files/ACME/GLOBEX/inbox/${folder}/order.edi\n`))
  await refused(t, /There is no .*missing\.edi here\.$/m, 'info', mounted.path('ACME/GLOBEX/inbox/missing.edi'))
  await refused(t, /is not in a mount of as2fs/, 'info', '/etc/passwd')
  const left = mounted.path(send, 'sent.edi')
  await refused(t, /There is no sent\.edi in this send\/; what was sent is in \/ACME\/GLOBEX\/outbox, /, 'info', left)
  mounted.server.put(`AS2/files/ACME/GLOBEX/outbox/${folder}/sent.edi`, Buffer.from('ISA*03*'))
  const sentence = new RegExp(
    `one of that name was sent: as2fs info of /ACME/GLOBEX/outbox/${folder}/sent\\.edi, or as2fs deliv`,
  )
  await until('the look that shows it', async () => sentence.test((await command('info', left)).stderr))
}

async function testUmount(t: Test, mounted: Mounted): Promise<void> {
  await refused(t, /--drain: 'soon' is not a duration/, 'umount', mounted.mountpoint, '--drain', 'soon')
  const ended = await command('umount', mounted.mountpoint)
  t.match(ended, { code: 0, stderr: '' })
  const lines = ended.stdout.split('\n')
  t.equal(lines[0], `Unmounted ${mounted.mountpoint}.`)
  t.match(ended.stdout, /four\.tmp +7 B +held/)
  t.equal(await mounted.ended(), 0)
  await refused(t, /is not a mount of as2fs/, 'umount', mounted.mountpoint)
  await mounted.mount()
  await inState(mounted, 'four.tmp', 'held')
}

t.test('a mount whose daemon has died', async (t) => {
  const mounted = await mount(t, { objects })
  await mounted.kill('SIGKILL')
  const shown = await command('status', mounted.mountpoint)
  t.match(shown, { code: 1, stdout: new RegExp(`^${mounted.mountpoint}  dead\n  ! Its daemon has died: as2fs umount`) })
  await refused(t, /died|dead/, 'queue', mounted.mountpoint)
  const cleared = await command('umount', mounted.mountpoint)
  t.match(cleared, { code: 0, stdout: /^Cleared the dead mount at/ })
})

t.test('of a daemon that does not answer that is said, and nothing hangs', async (t) => {
  const mounted = await mount(t, { objects })
  const { pid, mountpoint } = mounted
  process.kill(pid, 'SIGSTOP')
  try {
    await Promise.all([
      command('status', mountpoint).then((it) => {
        t.match(it, { code: 1, stdout: /silent\n {2}! It does not answer/ })
      }),
      refused(t, /does not answer/, 'queue', mountpoint),
      refused(t, /does not answer/, 'umount', mountpoint),
    ])
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  await until('its answer', async () => (await command('status', mountpoint)).code === 0)
})
