/** The licence of everything that is in a package, with its text: what each of them asks of whoever hands it on. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

interface Part {
  readonly name: string
  readonly version: string
  readonly licence: string
  readonly text: string
}

export interface Licences {
  /** Who is in it, and under what: a line each. */
  readonly list: string
  /** The text of each of them. */
  readonly texts: string
}

/**
 * @param files what is in the bundle, from the project's folder on
 * @param nodeLicence Node's own text, which has those of all that is in Node
 * @throws Error for a package without a licence
 */
export async function licences(project: string, files: readonly string[], nodeLicence: string): Promise<Licences> {
  const parts = await Promise.all(foldersOf(files).map((folder) => partOf(join(project, folder))))
  const node = 'Node.js, and what is in it'
  const texts = [
    ...byText(parts).map(([names, text]) => `${names.join('\n')}\n\n${text}`),
    `${node}\n\n${nodeLicence.trim()}`,
  ]
  return {
    list: [...parts.map(nameOf), node].map((it) => `  ${it}\n`).join(''),
    texts: `${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`,
  }
}

/** What Debian wants to find in a package. */
export async function copyright(project: string, { list }: Licences): Promise<string> {
  const own = await readFile(join(project, 'LICENSE'), 'utf8')
  return `as2fs is under this licence:\n\n${own}
With it come these, whose licences are in licences.gz beside this file; on Debian systems the Apache
License 2.0 is /usr/share/common-licenses/Apache-2.0 as well:\n\n${list}`
}

function nameOf({ name, version, licence }: Part): string {
  return `${name} ${version} (${licence})`
}

/** Of npm's packages, the innermost one where one is within another. */
function foldersOf(files: readonly string[]): string[] {
  const folders = files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? [])
  return [...new Set(folders)].sort()
}

async function partOf(folder: string): Promise<Part> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    readonly name: string
    readonly version: string
    readonly license?: string
  }
  if (license === undefined) throw new Error(`${name} does not say its licence`)
  const files = (await readdir(folder)).filter((it) => /^(licen[cs]e|notice|copying)/i.test(it)).sort()
  const texts = await Promise.all(files.map(async (file) => (await readFile(join(folder, file), 'utf8')).trim()))
  return { name, version, licence: license, text: texts.join('\n\n') }
}

/** Many have the same. */
function byText(parts: readonly Part[]): [names: string[], text: string][] {
  const found = new Map<string, string[]>()
  for (const part of parts) {
    const body = part.text === '' ? `No text of its own comes with it: its package says ${part.licence}.` : part.text
    found.set(body, [...(found.get(body) ?? []), nameOf(part)])
  }
  return [...found].map(([text, names]) => [names, text])
}
