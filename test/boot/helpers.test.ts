/** The helpers for mount(8) and umount(8): what they make of what these hand them, by a played `as2fs`. */
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { run, type Outcome } from '../helpers/run.js'

const sbin = fileURLToPath(new URL('../../../packaging/sbin/', import.meta.url))

/** A folder with programs that write down how they were called, each word on a line of its own. */
class Played {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  static async make(t: Test, programs: Readonly<Record<string, string>>): Promise<Played> {
    const folder = t.testdir({})
    for (const [name, more] of Object.entries(programs)) {
      const file = join(folder, name)
      await writeFile(
        file,
        `#!/bin/sh\n{ echo ${name}; echo "in $PWD"; printf '<%s>\\n' "$@"; } >"${folder}/called"\n${more}`,
      )
      await chmod(file, 0o755)
    }
    return new Played(folder)
  }

  call(helper: string, ...args: string[]): Promise<Outcome> {
    return run(join(sbin, helper), args, { cwd: this.#folder, env: { PATH: `${this.#folder}:/usr/bin:/bin` } })
  }

  async called(): Promise<string[]> {
    return (await readFile(join(this.#folder, 'called'), 'utf8').catch(() => '')).trimEnd().split('\n')
  }
}

t.test('mount hands on what it was given, word by word', async (t) => {
  const played = await Played.make(t, { as2fs: '' })
  const options = 'rw,noexec,_netdev,nofail,user,station=A\\,B/C D,credentials-csv=/etc/my keys.csv'
  const mounted = await played.call('mount.fuse.as2fs', 'mftg-acme', '/mnt/my bucket', '-n', '-o', options)
  t.same(mounted, { code: 0, stdout: '', stderr: '' })
  t.same((await played.called()).slice(2), [
    '<mount>',
    '<-o>',
    `<${options}>`,
    '<-->',
    '<mftg-acme>',
    '</mnt/my bucket>',
  ])
})

t.test('mount by its short name, with all that mount(8) may add', async (t) => {
  const played = await Played.make(t, { as2fs: '' })
  const words = ['-s', '-v', '-t', 'fuse.as2fs', '-o', 'ro', '-o', 'uid=edi']
  const { code, stdout } = await played.call('mount.as2fs', 'mftg-acme', '/mnt/as2', ...words)
  t.equal(code, 0)
  t.match(stdout, "mount.as2fs: as2fs mount -o 'ro,uid=edi' -- 'mftg-acme' '/mnt/as2'")
  t.same((await played.called()).slice(2), ['<mount>', '<-o>', '<ro,uid=edi>', '<-->', '<mftg-acme>', '</mnt/as2>'])
})

t.test('a mount that only pretends does nothing', async (t) => {
  const played = await Played.make(t, { as2fs: 'exit 1' })
  t.same(await played.call('mount.as2fs', 'mftg-acme', '/mnt/as2', '-f'), { code: 0, stdout: '', stderr: '' })
  t.same(await played.called(), [''])
})

t.test('any failure is 32, and as2fs says which', async (t) => {
  const played = await Played.make(t, { as2fs: 'echo "as2fs: It is so." >&2\nexit 1' })
  const failed = { code: 32, stdout: '', stderr: 'as2fs: It is so.\n' }
  t.same(await played.call('mount.fuse.as2fs', 'mftg-acme', '/mnt/as2'), failed)
  t.same(await played.call('umount.fuse.as2fs', '/mnt/as2'), failed)
  for (const helper of ['mount.as2fs', 'umount.as2fs']) {
    t.match(await played.call(helper), { code: 32, stderr: new RegExp(`^${helper}: the usage is`) })
    t.match(await played.call(helper, '/a', '/b', '/c'), {
      code: 32,
      stderr: new RegExp(`^${helper}: '/[bc]' is one word`),
    })
  }
  for (const words of [
    ['mount.as2fs', 'mftg-acme', '/mnt/as2'],
    ['umount.as2fs', '/mnt/as2'],
  ] as const) {
    const [helper, ...args] = words
    t.match(await played.call(helper, ...args, '-N', '/proc/1/ns/mnt'), { code: 32, stderr: /nsenter --mount=FILE/ })
    t.match(await played.call(helper, ...args, '-x'), { code: 32, stderr: /x/ })
  }
})

t.test('without as2fs it is said where it was looked for', async (t) => {
  const played = new Played(t.testdir({}))
  const mounted = await played.call('mount.fuse.as2fs', 'mftg-acme', '/mnt/as2')
  t.match(mounted, { code: 32, stderr: /^mount\.fuse\.as2fs: there is no as2fs in .*:\/usr\/local\/bin:/ })
})

t.test('as2fs finds the system’s programs, though mount(8) and umount(8) hand no PATH on', async (t) => {
  for (const [helper, ...args] of [
    ['mount.fuse.as2fs', 'mftg-acme', '/mnt/as2'],
    ['umount.fuse.as2fs', '/mnt/as2'],
  ] as const) {
    // A function in place of the program, which is in none of the system's folders here.
    const script = `as2fs() { env | grep ^PATH= >&2; }; . ${join(sbin, helper)}`
    const { stderr } = await run('env', ['-u', 'PATH', '/bin/sh', '-c', script, helper, ...args])
    t.match(stderr, /^PATH=.*\/usr\/local\/bin:\/usr\/bin:\/bin$/m, helper)
  }
})

t.test('umount waits outside of the mount, and says only what stays behind', async (t) => {
  const played = await Played.make(t, { as2fs: 'echo "Unmounted x."' })
  t.same(await played.call('umount.fuse.as2fs', '/mnt/my bucket', '-n'), { code: 0, stdout: '', stderr: '' })
  t.same(await played.called(), ['as2fs', 'in /', '<umount>', '<-->', '</mnt/my bucket>'])
  t.equal((await played.call('umount.as2fs', '/mnt/as2', '-v', '-r', '-t', 'fuse.as2fs')).stdout, 'Unmounted x.\n')
  await played.call('umount.as2fs', 'mnt')
  t.equal((await played.called()).at(-1), `<${join(t.testdirName, 'mnt')}>`, 'a path begins where it was called')
  const staying = await Played.make(t, { as2fs: 'echo "Unmounted x."\necho "Kept"' })
  t.equal((await staying.call('umount.fuse.as2fs', '/mnt/as2')).stdout, 'Kept\n')
})

t.test('umount -l and -f ask nobody', async (t) => {
  const played = await Played.make(t, { as2fs: '', umount: '' })
  for (const [given, words] of [
    [['-l'], ['<-l>']],
    [['-f', '-v'], ['<-f>']],
    [
      ['-l', '-f'],
      ['<-l>', '<-f>'],
    ],
  ] as const) {
    t.equal((await played.call('umount.fuse.as2fs', '/mnt/my bucket', ...given)).code, 0)
    t.same(await played.called(), ['umount', 'in /', '<-i>', ...words, '<-->', '</mnt/my bucket>'])
  }
})
