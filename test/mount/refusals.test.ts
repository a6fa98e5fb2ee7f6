/** A mount that can't be: one sentence, exit code 1, and nothing left behind. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { as2fs, credentials, isMounted, mount, prepare, type Mounted } from '../helpers/mounted.js'
import { asNobody, openDevice, withoutRoot } from '../helpers/nobody.js'
import { run, type Outcome } from '../helpers/run.js'

interface Attempt {
  readonly env?: NodeJS.ProcessEnv
  readonly launcher?: readonly string[]
}

/** `as2fs mount`, in the background as users have it. */
async function attempt(mounted: Mounted, words: readonly string[], options: Attempt = {}): Promise<Outcome> {
  const [command = '', ...args] = [...(options.launcher ?? []), process.execPath, as2fs, 'mount', ...words]
  return run(command, args, { env: { ...mounted.environment(), ...options.env } })
}

async function refused(t: Test, mounted: Mounted, outcome: Outcome, sentence: RegExp, code = 1): Promise<void> {
  t.equal(outcome.code, code)
  t.match(outcome.stderr, sentence)
  t.match(outcome.stderr, /^as2fs: [^\n]+\n$/, 'one line')
  t.notMatch(outcome.stderr, /\bat .*\.js:\d+/, 'no stack trace')
  t.equal(outcome.stdout, '')
  t.notOk(await isMounted(mounted.mountpoint))
}

t.test('what is wrong is said in one sentence', async (t) => {
  const mounted = await prepare(t)
  const words = mounted.arguments()
  const [, ...rest] = words
  const withMountpoint = (path: string) => words.map((word) => (word === mounted.mountpoint ? path : word))

  await t.test('a bucket that is not there', async (t) => {
    await refused(
      t,
      mounted,
      await attempt(mounted, ['no-such-bucket', ...rest]),
      /no-such-bucket.*there is no such bucket/,
    )
  })
  await t.test('a secret that is wrong', async (t) => {
    const outcome = await attempt(mounted, words, { env: { AWS_SECRET_ACCESS_KEY: 'not the one' } })
    await refused(t, mounted, outcome, /credentials|key/i)
    t.notMatch(outcome.stderr, /not the one/, 'no secret in it')
  })
  await t.test('a key that nobody knows', async (t) => {
    await refused(t, mounted, await attempt(mounted, words, { env: { AWS_ACCESS_KEY_ID: 'AKIAWRONG' } }), /key/i)
  })
  await t.test('no credentials at all', async (t) => {
    const none = {
      ...{ AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined, AWS_EC2_METADATA_DISABLED: 'true' },
      HOME: mounted.directory,
    }
    await refused(t, mounted, await attempt(mounted, words, { env: none }), /No credentials were found/)
  })
  await t.test('a server that is not there', async (t) => {
    const nowhere = words.map((word) => (word === mounted.server.endpoint ? 'http://127.0.0.1:9' : word))
    await refused(t, mounted, await attempt(mounted, nowhere), /127\.0\.0\.1:9|reach/)
  })
  await t.test('a mountpoint that is missing', async (t) => {
    const path = join(mounted.directory, 'missing')
    await refused(t, mounted, await attempt(mounted, withMountpoint(path)), /does not exist: mkdir -p/)
  })
  await t.test('a mountpoint that is a file', async (t) => {
    const path = join(mounted.directory, 'file')
    await writeFile(path, '')
    await refused(t, mounted, await attempt(mounted, withMountpoint(path)), /not a directory/)
  })
  await t.test('a mountpoint that has something in it', async (t) => {
    const path = join(mounted.directory, 'full')
    await mkdir(join(path, 'sub'), { recursive: true })
    await refused(t, mounted, await attempt(mounted, withMountpoint(path)), /not empty/)
  })
  await t.test('an option that does not exist', async (t) => {
    await refused(t, mounted, await attempt(mounted, [...words, '--list-tll', '5s']), /--list-ttl/)
  })
})

t.test('without /dev/fuse', { skip: withoutRoot() }, async (t) => {
  const mounted = await prepare(t)
  // A /dev of its own, with nothing in it but what every program needs.
  const hide = 'mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && exec "$@"'
  const launcher = ['unshare', '-m', 'sh', '-c', hide, 'sh']
  const outcome = await attempt(mounted, mounted.arguments(), { launcher })
  await refused(t, mounted, outcome, /There is no \/dev\/fuse: .*modprobe fuse/)
})

t.test('as an ordinary user', { skip: withoutRoot() }, async (t) => {
  const mounted = await prepare(t)
  const state = ['--state-dir', '/tmp/as2fs-test-never-made']
  await t.test('without fusermount', async (t) => {
    await openDevice(t)
    const launcher = [...asNobody, '/usr/bin/env', 'PATH=/nonexistent']
    const outcome = await attempt(mounted, [...mounted.arguments(), ...state, '-f'], { launcher })
    await refused(t, mounted, outcome, /There is no fusermount.*apt-get install fuse3/, 78)
  })
  await t.test('with a /dev/fuse that is root’s alone', async (t) => {
    const close =
      'mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && mknod -m 600 /dev/fuse c 10 229 && exec "$@"'
    const launcher = ['unshare', '-m', 'sh', '-c', close, 'sh', ...asNobody]
    const outcome = await attempt(mounted, [...mounted.arguments(), ...state, '-f'], { launcher })
    await refused(t, mounted, outcome, /chmod 666 \/dev\/fuse/)
  })
})

t.test('a second mount', async (t) => {
  const mounted = await mount(t)
  await t.test('of the same bucket on another mountpoint is refused, and says who has it', async (t) => {
    const other = join(mounted.directory, 'other')
    await mkdir(other)
    const words = mounted.arguments().map((word) => (word === mounted.mountpoint ? other : word))
    const outcome = await attempt(mounted, words)
    t.equal(outcome.code, 1)
    t.match(outcome.stderr, new RegExp(`mounted at ${mounted.mountpoint} by process ${mounted.pid}`))
    t.notOk(await isMounted(other))
  })
  await t.test('on the same mountpoint is refused, and the first goes on', async (t) => {
    const words = mounted.arguments().map((word) => (word === mounted.stateDirectory ? `${word}-2` : word))
    const outcome = await attempt(mounted, words)
    t.equal(outcome.code, 1)
    t.match(outcome.stderr, /mounted on it: unmount it first/)
    t.match(await mounted.status(), { pid: mounted.pid })
  })
})

t.test('secrets are in no file of the state directory and in no argument', async (t) => {
  const mounted = await mount(t)
  const arguments_ = await readFile(`/proc/${mounted.pid}/cmdline`, 'utf8')
  t.notMatch(arguments_, credentials.secretKey)
  const found = await run('grep', ['-r', credentials.secretKey, mounted.stateDirectory])
  t.equal(found.stdout, '')
  const shown = await run('grep', ['-r', credentials.secretKey, mounted.mountpoint])
  t.equal(shown.stdout, '')
})
