/** What of a package is made by a program: `main.js ROOT VERSION LICENCE_OF_NODE MAINTAINER`, for `scripts/package`. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from './bundle.js'
import { copyright, licences } from './licences.js'
import { manPage } from './man-page.js'
import { bashCompletion } from '../../src/cli/completion/bash.js'
import { fishCompletion } from '../../src/cli/completion/fish.js'
import { zshCompletion } from '../../src/cli/completion/zsh.js'
import { commands } from '../../src/cli/commands.js'

const project = fileURLToPath(new URL('../../../', import.meta.url))
const [root = '', version = '', nodeLicence = '', maintainer = ''] = process.argv.slice(2)

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), text)
}

const files = await bundle({ project, target: join(root, 'usr/lib/as2fs'), version })
await write('usr/lib/as2fs/package.json', `${JSON.stringify({ name: 'as2fs', version, type: 'module' })}\n`)
const found = await licences(project, files, await readFile(nodeLicence, 'utf8'))
await write('usr/share/doc/as2fs/licences', found.texts)
await write('usr/share/doc/as2fs/copyright', await copyright(project, found))

const at = new Date(Number(process.env.SOURCE_DATE_EPOCH ?? Date.now() / 1000) * 1000)
await write('usr/share/man/man1/as2fs.1', manPage(commands, version, at.toISOString().slice(0, 10)))
await write('usr/share/bash-completion/completions/as2fs', bashCompletion(commands))
await write('usr/share/zsh/vendor-completions/_as2fs', zshCompletion(commands))
await write('usr/share/fish/vendor_completions.d/as2fs.fish', fishCompletion(commands))

// Debian's form; what has changed is beside it.
const time = at.toUTCString().replace('GMT', '+0000')
await write(
  'usr/share/doc/as2fs/changelog',
  `as2fs (${version}) stable; urgency=medium\n\n  * See CHANGELOG.md.gz.\n\n -- ${maintainer}  ${time}\n`,
)
