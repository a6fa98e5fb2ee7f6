/**
 * A real daemon whose machine's clock is set by hours, either way, over a crash as well (faketime). The bucket's clock is right
 * all the time: nothing is sent twice, and nothing waits for a time that is hours away.
 */
import { access, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Gateway } from '../../src/demo/gateway.js'
import { systemClock } from '../../src/telemetry/clock.js'
import { prepare, type Mounted } from '../helpers/mounted.js'
import { inState, sendRows } from '../helpers/send-state.js'
import { until } from '../helpers/until.js'

const library = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/faketime/libfaketimeMT.so.1`
const steps = { '2 h ahead': '+2h', '2 h behind': '-2h' }
const right = '+0'

interface World {
  readonly mounted: Mounted
  readonly send: string
  /** Sets the clock of the daemon that runs, and of those that come. */
  readonly setClock: (offset: string) => Promise<void>
}

async function world(t: Test, offset: string): Promise<World> {
  await access(library)
  const file = join(t.testdir(), 'clock')
  const env = {
    ...{ LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1' },
    // As on a machine whose time of day is set: what counts since the boot goes on.
    ...{ FAKETIME_DONT_FAKE_MONOTONIC: '1', DONT_FAKE_MONOTONIC: '1' },
  }
  const setClock = (to: string): Promise<void> => writeFile(file, `${to}\n`)
  await setClock(offset)
  const mounted = await prepare(t, { env, proxied: true, flags: ['--station', 'ACME/GLOBEX'] })
  await mounted.mount()
  return { mounted, send: mounted.path('ACME/GLOBEX/send'), setClock }
}

// Each has a mount of its own, and mostly waits.
t.jobs = 3

for (const [what, offset] of Object.entries(steps)) {
  t.test(`${what} when the answer to an upload was lost; the clock is right at the next mount`, async (t) => {
    const { mounted, send, setClock } = await world(t, offset)
    const gateway = new Gateway({ server: mounted.server, clock: systemClock, takeAfter: 0 })
    t.teardown(() => gateway.stop())
    mounted.proxy.add({ operation: 'PutObject', fault: { loseAnswer: 'stall' } })
    await writeFile(join(send, 'order.edi'), 'ISA*00*')
    await mounted.inBucket('AS2/send/ACME/GLOBEX/order.edi')
    await mounted.kill('SIGKILL')
    gateway.tick()
    t.equal(gateway.sent.length, 1)
    await setClock(right)
    await mounted.proxy.heal()
    await mounted.mount()
    await until('it to be settled', async () => (await sendRows(mounted)).length === 0)
    gateway.tick()
    t.equal(mounted.puts().length, 1, 'put once')
    t.equal(gateway.events.filter((it) => it.what === 'duplicate').length, 0)
  })

  t.test(`${what} when a file is queued; the clock is right after a crash`, async (t) => {
    const { mounted, send, setClock } = await world(t, offset)
    mounted.proxy.add({ operation: 'PutObject', fault: { status: 503, code: 'SlowDown' } })
    await writeFile(join(send, 'order.edi'), 'ISA*00*')
    await until('a failed try', async () => (await sendRows(mounted)).some((it) => it.error !== undefined))
    await mounted.kill('SIGKILL')
    await setClock(right)
    await mounted.proxy.heal()
    await mounted.mount()
    await inState(mounted, 'order.edi', 'submitted')
  })

  t.test(`set to ${what} while files wait and are watched`, async (t) => {
    const { mounted, send, setClock } = await world(t, right)
    await writeFile(join(send, 'watched.edi'), 'ISA*00*')
    await inState(mounted, 'watched.edi', 'submitted')
    mounted.proxy.add({ operation: 'PutObject', fault: { status: 503, code: 'SlowDown' } })
    await writeFile(join(send, 'waiting.edi'), 'ISA*00*')
    await until('a failed try', async () => (await sendRows(mounted)).some((it) => it.error !== undefined))
    await setClock(offset)
    const [waiting] = (await sendRows(mounted)).filter((it) => it.path === 'waiting.edi')
    t.match(waiting, { state: /queued|uploading/ })
    await mounted.proxy.heal()
    await inState(mounted, 'waiting.edi', 'submitted')
    mounted.server.delete('AS2/send/ACME/GLOBEX/watched.edi')
    await until('it to be seen that it was taken', async () => {
      return !(await sendRows(mounted)).some((it) => it.path === 'watched.edi')
    })
    await t.rejects(writeFile(join(send, 'watched.edi'), 'again'), { code: 'EEXIST' }, 'its name counts on')
    await writeFile(join(send, 'later.edi'), 'ISA*00*')
    await inState(mounted, 'later.edi', 'submitted')
  })
}
