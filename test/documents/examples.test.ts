/** The examples of SEMANTICS.md, done in their order on one mount, with a gateway at the other end of the bucket. */
import { delimiter, dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { Gateway } from '../../src/demo/gateway.js'
import { systemClock } from '../../src/telemetry/clock.js'
import { as2fs, type Mounted, prepare } from '../helpers/mounted.js'
import { run } from '../helpers/run.js'
import { until } from '../helpers/until.js'
import { consoleSteps, isShown, type Step } from './console.js'
import { readDocument } from './document.js'

const partner = { station: 'ACME', partner: 'GLOBEX' }
/** As the document has them. */
const mountpoint = '/mnt/as2'
const auditLog = '/var/log/as2fs.audit'
/** Commands that change nothing: repeated until they show what the document does. Others have one try. */
const isLook = /^(ls|cat|stat|tail|grep|head|python3 -m zipfile -l|as2fs (status|info|queue \S+$))/

/** What happens elsewhere, by the words of the document. */
class Elsewhere {
  readonly #mounted: Mounted
  readonly #gateway: Gateway
  readonly #timer: NodeJS.Timeout
  #isTaking = true

  constructor(mounted: Mounted) {
    this.#mounted = mounted
    this.#gateway = new Gateway({ server: mounted.server, clock: systemClock, takeAfter: 200, mdnAfter: 200 })
    this.#timer = setInterval(() => {
      if (this.#isTaking) this.#gateway.tick()
    }, 100)
  }

  readonly #events: Readonly<Record<string, () => unknown>> = {
    'The partner sends order.edi.': () => this.#receive('order.edi', 'ISA*00*order'),
    'The partner sends a file whose name has a line break in it.': () =>
      this.#receive('price\nlist.edi', 'ISA*00*prices'),
    'The gateway takes nothing for a while.': () => (this.#isTaking = false),
    'The gateway goes on.': () => (this.#isTaking = true),
    "The bucket can't be reached.": () => this.#mounted.proxy.refuseConnections(),
    'The bucket is back.': () => this.#mounted.proxy.heal(),
    'The keys may not write any more.': () =>
      this.#mounted.proxy.add({ operation: 'PutObject', fault: { status: 403, code: 'AccessDenied' } }),
    'They may again.': () => this.#mounted.proxy.heal(),
  }

  async happens(text: string): Promise<void> {
    const event = this.#events[text]
    if (!event) throw new Error(`the test does not know how to let this happen: ${text}`)
    await event()
  }

  /** Events that no document tells of. */
  untold(texts: ReadonlySet<string>): string[] {
    return Object.keys(this.#events).filter((it) => !texts.has(it))
  }

  close(): void {
    clearInterval(this.#timer)
    this.#gateway.stop()
  }

  #receive(name: string, content: string): void {
    this.#gateway.receive(partner, name, Buffer.from(`${content}\n`))
  }
}

async function printed(mounted: Mounted, command: string): Promise<string> {
  const audit = join(mounted.directory, 'audit')
  const real = command.replaceAll(mountpoint, mounted.mountpoint).replaceAll(auditLog, audit)
  const env = {
    ...mounted.environment(),
    PATH: [dirname(as2fs), process.env.PATH].join(delimiter),
    LC_ALL: 'C.UTF-8',
    COLUMNS: '200',
  }
  // The shell stays there while the command runs, as one at a terminal does.
  const shell = ['-c', `exec 2>&1; ${real}\nexit $?`]
  const { stdout } = await run('bash', shell, { cwd: mounted.path('ACME/GLOBEX'), env })
  return stdout.replaceAll(mounted.mountpoint, mountpoint).replaceAll(audit, auditLog)
}

async function check(t: Test, mounted: Mounted, step: Step & { readonly kind: 'command' }): Promise<void> {
  let last = ''
  const isAsShown = async (): Promise<boolean> => isShown((last = await printed(mounted, step.text)), step.shows)
  const isRight = isLook.test(step.text) ? await until(step.text, isAsShown).catch(() => false) : await isAsShown()
  if (isRight) t.pass(step.text)
  else t.equal(last, step.shows, `SEMANTICS.md:${step.line}: ${step.text}`)
}

t.test('the examples of SEMANTICS.md show what happens', async (t) => {
  const mounted = await prepare(t, { proxied: true })
  const elsewhere = new Elsewhere(mounted)
  t.teardown(() => elsewhere.close())
  const audit = join(mounted.directory, 'audit')
  await mounted.mount(['--station', 'ACME/GLOBEX', '--list-ttl', '200ms', '--audit-log', audit])
  const told = new Set<string>()
  for (const steps of consoleSteps(readDocument('SEMANTICS.md'))) {
    for (const step of steps) {
      if (step.kind === 'command') await check(t, mounted, step)
      else {
        told.add(step.text)
        await elsewhere.happens(step.text)
      }
    }
  }
  t.same(elsewhere.untold(told), [], 'all that may happen is told')
})
