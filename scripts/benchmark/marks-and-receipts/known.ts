/** 100,000 messages that were sent, and the receipts for them: what it costs to know them. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Mount } from '../mount.js'
import { difference } from '../results.js'
import { bucketOf } from '../server/worlds.js'
import {
  expiry,
  folder,
  receiptsOf,
  seconds,
  Starts,
  stateFile,
  type Line,
  type Measuring,
  type Start,
} from './measuring.js'

const sent = 100_000
const world = { partners: 1, each: 10, sent }
const starts = 3

export async function measureKnown(measuring: Measuring): Promise<readonly Line[]> {
  const { server, workspace } = measuring
  const [directory, without] = [workspace.directory('known'), workspace.directory('unknown')]
  await server.make(world)
  try {
    const read = await measuring.mounted({ world, directory, flags: ['--mdn-reads', '32'] }, async (mount) => {
      await lookAtReceipts(measuring, mount, sent)
      return measuring.until(() => receiptsOf(mount).read === sent)
    })
    const disk = statSync(stateFile(directory, 'receipts/mdns')).size
    const both = new Starts()
    let again = 0
    const known = async (): Promise<Start> => {
      const before = await measuring.requests()
      const found = await start(measuring, directory, true)
      again = Math.max(again, difference(await measuring.requests(), before).GET ?? 0)
      return found
    }
    for (let n = 0; n < starts; n += 1) await both.pair(known, () => start(measuring, without, false))
    const [having, lacking] = both.usable()
    return [
      [`${sent} receipts read, 32 at a time, no delay`, seconds(read), ''],
      ['disk for a receipt', `${(disk / sent).toFixed(1)} B`, '200 B, without the ids in it'],
      ['memory for a receipt', `${both.memory(sent).toFixed(1)} B`, '200 B'],
      ['GETs of a start that knows them', String(again), '0'],
      ['start with them', seconds(having), `${seconds(lacking)} and 1 s, without`],
      ...(await looks(measuring, directory)),
    ]
  } finally {
    await server.unmake(world)
  }
}

/** What somebody pays who looks at deliveries again and again. */
function looks(measuring: Measuring, directory: string): Promise<readonly Line[]> {
  return measuring.mounted({ world, directory }, async (mount) => {
    const delivered = ['ls', folder(mount, 'delivery/delivered')]
    const first = await measuring.time(delivered, sent)
    await measuring.pause(expiry)
    const later = await measuring.time(delivered, sent)
    await measuring.pause(expiry)
    await measuring.server.receive(sent, bucketOf(world))
    const before = await measuring.requests()
    await measuring.time(delivered, sent)
    await measuring.until(() => receiptsOf(mount).read === sent + 1)
    const requests = difference(await measuring.requests(), before)
    const asked = Object.entries(requests).map(([name, count]) => `${count} ${name}`)
    return [
      ['ls of delivery/delivered, first and after the ttl', `${seconds(first)}, ${seconds(later)}`, ''],
      ['requests of a look after the ttl, one receipt came', asked.join(', '), '1 LIST a view, 1 GET'],
    ]
  })
}

function start(measuring: Measuring, directory: string, isKnown: boolean): Promise<Start> {
  const flags = isKnown ? [] : ['--mdn-index', 'off']
  return measuring.mounted({ world, directory, flags }, async (mount) => {
    await lookAtReceipts(measuring, mount, sent)
    if (isKnown) await measuring.until(() => receiptsOf(mount).read === sent && receiptsOf(mount).left === 0)
    await measuring.pause(1_000)
    return { usable: mount.usableAfter, memory: mount.memory().now }
  })
}

async function lookAtReceipts(measuring: Measuring, mount: Mount, count: number): Promise<void> {
  await measuring.time(['ls', join(mount.mountpoint, '.as2fs/mdn/incoming')], count)
}
