/** Small C programs for what no other language does: compiled when a test asks for them. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { run } from './run.js'

/** @returns the program's path; it goes with the test */
export async function compiled(t: Test, source: string): Promise<string> {
  const program = join(t.testdir(), source.replace(/\.c$/, ''))
  const file = fileURLToPath(new URL(`../../../test/helpers/${source}`, import.meta.url))
  const { code, stderr } = await run('gcc', ['-O1', '-Wall', '-pthread', '-o', program, file])
  if (code !== 0) throw new Error(`${source} can't be compiled (apt-get install gcc): ${stderr}`)
  return program
}
