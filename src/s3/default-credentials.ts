/** Credentials from the SDK's default chain: environment, shared config files, SSO, processes, container and machine roles. */
import { inTime, late } from '../patience.js'
import { fromNodeProviderChain } from '@aws-sdk/credential-providers'
import { externalDataInterceptor } from '@smithy/core/config'
import type { NodeHttpHandler } from '@smithy/node-http-handler'
import { exec } from 'node:child_process'
import { promisify } from 'node:util'
import type { Clock } from '../telemetry/clock.js'
import type { Milliseconds } from '../units.js'
import { credentialSentence } from './credential-failure.js'
import { originOf } from './credential-origin.js'
import { recheck, sdkMargin, type Credentials, type CredentialSource } from './credentials.js'
import { StoreError } from './store-error.js'

export interface DefaultCredentialsOptions {
  /** `--profile` */
  readonly profile: string | undefined
  /** How long a request waits for them: a part of `--op-timeout`. */
  readonly patience: Milliseconds
  /** How long they are fetched at most, whoever waits; then they are asked for anew. */
  readonly fetchWithin?: Milliseconds
  /** How STS and SSO are reached; the SDK's own way by default. */
  readonly handler?: NodeHttpHandler
  readonly clock: Pick<Clock, 'monotonic'>
}

/** A `credential_process` that takes longer is ended, so that another may be tried. */
const processWithin: Milliseconds = 60_000
/** And all that they are asked of: a server may answer without end. */
const defaultFetchWithin: Milliseconds = 90_000
/** What failed is not tried again at once, however many ask. */
const pauseAfterFailure: Milliseconds = 2_000

export function defaultCredentials(options: DefaultCredentialsOptions): CredentialSource {
  return new DefaultCredentials(options)
}

type Chain = ReturnType<typeof fromNodeProviderChain>

/** Named as what else comes too late. */
class LateCredentials extends Error {
  override readonly name = 'TimeoutError'
}

class DefaultCredentials implements CredentialSource {
  readonly #options: DefaultCredentialsOptions
  #reasons: string[] = []
  #chain: Chain
  /** One at a time, whoever waits. */
  #underWay: { readonly fetched: Promise<Credentials>; readonly since: Milliseconds } | undefined
  #failed: { readonly error: StoreError; readonly at: Milliseconds } | undefined
  #refusedAt: Milliseconds = -Infinity

  constructor(options: DefaultCredentialsOptions) {
    boundProcesses()
    this.#options = options
    this.#chain = this.#newChain()
  }

  async get(): Promise<Credentials> {
    const failed = this.#failed
    if (failed && this.#options.clock.monotonic() - failed.at < pauseAfterFailure) throw failed.error
    this.#underWay ??= { fetched: this.#fetch(), since: this.#options.clock.monotonic() }
    const { fetched, since } = this.#underWay
    // Who comes late to one that hangs waits no longer than the first.
    const rest = Math.max(0, since + this.#options.patience - this.#options.clock.monotonic())
    const found = await inTime(fetched, rest)
    if (found !== late) return found
    throw this.#failure('Late', 'The credentials do not come: a credential_process or a server for them hangs.')
  }

  refused(): void {
    if (this.#options.clock.monotonic() - this.#refusedAt < recheck) return
    this.#refusedAt = this.#options.clock.monotonic()
    this.#chain = this.#newChain()
  }

  async #fetch(): Promise<Credentials> {
    this.#reasons = []
    const profile = this.#options.profile ?? process.env.AWS_PROFILE
    try {
      const found = await inTime(this.#chain(), this.#options.fetchWithin ?? defaultFetchWithin)
      if (found === late) {
        this.#chain = this.#newChain()
        throw new LateCredentials('they did not come in time')
      }
      this.#failed = undefined
      // Keys without an expiry come from a file or the environment: look again, they may have been rotated.
      const expiration = found.expiration ?? new Date(Date.now() + sdkMargin + recheck)
      return { ...found, expiration, from: originOf(found, profile) }
    } catch (cause) {
      const sentence = credentialSentence({ error: cause, reasons: this.#reasons, profile, env: process.env })
      const error = this.#failure(cause instanceof Error ? cause.name : 'Unknown', sentence)
      this.#failed = { error, at: this.#options.clock.monotonic() }
      throw error
    } finally {
      this.#underWay = undefined
    }
  }

  /** Without the cause: what a process has printed is in it. */
  #failure(code: string, sentence: string): StoreError {
    return new StoreError('EIO', 'credentials', code, sentence)
  }

  #newChain(): Chain {
    const { profile, handler } = this.#options
    const none = (): void => undefined
    // The SDK tells nobody else why a source gave nothing.
    const debug = (line: string): void => {
      const reason = /^@smithy\/property-provider (?:->|\(!\)) (.*)/s.exec(line)?.[1]
      if (reason !== undefined) this.#reasons.push(reason)
    }
    return fromNodeProviderChain({
      ignoreCache: true,
      logger: { debug, info: none, warn: none, error: none },
      ...(profile === undefined ? {} : { profile }),
      ...(handler && { clientConfig: { requestHandler: handler } }),
    })
  }
}

/** The SDK waits for a process without end; this is the place that it leaves for another way to start one. */
function boundProcesses(): void {
  const bounded = promisify(exec)
  const start = (command: string): ReturnType<typeof bounded> =>
    bounded(command, { timeout: processWithin, killSignal: 'SIGKILL' })
  externalDataInterceptor.getTokenRecord().exec = Object.assign(() => undefined, { [promisify.custom]: start })
}
