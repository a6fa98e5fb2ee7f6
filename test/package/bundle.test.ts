/** The program as packages have it, in few files: it does what it does elsewhere, and a daemon outlives its files. */
import { once } from 'node:events'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Script } from 'node:vm'
import t from 'tap'
import { bundle, stamped } from '../../scripts/packaging/bundle.js'
import { licences } from '../../scripts/packaging/licences.js'
import { compiledFor, compiledSuffix, programOf, stampLength } from '../../scripts/packaging/loader.js'
import { prepare } from '../helpers/mounted.js'
import { run, sh } from '../helpers/run.js'
import { inState } from '../helpers/send-state.js'

const project = fileURLToPath(new URL('../../../', import.meta.url))

/** Where a package would have it. */
const library = t.testdir({})
const program = join(library, 'bin/as2fs')
const files = await bundle({ project, target: library, version: '9.9.9' })
for (const part of ['bin', 'native/build']) await cp(join(project, part), join(library, part), { recursive: true })
await writeFile(join(library, 'package.json'), '{ "type": "module" }')
const compiling = await run(process.execPath, [join(project, 'dist/scripts/packaging/compile.js'), library])

async function got(socketPath: string, path: string): Promise<IncomingMessage> {
  const [response] = (await once(get({ socketPath, path, agent: false }), 'response')) as [IncomingMessage]
  response.resume()
  return response
}

t.test('it has the version of the package', async (t) => {
  t.match(await run(process.execPath, [program, '--version']), { code: 0, stdout: 'as2fs 9.9.9\n', stderr: '' })
})

t.test('of yargs there is the parser alone', (t) => {
  const packages = new Set(files.map((it) => /node_modules\/([^/]+)/.exec(it)?.[1]))
  t.ok(packages.has('yargs-parser'))
  t.notOk(packages.has('cliui') || packages.has('string-width'))
  t.end()
})

t.test('only what a command loads when it begins has a file of its own', async (t) => {
  const lazilyIn = async (folder: string, lazy: RegExp): Promise<Set<string>> => {
    const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.js'))
    const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
    return new Set(texts.flatMap((text) => [...text.matchAll(lazy)].map(([, name = '']) => name)))
  }
  const ours = await lazilyIn(join(project, 'dist/src/cli'), /\bimport\('\.{1,2}\/(?:.*\/)?([\w-]+)\.js'\)/g)
  const made = await lazilyIn(
    join(library, 'dist/src'),
    /\bthen\(\(\)\s*=>\s*__toESM\(require\("\.{1,2}\/(?:[^"]*\/)?([\w-]+?)-[A-Z0-9]{8}\.js"\)/g,
  )
  t.ok(made.has('start') && made.has('status'))
  t.same(
    [...made].filter((name) => !ours.has(name)),
    [],
    'a daemon would look for these days later, after an upgrade',
  )
})

t.test('V8 takes what was compiled of each file, and of another file than that nobody does', async (t) => {
  const folder = join(library, 'dist/src/cli')
  const [main, compiled] = [join(folder, 'main.js'), join(folder, `main.js${compiledSuffix}`)]
  const text = await readFile(main, 'latin1')
  const bytes = await readFile(compiled)
  const cachedData = compiledFor(text, bytes)
  t.ok(cachedData)
  t.equal(new Script(programOf(text), { cachedData: cachedData! }).cachedDataRejected, false)
  // Of the same length, as V8 looks at no more.
  const other = text.replace('Mounts the S3 bucket', 'Mounts any S3 bucket')
  t.equal(compiledFor(stamped(other.slice(0, -(2 + stampLength))), bytes), undefined)
  await writeFile(compiled, Buffer.concat([bytes.subarray(0, stampLength), Buffer.from('damaged')]))
  t.match(await run(process.execPath, [program, '--version']), { code: 0, stdout: 'as2fs 9.9.9\n', stderr: '' })
  await writeFile(compiled, bytes)
})

t.test('what the start of a mount calls is compiled, too', async (t) => {
  t.match(compiling, { code: 0, stdout: '', stderr: '' })
  const folder = join(library, 'dist/src/parts')
  const names = (await readdir(folder)).filter((name) => name.startsWith('start-') && name.endsWith(compiledSuffix))
  t.equal(names.length, 1)
  // Words of a function are with its code.
  t.ok((await readFile(join(folder, names[0]!))).includes('watching the lock'))
})

t.test('it mounts, and once it runs it needs none of its files: they may be of another version by then', async (t) => {
  const mounted = await prepare(t, {
    program,
    objects: { 'AS2/files/ACME/GLOBEX/inbox/7207841093900001/order.edi': 'content\n' },
  })
  const socket = join(mounted.directory, 'http')
  await mounted.mount(['--http', socket])
  const { binding } = await mounted.status()
  t.equal(binding, 'compiled')
  await rm(join(library, 'dist'), { recursive: true })
  const folder = mounted.path('ACME/GLOBEX')
  t.equal(await sh(`cat ${folder}/inbox/*/order.edi`), 'content\n')
  await sh(`echo sent > ${folder}/send/sent.edi`)
  t.equal((await mounted.inBucket('AS2/send/ACME/GLOBEX/sent.edi')).toString(), 'sent\n')
  // Who was killed is asked in a thread, which is started now.
  await run('sh', ['-c', `exec 9> ${folder}/send/killed.edi; echo half >&9; kill -9 $$`])
  t.match(await inState(mounted, 'killed.edi', 'held'), { reason: 'killed' })
  for (const [path, type] of [
    ['/', 'text/html'],
    ['/page.js', 'text/javascript'],
    ['/metrics', 'text/plain'],
  ] as const) {
    const response = await got(socket, path)
    t.match({ status: response.statusCode, type: response.headers['content-type'] }, { status: 200, type }, path)
  }
  t.equal(await mounted.kill('SIGTERM'), 0)
})

t.test('the licence of everything in it is told', async (t) => {
  const folder = t.testdir({})
  await mkdir(join(folder, 'node_modules/@some/silent'), { recursive: true })
  await writeFile(
    join(folder, 'node_modules/@some/silent/package.json'),
    '{ "name": "@some/silent", "version": "1.0.0" }',
  )
  const { list, texts } = await licences(project, files, 'what Node is under')
  for (const name of ['pino', 'yaml', '@aws-sdk/client-s3'])
    for (const text of [list, texts]) t.match(text, new RegExp(`^ *${name} \\d[^ ]* \\(.+\\)$`, 'm'))
  t.match(texts, /Apache License[^]*what Node is under\n$/)
  t.notMatch(list, /^ *(tap|typescript|fuse-native) /m, 'what only helps to make it is not in it')
  await t.rejects(licences(folder, ['node_modules/@some/silent/main.js'], ''), /@some\/silent does not say its licence/)
})
