/** A command's surroundings for a test: what it prints is kept. */
import type { Io } from '../../src/cli/io.js'

export class TextIo implements Io {
  readonly env: Readonly<NodeJS.ProcessEnv>
  readonly cwd: string
  readonly columns = undefined
  readonly isTerminal: boolean
  readonly isJournal: boolean
  readonly program: Io['program']
  stdout = ''
  stderr = ''

  constructor(given: Partial<Pick<Io, 'env' | 'cwd' | 'program' | 'isTerminal' | 'isJournal'>> = {}) {
    const { env = {}, cwd = '/', program = ['/bin/false'], isTerminal = false, isJournal = false } = given
    this.isTerminal = isTerminal
    this.isJournal = isJournal
    this.env = env
    this.cwd = cwd
    this.program = program
  }

  out(text: string): void {
    this.stdout += text
  }

  err(text: string): void {
    this.stderr += text
  }

  written(): Promise<void> {
    return Promise.resolve()
  }

  whenUnread(): void {
    // It is always read.
  }
}
