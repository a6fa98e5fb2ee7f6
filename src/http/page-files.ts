/** The files of the page, as they are when the daemon starts: what an upgrade puts in their place is for the next one. */
import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface PageFile {
  readonly type: string
  readonly body: Buffer
}

const types = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
])

/** @returns by the path of their URL; none where the page was not built */
export async function pageFiles(folder = ownFolder()): Promise<ReadonlyMap<string, PageFile>> {
  const names = await readdir(folder).catch(() => [])
  const files = new Map<string, PageFile>()
  for (const name of names) {
    const type = types.get(extname(name))
    if (type === undefined) continue
    files.set(name === 'index.html' ? '/' : `/${name}`, { type, body: await readFile(join(folder, name)) })
  }
  return files
}

function ownFolder(): string {
  return fileURLToPath(new URL('./page/', import.meta.url))
}
