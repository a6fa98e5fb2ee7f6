/**
 * Objects, read on connections of our own: the SDK takes ten times the CPU time for one. It stays the judge: the first object is
 * asked of it, and whatever is answered with anything but an object, whole and as it was asked for, is asked of it once more.
 */
import type { S3Client } from '@aws-sdk/client-s3'
import type { CancelSignal } from '../../cancellation.js'
import { acceptObject } from '../acceptable.js'
import { noteDate } from '../answer-dates.js'
import type { BucketClock } from '../bucket-clock.js'
import type { Credentials } from '../credentials.js'
import type { Network } from '../network.js'
import type { RequestCounter } from '../request-counter.js'
import { systemClock } from '../../telemetry/clock.js'
import type { Milliseconds } from '../../units.js'
import type { GetRequest } from '../store.js'
import type { TimesOfVersions } from '../times-of-versions.js'
import { version } from '../../version.js'
import { isAsToldBy } from './checksums.js'
import type { Answer, Question } from './connection.js'
import { Connections } from './connections.js'
import type { Server } from '../proxies.js'
import { Signer } from './signature.js'
import { encodedKey, watchTargets, type Target } from './target.js'
import { Reliance } from './reliance.js'

export interface LeanGetsOptions {
  readonly client: S3Client
  readonly network: Network
  readonly requests: RequestCounter | undefined
  readonly bucketClock: BucketClock | undefined
  /** The SDK's, too. */
  readonly times: TimesOfVersions
}

/** Where to ask now, and with what. */
interface Way {
  readonly target: Target
  readonly connections: Connections
  readonly signer: Signer
}

interface Asking extends Pick<Question, 'signal' | 'heard'> {
  readonly credentials: Credentials
}

/** Who was not answered within this time may be somebody whom a filter does not like; readers are ended sooner, or later. */
const silence: Milliseconds = 1_000

/** What a header may hold as it is. */
const plainEtag = /^[\x21\x23-\x7e]*$/

export class LeanGets {
  readonly #options: LeanGetsOptions
  /** As the SDK went last. */
  #target: Target | undefined
  #way: Way | undefined
  readonly #reliance = new Reliance(systemClock)

  constructor(options: LeanGetsOptions) {
    this.#options = options
    watchTargets(options.client, (target) => this.#learn(target))
  }

  /**
   * @param heard called when something comes
   * @returns undefined: the SDK is to be asked
   */
  async get(request: GetRequest, signal: CancelSignal, heard: Question['heard']): Promise<Uint8Array | undefined> {
    const way = this.#way
    if (!way || !this.#reliance.isGiven || !isPlain(request)) return undefined
    const credentials = await this.#credentials()
    // That all connections are taken says nothing of the server.
    if (!credentials || !way.connections.areFree) return undefined
    const since = systemClock.monotonic()
    const answer = await this.#asked(way, request, { credentials, signal, heard })
    // That is told, and whatever it means, by the SDK.
    if (typeof answer === 'number') return undefined
    const isGood = answer !== undefined && (await this.#isGood(request, answer))
    const isSilent = signal.aborted && systemClock.monotonic() - since >= silence
    if (isSilent) way.connections.closeIdle()
    // Who gave up at once does not know.
    if (isGood || !signal.aborted || isSilent)
      this.#reliance.note(isGood ? 'usual' : isSilent ? 'silent' : 'unusual', since)
    return isGood ? answer.body : undefined
  }

  close(): void {
    this.#way?.connections.close()
    this.#way = undefined
  }

  async #asked(
    { target, connections, signer }: Way,
    request: GetRequest,
    { credentials, signal, heard }: Asking,
  ): Promise<Answer | number | undefined> {
    const { client, requests, bucketClock, times } = this.#options
    const path = target.before + encodedKey(request.key)
    const headers = signer.signed(
      { path, headers: { host: target.host, ...headersFor(request) } },
      credentials,
      systemClock.now() + client.config.systemClockOffset,
    )
    let lines = ''
    for (const name in headers) lines += `${name}: ${headers[name] ?? ''}\r\n`
    const sentAt = bucketClock?.monotonic() ?? 0
    const ended = requests?.begin('get')
    const watch = { isAnswered: false }
    const answer = await connections.ask({
      request: `GET ${path} HTTP/1.1\r\nuser-agent: as2fs/${version}\r\n${lines}\r\n`,
      bodyFor: (head) => memoryFor(acceptObject(head, request, times).limit, head.length, request.into),
      heard: (bytes) => {
        watch.isAnswered = true
        heard(bytes)
      },
      signal,
    })
    const status = typeof answer === 'object' ? answer.head.statusCode : answer
    ended?.(status === undefined ? (signal.aborted ? 'given-up' : 'other') : String(status), watch.isAnswered)
    if (typeof answer === 'object') noteDate(bucketClock, answer.head.headers, sentAt)
    return answer
  }

  async #isGood({ range }: GetRequest, { head, body }: Answer): Promise<boolean> {
    return range !== undefined || (await isAsToldBy(head.headers, body))
  }

  async #credentials(): Promise<Credentials | undefined> {
    try {
      // The SDK's: it knows when they are to be renewed.
      return await this.#options.client.config.credentials()
    } catch {
      return undefined
    }
  }

  #learn(target: Target): void {
    this.#reliance.give()
    const known = this.#target
    if (known && JSON.stringify(known) === JSON.stringify(target)) return
    this.close()
    this.#target = target
    if (!isDirect(this.#options.network, target.server)) return
    const connections = new Connections(target.server, this.#options.network)
    this.#way = { target, connections, signer: new Signer(target.region) }
  }
}

function isPlain({ key, etag = '' }: GetRequest): boolean {
  // Half a pair of UTF-16 has no encoding.
  return plainEtag.test(etag) && !/\p{Cs}/u.test(key)
}

/** A proxy is the business of the SDK's agents. */
function isDirect({ proxies }: Network, server: Server): boolean {
  try {
    return proxies.for(server) === undefined
  } catch {
    return false
  }
}

function headersFor({ range, etag = '' }: GetRequest): Readonly<Record<string, string>> {
  return {
    ...(etag === '' ? {} : { 'if-match': `"${etag}"` }),
    // Of a part of an object there is no checksum to verify.
    ...(range ? { range: `bytes=${range.start}-${range.end - 1}` } : { 'x-amz-checksum-mode': 'ENABLED' }),
  }
}

function memoryFor(limit: number, length: number, into: Uint8Array | undefined): Uint8Array {
  if (length > limit) throw new Error('more is announced than there is')
  return into?.length === length ? into : Buffer.allocUnsafeSlow(length)
}
