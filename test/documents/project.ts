/** What the project really has, for documents to be held against: files, names in the sources, options of the commands. */
import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { run, sh } from '../helpers/run.js'
import { root } from './document.js'

/** All files that are or will be in git, below the root. */
export async function projectFiles(): Promise<readonly string[]> {
  const files = await sh('git ls-files --cached --others --exclude-standard --deduplicate', { cwd: root })
  const deleted = new Set((await sh('git ls-files --deleted', { cwd: root })).split('\n'))
  return files.split('\n').filter((it) => it !== '' && !deleted.has(it))
}

/** Names that the TypeScript sources declare: whatever is at the top of a file, and members by what they belong to. */
export interface Declared {
  readonly names: ReadonlySet<string>
  /** `Class.member`; of interfaces and objects too. */
  readonly members: ReadonlySet<string>
}

export function declaredIn(files: readonly string[]): Declared {
  const names = new Set<string>()
  const members = new Set<string>()
  for (const file of files) {
    const source = ts.createSourceFile(file, readFileSync(`${root}${file}`, 'utf8'), ts.ScriptTarget.Latest)
    const visit = (node: ts.Node, owner: string | undefined): void => {
      const name = nameOf(node)
      if (name !== undefined) {
        if (owner === undefined) names.add(name)
        else members.add(`${owner}.${name.replace(/^#/, '')}`)
      }
      const inner = ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node) ? name : owner
      ts.forEachChild(node, (child) => visit(child, inner))
    }
    visit(source, undefined)
  }
  return { names, members }
}

function nameOf(node: ts.Node): string | undefined {
  if (ts.isVariableDeclaration(node) || ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node))
    return node.name && 'text' in node.name ? node.name.text : undefined
  if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return node.name.text
  if (ts.isClassElement(node) || ts.isTypeElement(node) || ts.isParameter(node) || ts.isPropertyAssignment(node))
    return node.name && 'text' in node.name ? node.name.text : undefined
  return undefined
}

/** Every `--option` of the commands whose `--help` is asked, and every short one. */
export async function optionsOf(commands: readonly (readonly [string, ...string[]])[]): Promise<ReadonlySet<string>> {
  const helps = await Promise.all(
    commands.map(([program, ...args]) => run(program, [...args, '--help'], { cwd: root })),
  )
  const options = helps.flatMap(({ stdout }) => [...stdout.matchAll(/(?<![\w-])--?[a-z][a-z-]*/g)].map((it) => it[0]))
  return new Set(options)
}
