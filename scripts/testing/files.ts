/** Which test files there are, and which of them begin first. */
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Those that take longest, so that nothing waits for one of them at the end: `main.ts` prints which they are. */
const slowest = [
  'send/hostile-answers',
  'send/many-files',
  'mount/events',
  'mount/many-open',
  'model/send-mounted',
  'mount/hanging-bucket',
  'mount/hang-hunt',
  'mount/log',
  'mount/new-disk',
  'mount/commands',
  'mount/bundles',
  'mount/delivery-trail',
  'mount/many-partners',
  'mount/metrics',
  'mount/attributes',
  'mount/page',
  'mount/outages-sending',
  'fuse/native',
  'mount/callers',
  'mount/life',
]

/** @returns compiled tests, from the project's folder on; not those whose source is gone */
export async function allTests(project: string): Promise<readonly string[]> {
  const names = await readdir(join(project, 'dist/test'), { recursive: true })
  return names
    .filter((name) => name.endsWith('.test.js') && existsSync(join(project, 'test', name.replace(/js$/, 'ts'))))
    .map((name) => join('dist/test', name))
    .sort()
}

export function slowestFirst(files: readonly string[]): readonly string[] {
  const first = slowest.map((name) => `dist/test/${name}.test.js`)
  const missing = first.filter((file) => !files.includes(file))
  if (missing.length > 0)
    throw new Error(`scripts/testing/files.ts names tests that are no more: ${missing.join(', ')}`)
  return [...first, ...files.filter((file) => !first.includes(file))]
}
