/** An inbox of 100,000 of which 90,000 are taken: what a mark costs. */
import { statSync } from 'node:fs'
import type { Milliseconds } from '../../../src/units.js'
import {
  expiry,
  folder,
  median,
  seconds,
  Starts,
  stateFile,
  type Line,
  type Measuring,
  type Start,
} from './measuring.js'

const world = { partners: 1, each: 100_000 }
const taken = 90_000
const left = world.each - taken
const starts = 5

export async function measureMarks(measuring: Measuring): Promise<readonly Line[]> {
  const { server, workspace } = measuring
  const [directory, without] = [workspace.directory('marks'), workspace.directory('none')]
  await server.make(world)
  try {
    const [took, ls, inbox] = await measuring.mounted({ world, directory }, async (mount) => {
      const script = `cd "$1" && ls | head -n ${taken} | xargs rm`
      const time = await measuring.time(['sh', '-c', script, 'sh', folder(mount, 'new')], 0)
      const [rest, all]: [Milliseconds[], Milliseconds[]] = [[], []]
      for (let n = 0; n < 3; n += 1) {
        await measuring.pause(expiry)
        rest.push(await measuring.time(['ls', folder(mount, 'new')], left))
        await measuring.pause(expiry)
        all.push(await measuring.time(['ls', folder(mount, 'inbox')], world.each))
      }
      return [time, median(rest), median(all)] as const
    })
    const disk = statSync(stateFile(directory, 'new/journal')).size
    const both = new Starts()
    for (let n = 0; n < starts; n += 1) {
      await both.pair(
        () => start(measuring, directory),
        () => start(measuring, without),
      )
    }
    const [having, lacking] = both.usable()
    const compact = statSync(stateFile(directory, 'new/journal')).size
    return [
      [`rm of ${taken} of ${world.each} in new/`, seconds(took), '40 s'],
      [`ls of the ${left} that are left, after the ttl`, seconds(ls), `${seconds(inbox)}, of inbox/`],
      ['disk for a mark, when it was made', `${(disk / taken).toFixed(1)} B`, '64 B'],
      ['disk for a mark, after another start', `${(compact / taken).toFixed(1)} B`, '64 B'],
      ['memory for a mark', `${both.memory(taken).toFixed(1)} B`, '64 B'],
      ['start with them', seconds(having), `${seconds(lacking)} and 1 s, without`],
    ]
  } finally {
    await server.unmake(world)
  }
}

/** Until it can be used, and its memory when the inbox is listed. */
function start(measuring: Measuring, directory: string): Promise<Start> {
  return measuring.mounted({ world, directory }, async (mount) => {
    await measuring.time(['ls', folder(mount, 'inbox')], world.each)
    await measuring.pause(1_000)
    return { usable: mount.usableAfter, memory: mount.memory().now }
  })
}
