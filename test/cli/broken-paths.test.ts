/** Paths that are no UTF-8, which Node can't have: each is told as what it is, and never as one that is not there. */
import { mkdirSync, symlinkSync } from 'node:fs'
import t from 'tap'
import { as2fs } from '../helpers/mounted.js'
import { run } from '../helpers/run.js'

/** As a shell would type it. */
const broken = "$(printf 'a\\377b')"
const sentence =
  /'[^']*\ufffd[^']*' has bytes that are no UTF-8 \(or U\+FFFD, which stands for them\): give another path\.\n$/

async function typed(directory: string, words: string, variables = ''): Promise<string> {
  const { code, stderr } = await run('sh', ['-c', `${variables} exec "$0" "$1" ${words}`, process.execPath, as2fs], {
    cwd: directory,
  })
  t.equal(code, 1, words)
  return stderr
}

t.test('each path that is typed, and each in a variable', async (t) => {
  const directory = t.testdir({ mnt: {} })
  mkdirSync(Buffer.concat([Buffer.from(`${directory}/a`), Buffer.from([0xff]), Buffer.from('b')]))
  t.match(await typed(directory, `mount mftg-x "${broken}"`), /^as2fs: The mountpoint: /)
  t.match(await typed(directory, `mount mftg-x "${broken}"`), sentence)
  t.match(await typed(directory, `umount "${broken}"`), sentence)
  for (const option of ['state-dir', 'log-file', 'audit-log', 'credentials-csv', 'config', 'ca-file', 'disk-cache']) {
    const said = await typed(directory, `mount mftg-x mnt --${option}="${broken}"`)
    t.match(said, sentence)
    t.ok(said.startsWith(`as2fs: --${option}: `), said)
  }
  t.match(await typed(directory, `mount mftg-x mnt --http="unix:${broken}"`), sentence)
  t.match(await typed(directory, 'mount mftg-x mnt', `AS2FS_STATE_DIR="${broken}"`), /^as2fs: AS2FS_STATE_DIR: /)
  t.match(await typed(directory, `queue --state-dir "${broken}"`), sentence)
  t.match(await typed(directory, `events mnt --cursor "${broken}"`), sentence)
})

t.test('a link that leads there, and a folder in which one is', async (t) => {
  const directory = t.testdir({})
  const there = Buffer.concat([Buffer.from(`${directory}/a`), Buffer.from([0xff]), Buffer.from('b')])
  mkdirSync(there)
  mkdirSync(Buffer.concat([there, Buffer.from('/mnt')]))
  symlinkSync(there, `${directory}/link`)
  t.match(await typed(directory, 'mount mftg-x link'), sentence)
  const { stderr } = await run(
    'sh',
    ['-c', `cd "${broken}" && exec "$0" "$1" mount mftg-x mnt`, process.execPath, as2fs],
    {
      cwd: directory,
    },
  )
  t.match(stderr, sentence)
})
