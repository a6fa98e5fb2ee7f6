/** Runs real programs, without blocking the process in which the S3 server of the test lives. */
import { spawn } from 'node:child_process'

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly uid?: number
  readonly gid?: number
  readonly input?: string
}

/** Runs a program to its end; never throws for its exit code. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      uid: options.uid,
      gid: options.gid,
      stdio: 'pipe',
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.input ?? '')
  })
}

/** Runs a shell command that must succeed. @returns its standard output */
export async function sh(command: string, options: RunOptions = {}): Promise<string> {
  const outcome = await run('sh', ['-c', command], options)
  if (outcome.code !== 0) throw new Error(`${command}: exit ${outcome.code ?? 'by signal'}: ${outcome.stderr}`)
  return outcome.stdout
}
