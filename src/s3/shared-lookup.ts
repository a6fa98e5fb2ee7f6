/**
 * Names to addresses, for all connections together: one look-up of a name at a time, however many wait. getaddrinfo(3) can't be
 * ended, and holds a thread for as long as a resolver is silent.
 */
import type { LookupAddress } from 'node:dns'
import { lookup as lookUp } from 'node:dns/promises'
import type { LookupFunction } from 'node:net'
import { codeOf } from '../errors.js'
import { inTime, late } from '../patience.js'
import type { Clock } from '../telemetry/clock.js'
import type { Milliseconds } from '../units.js'

/** Of `dns.lookup`, what tells one question from another. */
export interface Question {
  readonly family: number
  readonly hints: number
}
type Resolve = (name: string, question: Question) => Promise<readonly LookupAddress[]>

interface Name {
  underWay?: { readonly found: Promise<readonly LookupAddress[]>; readonly since: Milliseconds } | undefined
  failed?: { readonly error: NodeJS.ErrnoException; readonly at: Milliseconds } | undefined
  known?: { readonly addresses: readonly LookupAddress[]; readonly at: Milliseconds } | undefined
}

/** What failed is not asked again at once. */
const failureTtl: Milliseconds = 1_000
/** A resolver that takes longer is not waited for while an address is known. */
const patience: Milliseconds = 1_000
/** What was found is gone by for so long while the resolver does not answer. */
const knownFor: Milliseconds = 10 * 60_000
/** The resolver's own words for a name that is not there: any other failure says nothing of it. */
const absent = new Set(['ENOTFOUND', 'ENODATA'])

const system: Resolve = (name, question) => lookUp(name, { ...question, all: true })

export class SharedLookup {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #resolve: Resolve
  readonly #names = new Map<string, Name>()

  constructor(clock: Pick<Clock, 'monotonic'>, resolve: Resolve = system) {
    this.#clock = clock
    this.#resolve = resolve
  }

  /** To be given to an agent. */
  readonly lookup: LookupFunction = (name, { family, hints = 0, all = false }, callback) => {
    const asked = { family: family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : (family ?? 0), hints }
    this.addresses(name, asked).then(
      (found) => {
        const [first] = found
        if (all) callback(null, [...found])
        else callback(null, first?.address ?? '', first?.family)
      },
      (error: unknown) => callback(error as NodeJS.ErrnoException, []),
    )
  }

  /** @throws the resolver's error */
  async addresses(host: string, question: Question): Promise<readonly LookupAddress[]> {
    const key = `${host} ${question.family} ${question.hints}`
    const name = this.#names.get(key) ?? {}
    this.#names.set(key, name)
    const known = this.#fresh(name.known, knownFor)?.addresses
    const failed = this.#fresh(name.failed, failureTtl)
    if (failed) return known ?? raise(failed.error)
    const { found, since } = (name.underWay ??= {
      found: this.#ask(name, host, question),
      since: this.#clock.monotonic(),
    })
    if (!known) return found
    try {
      const inThat = await inTime(found, Math.max(0, since + patience - this.#clock.monotonic()))
      return inThat === late ? known : inThat
    } catch (error) {
      return absent.has(codeOf(error) ?? '') ? raise(error) : known
    }
  }

  async #ask(name: Name, host: string, question: Question): Promise<readonly LookupAddress[]> {
    try {
      const addresses = await this.#resolve(host, question)
      name.known = { addresses, at: this.#clock.monotonic() }
      name.failed = undefined
      return addresses
    } catch (error) {
      if (absent.has(codeOf(error) ?? '')) name.known = undefined
      name.failed = { error: error as NodeJS.ErrnoException, at: this.#clock.monotonic() }
      throw error
    } finally {
      name.underWay = undefined
    }
  }

  #fresh<T extends { readonly at: Milliseconds }>(it: T | undefined, ttl: Milliseconds): T | undefined {
    return it && this.#clock.monotonic() - it.at < ttl ? it : undefined
  }
}

function raise(error: unknown): never {
  throw error
}
