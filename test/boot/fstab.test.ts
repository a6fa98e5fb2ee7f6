/** A line of /etc/fstab, mounted and unmounted by mount(8) and umount(8) themselves, in a mount namespace where they find our helpers. */
import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { as2fs, credentials, prepare, type Mounted } from '../helpers/mounted.js'
import { run, type Outcome } from '../helpers/run.js'

const sbin = fileURLToPath(new URL('../../../packaging/sbin/', import.meta.url))

/** mount(8) looks for helpers in /sbin alone, and hands no PATH on. */
async function withHelpers(t: Test, mounted: Mounted): Promise<(script: string) => Promise<Outcome>> {
  const folder = t.testdir({ sbin: {}, bin: {} })
  for (const it of ['mount', 'umount']) {
    await copyFile(join(sbin, `${it}.fuse.as2fs`), join(folder, 'sbin', `${it}.fuse.as2fs`))
    await symlink(`${it}.fuse.as2fs`, join(folder, 'sbin', `${it}.as2fs`))
  }
  await symlink(as2fs, join(folder, 'bin', 'as2fs'))
  await symlink(process.execPath, join(folder, 'bin', 'node'))
  const place = `mount --bind ${folder}/sbin /usr/sbin\nmount --bind ${folder}/bin /usr/local/bin`
  return (script) =>
    run(
      'timeout',
      [
        '-s',
        'KILL',
        '60',
        'unshare',
        '--mount',
        'sh',
        '-ec',
        `${place}
${script}`,
      ],
      {
        cwd: mounted.directory,
      },
    )
}

async function fstab(mounted: Mounted, type: string, mountpoint: string): Promise<string> {
  const { directory, server, stateDirectory } = mounted
  const keys = join(directory, 'my keys.csv')
  await writeFile(keys, `Access key ID,Secret access key\n${credentials.accessKey},${credentials.secretKey}\n`, {
    mode: 0o600,
  })
  const options = [
    ...['_netdev,nofail,noexec,x-systemd.mount-timeout=2min', `credentials-csv=${keys}`, `endpoint=${server.endpoint}`],
    ...[`state-dir=${stateDirectory}`, 'station=ACME/GLOBEX\\,INC', 'settle=1h'],
  ]
  const escaped = (text: string) => text.replaceAll(' ', '\\040').replaceAll('\n', '\\012')
  const file = join(directory, 'fstab')
  await writeFile(file, `mftg-test ${escaped(mountpoint)} ${type} ${escaped(options.join(','))} 0 0\n`)
  return file
}

// The daemon's own umount(8) must not end up at the helper, which asks the daemon.
const withoutFusermount = 'mount --bind /dev/null "$(readlink -f /usr/bin/fusermount3)"'

for (const [type, name, change] of [
  ['fuse.as2fs', 'my\nown bucket', ''],
  ['as2fs', 'mnt', withoutFusermount],
] as const) {
  const how = change === '' ? '' : ', without fusermount, too'
  t.test(`a line of the type ${type} is mounted once, and its umount sends what waits${how}`, async (t) => {
    const mounted = await prepare(t, { objects: { 'AS2/files/ACME/GLOBEX/inbox/1/order.edi': 'ISA*00*' } })
    const script = await withHelpers(t, mounted)
    const mountpoint = join(mounted.directory, name)
    await mkdir(mountpoint, { recursive: true })
    const table = await fstab(mounted, type, mountpoint)
    const { code, stdout, stderr } = await script(`${change}
      mount -a -T '${table}'
      mount -a -T '${table}'
      grep -c ' ${mounted.directory}/.* - fuse.as2fs mftg-test ' /proc/self/mountinfo
      cat '${mountpoint}/ACME/GLOBEX/inbox/1/order.edi'; echo
      ls '${mountpoint}/ACME'
      mount -o remount,ro '${mountpoint}' 2>&1 || echo "remount: $?"
      echo 'ISA*00*' >'${mountpoint}/ACME/GLOBEX/send/order.edi'
      cd '${mountpoint}'
      umount '${mountpoint}' 2>&1 || echo "umount: $?"
      cd /
      umount -v '${mountpoint}'
      grep -c ' ${mounted.directory}/' /proc/self/mountinfo || true
      umount '${mountpoint}' 2>/dev/null || echo "again: $?"
    `)
    t.equal(stderr, '')
    t.equal(code, 0)
    const [count, content, ...rest] = stdout.split('\n')
    t.same([count, content], ['1', 'ISA*00*'])
    t.same(rest.slice(0, 2), ['GLOBEX', 'GLOBEX,INC'])
    t.match(stdout, /as2fs: The options of a mount of as2fs stay as they are[^\n]*\nremount: 32\n/)
    t.match(stdout, /as2fs: .* is in use by sh \(process \d+[^\n]*\numount: 32\n/)
    t.match(stdout, /\nUnmounted [^\n]*\n0\nagain: 32\n$/)
    t.same(mounted.puts(), ['AS2/send/ACME/GLOBEX/order.edi'])
  })
}

t.test('umount -l and -f wait for nobody, and leave no mount and no daemon', async (t) => {
  const mounted = await prepare(t)
  const script = await withHelpers(t, mounted)
  const { mountpoint } = mounted
  const table = await fstab(mounted, 'fuse.as2fs', mountpoint)
  for (const flag of ['-l', '-f']) {
    const { code, stdout, stderr } = await script(`
      mount -T '${table}' '${mountpoint}'
      pid=$(sed -n 's/.*"pid": *\\([0-9]*\\).*/\\1/p' '${mountpoint}/.as2fs/status.json')
      echo 'ISA*00*' >'${mountpoint}/ACME/GLOBEX,INC/send/order${flag}.edi'
      umount ${flag} '${mountpoint}'
      grep -c ' ${mounted.directory}/' /proc/self/mountinfo || true
      while [ -e "/proc/$pid" ]; do sleep 0.1; done
    `)
    t.same({ code, stdout, stderr }, { code: 0, stdout: '0\n', stderr: '' }, flag)
  }
  t.same(
    mounted.puts(),
    ['-l', '-f'].map((it) => `AS2/send/ACME/GLOBEX,INC/order${it}.edi`),
  )
})
