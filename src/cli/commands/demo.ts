/** `as2fs demo`. */
import { mkdir, mkdtemp, rm, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import type { DemoWorld } from '../../demo/world.js'
import type { GatewayEvent } from '../../demo/gateway.js'
import { parseMdn } from '../../mdn/report.js'
import { openLog } from '../../telemetry/log.js'
import type { Typed } from '../command.js'
import { printable, shellQuoted } from '../format.js'
import type { Io } from '../io.js'
import { mountConfig, realMountpoint } from '../mount-config.js'
import type { OptionName } from '../options.js'
import { runDaemon } from '../run-daemon.js'
import { Wishes } from '../wishes.js'

export async function run(typed: Typed, io: Io): Promise<number> {
  // Before anything is made that a signal would leave behind.
  const wishes = new Wishes({ isOfTerminal: true })
  const { startDemoWorld } = await import('../../demo/world.js')
  const mountpoint = await makeMountpoint(typed.positionals[0], io)
  const directory = await mkdtemp(join(tmpdir(), 'as2fs-demo-state-'))
  const world = await startDemoWorld()
  try {
    const config = await mountConfig(
      { bucket: world.bucket, mountpoint: mountpoint.path, flags: await flagsFor(world, directory) },
      {},
      io.cwd,
    )
    const end = (): void => {
      // Who asks again wants it at once.
      if (!wishes.ending.aborted) wishes.end('nobody reads it')
    }
    io.whenUnread(end)
    const print = (text: string): void => {
      io.out(text)
      void io.written().catch(end)
    }
    world.onEvent((event) => print(narrated(event)))
    const log = await openLog({ level: 'warn', file: undefined, style: io.isTerminal ? 'pretty' : 'json' })
    return await runDaemon({ config, wishes, ...log }, ({ http }) =>
      print(welcome(world, { mountpoint: mountpoint.path, http }, io)),
    )
  } finally {
    await world.close()
    await rm(directory, { recursive: true, force: true })
    // Never recursively: it was a mount a moment ago.
    if (mountpoint.isOurs) await rmdir(mountpoint.path).catch(() => undefined)
  }
}

interface Mountpoint {
  readonly path: string
  /** Made here, to be removed at the end. */
  readonly isOurs: boolean
}

async function makeMountpoint(text: string | undefined, io: Io): Promise<Mountpoint> {
  if (text === undefined) {
    const path = join(tmpdir(), 'as2fs-demo')
    const isMade = await made(path)
    return { path: isMade ? path : await mkdtemp(`${path}-`), isOurs: true }
  }
  const path = await realMountpoint(text, io.cwd)
  return { path, isOurs: await made(path) }
}

/** @returns false if there is something already, or it can't be made: mounting says what is wrong */
async function made(path: string): Promise<boolean> {
  return mkdir(path, { mode: 0o700 }).then(
    () => true,
    () => false,
  )
}

async function flagsFor(world: DemoWorld, directory: string): Promise<Map<OptionName, readonly string[]>> {
  const csv = join(directory, 'keys.csv')
  const { accessKey, secretKey } = world.keys
  await writeFile(csv, `Access key ID,Secret access key\n${accessKey},${secretKey}\n`, { mode: 0o600 })
  return new Map<OptionName, readonly string[]>([
    ['endpoint', [world.endpoint]],
    ['credentials-csv', [csv]],
    ['state-dir', [join(directory, 'state')]],
    ['list-ttl', ['1s']],
    ['mdn-overdue', ['30s']],
    // Any that is free.
    ['http', ['127.0.0.1:0']],
  ])
}

interface Shown {
  readonly mountpoint: string
  readonly http: string | undefined
}

function welcome(world: DemoWorld, { mountpoint, http }: Shown, io: Io): string {
  const { station, partner, path, received, refusing } = world.example
  const folder = shellQuoted(join(mountpoint, station, partner))
  const refused = shellQuoted(join(mountpoint, refusing.station, refusing.partner))
  const as2fs = shellQuoted(commandName(io))
  const page = http === undefined ? '' : `\nIn a browser, on this machine: ${http}\n`
  return `
A gateway with its bucket is mounted at ${printable(mountpoint)}.
${page}
In another terminal:

  ls -R ${folder}
  cat ${folder}/outbox/${path}

Take what came, one by one: what is removed from new/ stays in inbox/ and in the bucket, and is not new any more:

  ls ${folder}/new
  rm ${folder}/new/*_${received}
  ${as2fs} new ${shellQuoted(mountpoint)}

Send, and see what becomes of it (outbox in two seconds, its receipt in three):

  cp ${folder}/outbox/${path} ${folder}/send/INV_NEW.x12
  ${as2fs} queue ${shellQuoted(mountpoint)}
  ls ${folder}/outbox ${folder}/mdn/incoming ${folder}/delivery/*
  ${as2fs} deliveries ${shellQuoted(mountpoint)} --since 10m
  ls ${folder}/delivery/delivered
  ls ${refused}/delivery/refused
  ${as2fs} deliveries ${shellQuoted(mountpoint)}
  ${as2fs} info ${folder}/outbox/${path}
  ${as2fs} events ${shellQuoted(mountpoint)}
  ${as2fs} status ${shellQuoted(mountpoint)}

Partners send an order now and then, and it is acknowledged. HARBORMART takes what it gets, GROVER_RETAIL refuses it,
LINDEN LOGISTIK warns, and BAUHOF's receipts come after a minute and a half, when they are overdue: in delivery/refused,
delivery/delivered and delivery/pending. Ctrl-C ends it all and leaves nothing behind.
What is listed is a second old at most here, not five as elsewhere, so status counts more LISTs than a mount needs.

`
}

/** As it was started: by a path below the working directory, or by its name. */
function commandName({ program, cwd, env }: Io): string {
  const path = program.at(-1) ?? 'as2fs'
  const library = dirname(dirname(path))
  if (program[0] === join(library, 'node')) {
    // Of a package, that has a Node of its own.
    const folder = join(library, '../../bin')
    return (env.PATH ?? '').split(':').includes(folder) ? 'as2fs' : join(folder, 'as2fs')
  }
  const short = relative(cwd, path)
  return short.startsWith('..') ? path : short
}

function narrated({ what, station, partner, filename, bytes, at }: GatewayEvent): string {
  const time = new Date(at).toTimeString().slice(0, 8)
  const file = printable(filename)
  switch (what) {
    case 'sent':
      return `${time}  ${station} → ${partner}: ${file} was sent; it is in outbox/ and delivery/pending/\n`
    case 'duplicate':
      return `${time}  ${station} → ${partner}: ${file} was used within six hours: it is in duplicate/ and was not sent\n`
    case 'mdn':
      return `${time}  ${partner} → ${station}: ${answered(file, bytes)}; its receipt is in mdn/incoming/\n`
    case 'received':
      return `${time}  ${partner} → ${station}: ${file} is in new/ and inbox/\n`
  }
}

function answered(file: string, receipt: Uint8Array): string {
  const { outcome, disposition = '' } = parseMdn(receipt) ?? {}
  if (outcome === 'delivered') return `${file} has arrived: it is in delivery/delivered/`
  const what = outcome === 'refused' ? 'is REFUSED: it is in delivery/refused/' : 'has arrived, with a warning'
  return `${file} ${what} (${disposition.replace(/^.*;\s*/, '')})`
}
