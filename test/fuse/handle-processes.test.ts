/** Who opened a file or wrote to it, and so has not finished it when a signal ends him: known on a busy machine too. */
import t from 'tap'
import { HandleProcesses } from '../../src/fuse/callers/handle-processes.js'

const program = new URL('../helpers/slow-reader.js', import.meta.url)
/** Of which /proc tells after 100 ms: later than anybody would wait for who has a file open. */
const slow = (n: number) => 1_000_000 * n + 10
const [opener, writer, heir] = [slow(1), slow(2), slow(3)]

async function opened(): Promise<{ killedBy: (pid: number) => Promise<string | undefined>; it: HandleProcesses }> {
  const it = new HandleProcesses({ program })
  // A thread that starts is waited for longer.
  await it.opened(Promise.resolve(1), { pid: 5 })
  await it.opened(Promise.resolve(2), { pid: opener })
  return { it, killedBy: async (pid) => (await it.closing(2, '/a', { pid: pid }).closed()).killedBy }
}

t.test('one that only inherited the file is told from who opened it, though that is told late', async (t) => {
  const { killedBy } = await opened()
  t.equal(await killedBy(heir), undefined)
  t.equal(await killedBy(opener), 'SIGKILL')
})

t.test('one that inherited the file counts once it has written', async (t) => {
  const { it, killedBy } = await opened()
  await it.wrote(2, writer)
  t.equal(await killedBy(writer), 'SIGKILL')
  t.equal(await killedBy(heir), undefined)
})

t.test('where nobody tells who opened it, whoever is killed counts', async (t) => {
  const it = new HandleProcesses({ program })
  await it.opened(Promise.resolve(2), { pid: undefined })
  t.equal((await it.closing(2, '/a', { pid: heir }).closed()).killedBy, 'SIGKILL')
})

t.test('who opened it is not asked for where the binding has looked', async (t) => {
  const it = new HandleProcesses({ program })
  await it.opened(Promise.resolve(1), { pid: opener, caller: 'unknown' })
  t.equal((await it.closing(1, '/a', { pid: heir }).closed()).killedBy, 'SIGKILL', 'whoever is killed counts')
  await it.opened(Promise.resolve(2), { pid: opener, caller: { process: opener, faults: 0 } })
  t.equal((await it.closing(2, '/a', { pid: heir }).closed()).killedBy, undefined)
  t.equal((await it.closing(2, '/a', { pid: opener }).closed()).killedBy, 'SIGKILL')
})

t.test('a file that was written to and not closed: what ended who wrote to it, or that he is gone', async (t) => {
  const it = new HandleProcesses({ program })
  await it.opened(Promise.resolve(1), { pid: opener, caller: { process: opener, faults: 0 } })
  t.equal(it.released(1), undefined, 'nobody wrote to it')
  await it.opened(Promise.resolve(2), { pid: opener, caller: { process: opener, faults: 0 } })
  await it.wrote(2, 0)
  t.equal(it.released(2), undefined, 'but the kernel, for a mapping')
  await it.opened(Promise.resolve(3), { pid: opener, caller: { process: opener, faults: 0 } })
  await it.wrote(3, opener)
  t.equal(await it.released(3), 'SIGKILL')
  await it.opened(Promise.resolve(4), { pid: opener, caller: { process: opener, faults: 0 } })
  await it.wrote(4, opener)
  await it.closing(4, '/a', { pid: heir }).closed()
  t.equal(it.released(4), undefined, 'it was closed')
})

t.test('one that the binding has seen close it alone is not asked for', async (t) => {
  const it = new HandleProcesses({ program })
  let handle = 0
  interface Closing {
    readonly faults: number | undefined
    readonly mayBeMapped?: boolean
    readonly otherWriter?: number
    readonly closer?: number
    readonly path?: string
    readonly seenFaults?: number | 'not seen'
  }
  const closed = async ({ faults, mayBeMapped = false, otherWriter, closer = opener, ...rest }: Closing) => {
    const { path = '/a', seenFaults = 3 } = rest
    await it.opened(Promise.resolve((handle += 1)), { pid: opener, caller: { process: opener, faults }, mayBeMapped })
    if (otherWriter !== undefined) await it.wrote(handle, otherWriter)
    const seen = seenFaults === 'not seen' ? {} : { faultsIfAlone: seenFaults }
    return (await it.closing(handle, path, { pid: closer, ...seen }).closed()).isLast
  }
  // Whoever is asked here does not say that it was the last one.
  t.equal(await closed({ faults: 3 }), true)
  t.equal(await closed({ faults: 3, seenFaults: 'not seen' }), false)
  t.equal(await closed({ faults: 2 }), false, 'a child of its has ended meanwhile')
  t.equal(await closed({ faults: undefined }), false, 'as may have been so')
  t.equal(await closed({ faults: 3, mayBeMapped: true }), false, 'mappings were not looked at')
  t.equal(await closed({ faults: 3, otherWriter: writer }), false, 'another one has it, too')
  t.equal(await closed({ faults: 3, closer: heir }), false, 'it is another one')
  t.equal(await closed({ faults: 3, path: '/.fuse_hidden0001' }), false, 'it has another name')
  it.renamed('/b', '/c')
  for (const path of ['/b', '/c'])
    t.equal(await closed({ faults: 3, path }), false, 'the kernel may not have its new name yet')
  t.equal(await closed({ faults: 3, path: '/d' }), true)
})

t.test('what is renamed while it is looked for may have been looked for by a name that it did not have', async (t) => {
  const it = new HandleProcesses({ program: new URL('../helpers/last-reader.js', import.meta.url) })
  const closed = async (handle: number, path: string, rename?: () => void): Promise<boolean> => {
    await it.opened(Promise.resolve(handle), { pid: 5, caller: { process: 5, faults: 0 } })
    const closing = it.closing(handle, path, { pid: 5 }).closed()
    rename?.()
    return (await closing).isLast
  }
  t.equal(await closed(1, '/a'), true)
  t.equal(await closed(2, '/a', () => it.renamed('/a', '/b')), false)
  t.equal(await closed(3, '/c', () => it.renamed('/b', '/c')), false)
  t.equal(await closed(4, '/d', () => it.renamed('/b', '/c')), true)
})
