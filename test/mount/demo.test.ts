/** `as2fs demo`, as a visitor has it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rmdir, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { as2fs, isMounted } from '../helpers/mounted.js'
import { run, sh } from '../helpers/run.js'
import { until } from '../helpers/until.js'

t.test(
  'what is sent is in the outbox within seconds, its receipt comes, and Ctrl-C leaves nothing behind',
  async (t) => {
    const parent = await mkdtemp(join(tmpdir(), 'as2fs-test-'))
    const temporary = await mkdtemp(join(tmpdir(), 'as2fs-test-'))
    const mountpoint = join(parent, 'demo')
    const child = spawn(process.execPath, [as2fs, 'demo', mountpoint], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: temporary },
    })
    let [output, errors] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
    t.teardown(async () => {
      if (child.exitCode === null) child.kill('SIGKILL')
      if (await isMounted(mountpoint)) await run('umount', ['-l', mountpoint])
      await rmdir(parent)
    })
    await until('the welcome', () => output.includes('Ctrl-C'))

    await t.test('the page that it names can be opened', async (t) => {
      const [address = ''] = /http:\/\/127\.0\.0\.1:\d+\/$/m.exec(output) ?? []
      const page = await fetch(address)
      t.match([page.status, await page.text()], [200, /<title>/])
    })

    await t.test('the lines it prints can be run as they are', async (t) => {
      const commands = output.split('\n').flatMap((line) => (line.startsWith('  ') ? [line.trim()] : []))
      t.ok(commands.length >= 10)
      for (const command of commands) {
        const outcome = await run('sh', ['-c', command.replace(/^\S*as2fs /, `'${process.execPath}' '${as2fs}' `)])
        t.equal(outcome.code, 0, `${command}: ${outcome.stderr}`)
      }
    })

    const partner = join(mountpoint, 'ACME-TOOLS/HARBORMART')
    const find = (folder: string, name: RegExp) => async (): Promise<string | undefined> =>
      (await sh(`find ${join(partner, folder)} -type f`)).split('\n').find((path) => name.test(path))
    await t.test('the copied file is in the outbox, with headers, raw message and receipt', async (t) => {
      const sent = await until('the file in the outbox', find('outbox', /INV_NEW\.x12$/))
      const message = sent.split('/').at(-2) ?? ''
      const [, example = ''] = /^ {2}cat (\S+)$/m.exec(output) ?? []
      t.equal(await readFile(sent, 'utf8'), await readFile(example, 'utf8'))
      t.match(await readFile(join(partner, 'headers/outbox', message, 'headers.txt'), 'utf8'), /^AS2-To: HARBORMART/m)
      t.match(await readFile(join(partner, 'raw-message/outbox', message, 'message.as2'), 'utf8'), /ISA\*00/)
      const mdn = await until('the receipt', find('mdn/incoming', new RegExp(message)))
      t.match(await readFile(mdn, 'utf8'), /Disposition: automatic-action\/MDN-sent-automatically; processed\r\n/)
      const info = await run(process.execPath, [as2fs, 'info', mdn, '--json'])
      t.match(JSON.parse(info.stdout), { originalMessageId: `<${message}.as2@mftgateway.com>` })
      t.match(output, /INV_NEW\.x12 was sent/)
    })
    await t.test('the same name again is refused', async (t) => {
      await until('the gateway to have taken it', async () => (await readdir(join(partner, 'send'))).length === 0)
      const again = await run('sh', ['-c', `echo again > ${partner}/send/INV_NEW.x12`])
      t.match(again.stderr, /File exists/)
    })

    await t.test('orders come, and what is answered to the partner that refuses is told as refused', async (t) => {
      await until('a refusal', () => /GROVER_RETAIL → ACME-TOOLS: 855_\d+\.x12 is REFUSED/.test(output))
      t.match(output, /GROVER_RETAIL → ACME-TOOLS: PO_\d+\.x12 is in new\/ and inbox\//)
      const folder = join(mountpoint, 'ACME-TOOLS/GROVER_RETAIL')
      const orders = await until('the order', async () => {
        const found = await sh(`find ${folder}/inbox -name 'PO_45000177*'`)
        return found === '' ? undefined : found
      })
      t.match(await readFile(orders.trim(), 'utf8'), /^ISA\*00/)
    })

    const ended = once(child, 'exit')
    child.kill('SIGINT')
    t.same(await ended, [0, null])
    // What a partner has refused meanwhile is a warning, and no failure of the demo's.
    const failures = errors.split('\n').filter((line) => line !== '' && !line.includes('"event":"refused"'))
    t.same(failures, [])
    t.notOk(await isMounted(mountpoint))
    await t.rejects(stat(mountpoint), { code: 'ENOENT' }, 'the directory that it made is gone')
    t.same(await readdir(temporary), [])
    await rmdir(temporary)
  },
)

t.test('one whose output nobody reads, or that can’t be written, ends and leaves nothing behind', async (t) => {
  const parent = await mkdtemp(join(tmpdir(), 'as2fs-test-'))
  const temporary = await mkdtemp(join(tmpdir(), 'as2fs-test-'))
  const mountpoint = join(parent, 'demo')
  t.teardown(async () => {
    if (await isMounted(mountpoint)) await run('umount', ['-l', mountpoint])
    for (const it of [parent, temporary]) await rmdir(it)
  })
  const demo = (where: string) =>
    run('sh', ['-c', `{ '${process.execPath}' '${as2fs}' demo '${mountpoint}'; echo $? >&2; } ${where}`], {
      env: { ...process.env, TMPDIR: temporary },
    })
  t.match(await demo('| head -1'), { code: 0, stderr: '0\n' })
  t.same(await readdir(temporary), [])
  t.same(await readdir(parent), [])
  t.match(await demo('>/dev/full'), { code: 0, stderr: /^as2fs: The output could not be written: [^\n]*\n1\n$/ })
  t.same(await readdir(temporary), [])
  t.same(await readdir(parent), [])
})
