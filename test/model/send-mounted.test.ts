/**
 * The model of `send/` against a real mount: real processes and system calls, a daemon that is killed, a network that fails.
 * AS2FS_SEED repeats a run's sequences, AS2FS_SECONDS asks for more of them.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Outcome } from './mounted-run.js'

const program = fileURLToPath(new URL('./mounted-run.js', import.meta.url))
const seed = Number(process.env.AS2FS_SEED ?? Date.now() % 1_000_000)
const seconds = Number(process.env.AS2FS_SECONDS ?? 25)
/** Beyond that: for chance to bring what must happen, or for a sequence that failed to become shorter. */
const more = 120
const fewest = 8

// Each has a mount of its own, and mostly waits: for processes, and for what is settling.
t.jobs = 2

const settles = { 'uploads that begin when they are told to': '1h', 'uploads that begin at once': '0' }
for (const [what, settle] of Object.entries(settles)) {
  t.test(`${what} (AS2FS_SEED=${seed})`, { timeout: (seconds + more) * 1_000 }, async (t) => {
    // By the channel it knows when this process ends, whatever ends it.
    const child = spawn(process.execPath, [program, settle, String(seed), String(seconds)], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    t.teardown(() => child.connected && child.disconnect())
    const exited = once(child, 'exit') as Promise<[number | null]>
    const [stdout, stderr, [code]] = await Promise.all([textOf(child.stdout), textOf(child.stderr), exited])
    t.equal(code, 0, stderr)
    const { count, tally, taken, missing, error } = JSON.parse(stdout) as Outcome
    t.comment(`${count} sequences:`, tally, `taken: ${taken}`)
    t.equal(error, undefined, stderr)
    t.ok(count >= fewest, `${count} sequences`)
    t.same(missing, [])
  })
}

async function textOf(stream: Readable | null): Promise<string> {
  return stream ? text(stream) : ''
}
