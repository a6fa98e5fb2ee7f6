/** What documents name is there: files, folders, names in the sources, options, scripts, errors. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { constants } from 'node:os'
import t from 'tap'
import { optionNames } from '../../src/cli/options.js'
import { anchorsOf, type ProjectDocument, readDocument, root, sectionOf } from './document.js'
import { declaredIn, optionsOf, projectFiles } from './project.js'

const files = await projectFiles()
const forUsers = ['README.md', 'SEMANTICS.md', 'docs/options.md'].map(readDocument)
const forDevelopers = ['ARCHITECTURE.md', 'CONTRIBUTING.md'].map(readDocument)
const unreleased = sectionOf(readDocument('CHANGELOG.md'), 'Unreleased')
const documents = [
  ...forUsers,
  ...forDevelopers,
  unreleased,
  ...files.filter((it) => /^docs\/.*\.md$/.test(it)).map(readDocument),
]

const isSource = (path: string): boolean => /\.(ts|js|c|h|cjs|md|gyp|py)$/.test(path)
const inProject = /^(src|test|native|scripts|docs|bin)\//

/** The files that a path may mean: it is one from the root, or the end of some. */
function meant(path: string): readonly string[] {
  for (const it of [path, `src/${path}`]) if (files.includes(it)) return [it]
  return files.filter((it) => it.endsWith(`/${path}`))
}

function isFolder(path: string): boolean {
  return [path, `src/${path}`].some((it) => existsSync(join(root, it)) && statSync(join(root, it)).isDirectory())
}

/** Programs and files that stand in blocks of commands; what is compiled is told by its source. */
function inBlocks({ blocks }: ProjectDocument): string[] {
  const words = blocks.flatMap(({ text }) => text.split(/[\s'"=;|&()]+/))
  return words
    .map((it) => it.replace(/[,;]$/, '').replace(/^dist\/(.*)\.js$/, '$1.ts'))
    .filter((it) => inProject.test(it))
}

t.test('a file that a document names is one of the project, and only one', (t) => {
  for (const document of documents) {
    const words = document.spans.flatMap((it) => it.split(' '))
    const named = words
      .map((it) => it.replace(/[,;]$/, '').replace(/^dist\/(.*)\.js$/, '$1.ts'))
      .filter((it) => !it.endsWith('/'))
    for (const path of named.filter((it) => isSource(it) || inProject.test(it))) {
      if (/[*…<]/.test(path)) continue
      t.same(meant(path).length, 1, `${document.name}: ${path} is ${meant(path).join(', ') || 'not there'}`)
    }
    for (const path of inBlocks(document)) t.ok(existsSync(join(root, path)), `${document.name}: ${path}`)
  }
  t.end()
})

t.test('a folder that is named to developers is there', (t) => {
  const ofMounts = /^(\.as2fs|AS2|inbox|new|delivery)\//
  for (const { name, spans } of forDevelopers) {
    for (const path of spans.filter((it) => /^[\w./-]+\/$/.test(it) && !ofMounts.test(it)))
      t.ok(isFolder(path), `${name}: ${path}`)
  }
  t.end()
})

t.test('a link leads somewhere', (t) => {
  for (const document of documents) {
    for (const link of document.links.filter((it) => !/^https?:/.test(it))) {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? document.name : normalize(join(dirname(document.name), path))
      t.ok(existsSync(join(root, target)), `${document.name}: ${link}`)
      if (anchor !== undefined) t.ok(anchorsOf(readDocument(target)).includes(anchor), `${document.name}: ${link}`)
    }
  }
  t.end()
})

t.test('a name of the code that is told to developers is in the sources', (t) => {
  const { names, members } = declaredIn(files.filter((it) => /^(src|test)\/.*\.ts$/.test(it)))
  const memberNames = new Set([...members].map((it) => it.slice(it.indexOf('.') + 1)))
  const native = files.filter((it) => /^native\/.*\.[ch]$/.test(it)).map((it) => readFileSync(join(root, it), 'utf8'))
  for (const { name, spans } of forDevelopers) {
    for (const span of spans.map((it) => it.replace(/\(.*\)$/, '()'))) {
      const says = `${name}: ${span}`
      const [owner = '', member] = span.replace('()', '').split('.')
      if (/^[A-Z]\w*[a-z]\w*\.[a-z]\w*(\(\))?$/.test(span)) t.ok(members.has(`${owner}.${member ?? ''}`), says)
      else if (/^([A-Z]\w*[a-z]\w*|[a-z]+[A-Z]\w*(\(\))?|[a-z]\w*\(\))$/.test(span))
        t.ok(names.has(owner) || memberNames.has(owner) || owner in globalThis, says)
      else if (/^[a-z]+(_[a-z]+)+$/.test(span))
        t.ok(
          native.some((it) => it.includes(span)),
          says,
        )
    }
  }
  t.end()
})

t.test('docs/options.md has all options of a mount; an option that a document has is one of a command', async (t) => {
  const guide = readDocument('docs/options.md')
  const rows = guide.text.split('\n').filter((it) => it.startsWith('| `'))
  const inTable = rows.flatMap((it) =>
    [...(it.split(' | ')[0] ?? '').matchAll(/--([a-z-]+)/g)].map((found) => found[1]),
  )
  t.same(
    inTable.filter((it, i) => inTable.indexOf(it) !== i),
    [],
    'each once',
  )
  const elsewhere = ['config']
  t.same(new Set([...inTable, ...elsewhere]), new Set(optionNames))
  t.match(guide.text, '`--config`')

  const ours = ['--help', 'mount', 'umount', 'status', 'queue', 'info', 'new', 'deliveries', 'events', 'demo'].map(
    (it) => ['bin/as2fs', it] as const,
  )
  const scripts = ['benchmark', 'soaking'].map((it) => [process.execPath, `dist/scripts/${it}/main.js`] as const)
  const known = await optionsOf([...ours, ...scripts])
  for (const { name, spans } of [...forUsers, unreleased]) {
    for (const option of spans.join(' ').match(/(?<![\w-])--[a-z][a-z-]+/g) ?? [])
      t.ok(known.has(option), `${name}: ${option}`)
  }
})

t.test('an npm script that a document has is one', (t) => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  for (const { name, text } of documents) {
    for (const [, script = ''] of text.matchAll(/npm run ([\w-]+)/g))
      t.ok(script in scripts, `${name}: npm run ${script}`)
  }
  t.end()
})

/** What the kernel says by itself: of mmap(2), where a file can't be mapped as shared. */
const ofTheKernel = ['ENODEV']

t.test('an error that is told to users is one that the filesystem has', (t) => {
  const source = readFileSync(join(root, 'src/errors.ts'), 'utf8')
  const codes = [...source.matchAll(/^ {2}\| '(E[A-Z]+)'$/gm)].map((it) => it[1] ?? '')
  t.ok(codes.length > 20)
  // One errno may have two names: ENOTSUP and EOPNOTSUPP.
  const numbers = new Set([...codes, ...ofTheKernel].map(errnoOf))
  for (const { name, text } of [...forUsers, unreleased]) {
    for (const [code] of text.matchAll(/\bE[A-Z]{3,}\b/g)) {
      const number = errnoOf(code)
      if (number !== undefined) t.ok(numbers.has(number), `${name}: ${code}`)
    }
  }
  t.end()
})

function errnoOf(code: string): number | undefined {
  return (constants.errno as Readonly<Record<string, number>>)[code]
}
