/** Runs `as2fs doctor` for a test, against a bucket that is well if nothing else is said. */
import { mkdir, mkdtemp, chmod, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { parseCommandLine } from '../../src/cli/arguments.js'
import { verdictOf } from '../../src/cli/doctor-text.js'
import { mountConfig } from '../../src/cli/mount-config.js'
import { flagsOf } from '../../src/cli/mount-words.js'
import { doctorCommand } from '../../src/cli/words/doctor.js'
import { allChecks } from '../../src/doctor/all-checks.js'
import type { Mark, Result } from '../../src/doctor/check.js'
import { runChecks } from '../../src/doctor/run-checks.js'
import { openLog } from '../../src/telemetry/log.js'
import { startS3Server, type S3Server } from '../../src/demo/s3/server.js'
import { startFaultProxy, type FaultProxy } from './fault-proxy.js'
import { as2fs, credentials } from './mounted.js'
import { run } from './run.js'
import type { Clock } from '../../src/telemetry/clock.js'

interface DoctorReport {
  readonly works: boolean
  readonly verdict: string
  readonly checks: readonly Result[]
}

export interface Diagnosis {
  readonly code: number | null
  readonly report: DoctorReport
  /** What a line says, all its findings together. */
  readonly text: (name: string) => string
  /** The worst of a line. */
  readonly mark: (name: string) => Mark | undefined
}

export interface Patient {
  readonly directory: string
  readonly mountpoint: string
  readonly stateDirectory: string
  readonly server: S3Server
  /** Before the server. */
  readonly proxy: FaultProxy
  /** Bucket, mountpoint and the options of a mount that would work. */
  readonly args: readonly string[]
}

const bucket = 'mftg-test'
const keys = { AWS_ACCESS_KEY_ID: credentials.accessKey, AWS_SECRET_ACCESS_KEY: credentials.secretKey }
/** What this machine may have for its own ways to servers. */
const others = ['AWS_CA_BUNDLE', 'AWS_ENDPOINT_URL', 'AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE']
const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap((it) => [it, it.toLowerCase()])
const inbox = 'AS2/files/ACME/GLOBEX/inbox/7207841093900001/order.edi'
const severity: readonly Mark[] = ['ok', 'skipped', 'warning', 'failure']

/** What takes long on a machine that is loaded is no fault of the bucket's. */
const loaded = { limit: 30_000, overall: 60_000, grace: 5_000 }

/** For the process of a test: the keys of its bucket, and nothing that leads elsewhere. */
export function ownEnvironment(): void {
  for (const name of [...others, ...proxies]) Reflect.deleteProperty(process.env, name)
  Object.assign(process.env, keys)
}

/** A mount that would work. */
export async function patient(t: Test, options: { readonly clock?: Clock } = {}): Promise<Patient> {
  const directory = await mkdtemp(join(tmpdir(), 'as2fs-doctor-'))
  await chmod(directory, 0o755)
  const [mountpoint, stateDirectory] = [join(directory, 'mnt'), join(directory, 'state')]
  await mkdir(mountpoint)
  const server = await startS3Server({ ...credentials, bucket, ...options })
  server.put(inbox, Buffer.from('ISA*00*'))
  const proxy = await startFaultProxy(server.endpoint)
  t.teardown(async () => {
    await proxy.close()
    await server.close()
    await rm(directory, { recursive: true, force: true })
  })
  const args = [bucket, mountpoint, '--endpoint', proxy.endpoint, '--state-dir', stateDirectory]
  return { directory, mountpoint, stateDirectory, server, proxy, args }
}

/** In this process, which has the keys in its environment; other mounts of this machine are not looked at. */
export async function examine(args: readonly string[]): Promise<Diagnosis> {
  const line = parseCommandLine(['doctor', ...args], [doctorCommand])
  if (line.kind !== 'run') throw new Error('that is no command')
  const [named, mountpoint] = line.typed.positionals
  const config = await mountConfig({ bucket: named, mountpoint, flags: flagsOf(line.typed) }, process.env, '/')
  const { log } = await openLog({ level: 'silent', file: undefined, style: 'json' })
  const surroundings = { findMounts: async () => [], now: () => Date.now(), log }
  const { checks, close } = await allChecks({ kind: 'mount', config, mountpoint, file: undefined }, surroundings)
  const { signal: interrupt } = new AbortController()
  const results = await runChecks(checks, { ...loaded, onResult: () => undefined, interrupt })
  close()
  const { works, text: verdict } = verdictOf(results, true)
  return diagnosisOf(works ? 0 : 1, { works, verdict, checks: results })
}

export interface DoctorOptions {
  readonly env?: NodeJS.ProcessEnv
  /** Program and arguments that start it in turn, e.g. setpriv as another user. */
  readonly launcher?: readonly string[]
}

/** In a process of its own. What other mounts of this machine are like is left out, for they come and go. */
export async function diagnose(args: readonly string[], options: DoctorOptions = {}): Promise<Diagnosis> {
  const words = [...(options.launcher ?? []), process.execPath, as2fs, 'doctor', ...args, '--json']
  const [command = '', ...rest] = words
  const { code, stdout, stderr } = await run(command, rest, { env: { ...process.env, ...options.env } })
  if (stderr !== '') throw new Error(stderr)
  const report = JSON.parse(stdout) as DoctorReport
  return diagnosisOf(code, { ...report, checks: report.checks.filter(({ name }) => name !== 'mounts') })
}

function diagnosisOf(code: number | null, report: DoctorReport): Diagnosis {
  const of = (name: string) => report.checks.filter((it) => it.name === name)
  return {
    code,
    report,
    text: (name) =>
      of(name)
        .map((it) => it.text)
        .join('\n'),
    mark: (name) =>
      of(name)
        .map((it) => it.mark)
        .sort((a, b) => severity.indexOf(b) - severity.indexOf(a))[0],
  }
}

/** One line has its fault, says so, and decides whether a mount would work. */
export function found(
  t: Test,
  { code, text, mark, report }: Diagnosis,
  name: string,
  expected: 'failure' | 'warning',
  sentence: RegExp,
): void {
  t.match({ mark: mark(name), text: text(name) }, { mark: expected, text: sentence })
  t.equal(code, expected === 'failure' ? 1 : 0, report.verdict)
  const others = report.checks.filter((it) => it.name !== name && it.mark === 'failure')
  t.same(others, [], 'nothing else is blamed')
}
