/**
 * Makes one program of ours and npm's modules, in the places of `dist/src`: what a command needs is in few files and starts fast. A daemon
 * reads none of them once it runs: an upgrade replaces them beneath it.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { build, transform, type BuildOptions, type Plugin } from 'esbuild'
import { stampLength } from './loader.js'

export interface BundleOptions {
  /** The project's folder, compiled. */
  readonly project: string
  /** Where its `dist` is to be. */
  readonly target: string
  /** What the program says of itself. */
  readonly version: string
}

/** @returns the files that are in it, from the project's folder on */
export async function bundle({ project, target, version }: BundleOptions): Promise<readonly string[]> {
  const source = join(project, 'dist/src')
  const { metafile, outputFiles } = await build({
    ...shared,
    absWorkingDir: project,
    entryPoints: { 'cli/main': join(source, 'cli/main.js'), 'cli/io': join(source, 'cli/io.js') },
    outdir: join(target, 'dist/src'),
    // As deep as every room, so that native/ is found from there, too.
    chunkNames: 'parts/[name]-[hash]',
    splitting: true,
    write: false,
    metafile: true,
    plugins: [
      versioned(version),
      withoutStockBinding(source),
      withoutHttp2,
      withParserAlone(project),
      withThreads,
      loadedWhole(join(source, 'cli')),
    ],
  })
  for (const { path, text } of outputFiles) await write(path, stamped(await asCommonJs(text)))
  const loader = await readFile(join(project, 'dist/scripts/packaging/loader.js'), 'utf8')
  await write(join(target, 'bin/loader.js'), await asCommonJs(loader))
  // It is read when a daemon starts, from beside the file that does so.
  const page = join(source, 'http/page')
  if (existsSync(page)) await cp(page, join(target, 'dist/src/parts/page'), { recursive: true })
  return Object.keys(metafile.inputs)
}

const shared: BuildOptions = {
  bundle: true,
  // Only modules can be split.
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // The other is npm's for proxies that want Kerberos, compiled where it is installed: it is asked for where one is met, and missed there.
  external: ['*.node', 'kerberos'],
  define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' },
  // They are in the file of licences.
  legalComments: 'none',
  logLevel: 'warning',
}

/**
 * As modules their files would be looked for and read one by one, and who imports one of Node's own modules waits for all that this could give: for
 * node:http that is fetch and WebSocket, as long as a command takes for all else.
 */
async function asCommonJs(text: string): Promise<string> {
  const { code } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    supported: { 'dynamic-import': false },
    // Without comments, that is, which may have any character; what tells of a failure shows names and lines all the same.
    minifyWhitespace: true,
    lineLimit: 120,
    define: { 'import.meta.url': 'ownUrl', 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
  })
  if (/[^\x00-\x7f]/.test(code)) {
    throw new Error('The loader reads one byte for each character, and here is one that has more.')
  }
  return code.includes('ownUrl') ? `const ownUrl = require('node:url').pathToFileURL(__filename).href;\n${code}` : code
}

/** A file whose end says what is in it. @see stampLength */
export function stamped(text: string): string {
  return `${text}//${createHash('sha256').update(text).digest('hex').slice(0, stampLength)}`
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}

const lazy = /\bimport\((['"][^'"]+['"])\)/g
const thread = /new URL\((['"])([\w-]+\.js)\1, import\.meta\.url\)/g

/** What is loaded only when it is needed stays lazy, but in the file of whoever needs it; the commands alone have files of their own. */
function loadedWhole(commands: string): Plugin {
  return {
    name: 'loaded-whole',
    setup: (made) => {
      made.onLoad({ filter: /\.m?js$/ }, async ({ path }) => {
        if (dirname(path).startsWith(commands)) return undefined
        const text = await readFile(path, 'utf8')
        return { contents: text.replaceAll(lazy, 'Promise.resolve().then(() => require($1))'), loader: 'js' }
      })
    },
  }
}

/** Of yargs the parser is all that is used, and the only part that has no tables of characters to load, which take a quarter of a command's time. */
function withParserAlone(project: string): Plugin {
  return {
    name: 'with-parser-alone',
    setup: (made) => {
      made.onResolve({ filter: /^yargs\/helpers$/ }, () => ({ path: 'yargs/helpers', namespace: 'parser' }))
      made.onLoad({ filter: /.*/, namespace: 'parser' }, () => ({
        contents: "export { default as Parser } from 'yargs-parser'",
        resolveDir: join(project, 'node_modules/yargs'),
      }))
    },
  }
}

/** The SDK's handler for HTTP/2, which S3 does not speak, comes with the one that is used. */
const withoutHttp2: Plugin = {
  name: 'without-http2',
  setup: (made) => {
    made.onResolve({ filter: /^(node:)?http2$/ }, () => ({ path: 'http2', namespace: 'without-http2' }))
    made.onLoad({ filter: /.*/, namespace: 'without-http2' }, () => ({
      contents: 'exports.constants = {}',
      loader: 'js',
    }))
  },
}

/** A package may have a version of its own. */
function versioned(version: string): Plugin {
  return {
    name: 'versioned',
    setup: (made) => {
      made.onLoad({ filter: /dist\/package\.json$/ }, () => ({ contents: JSON.stringify({ version }), loader: 'json' }))
    },
  }
}

/** Programs of threads, which are found by their URL, are in it as text. */
const withThreads: Plugin = {
  name: 'with-threads',
  setup: (made) => {
    made.onLoad({ filter: /process-readers\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const names = [...text.matchAll(thread)].map(([, , name = '']) => name)
      if (names.length === 0) throw new Error(`${basename(path)} starts no thread of its own any more`)
      const programs = new Map(
        await Promise.all(names.map(async (name) => [name, await dataUrl(join(dirname(path), name))] as const)),
      )
      const contents = text.replaceAll(thread, (_, _quote, name: string) => `new URL('${programs.get(name) ?? ''}')`)
      return { contents, loader: 'js' }
    })
  },
}

async function dataUrl(entry: string): Promise<string> {
  const { outputFiles } = await build({ ...shared, entryPoints: [entry], write: false })
  const [file] = outputFiles
  if (!file) throw new Error(`nothing came of ${entry}`)
  return `data:text/javascript;base64,${Buffer.from(file.contents).toString('base64')}`
}

/** The package has the compiled binding, which needs no library; where that can't be loaded, the sentence says why. */
function withoutStockBinding(source: string): Plugin {
  const contents = `
    import { whyNotCompiled } from ${JSON.stringify(join(source, 'binding/load.js'))}
    throw new Error('its binding does not work here: ' + whyNotCompiled)
    export default undefined`
  return {
    name: 'without-stock-binding',
    setup: (made) => {
      made.onResolve({ filter: /^fuse-native$/ }, () => ({ path: 'fuse-native', namespace: 'without' }))
      made.onLoad({ filter: /.*/, namespace: 'without' }, () => ({ contents, loader: 'js', resolveDir: source }))
    },
  }
}
