/** All that the demo needs beside a mount: a bucket in memory with a past, and a gateway that goes on. */
import { randomBytes, randomInt } from 'node:crypto'
import { systemClock } from '../telemetry/clock.js'
import type { Milliseconds } from '../units.js'
import type { Partner } from '../view/partner.js'
import { Gateway, type GatewayEvent } from './gateway.js'
import { startS3Server, type S3Server } from './s3/server.js'
import type { Keys } from './s3/sigv4.js'
import { arrivals } from './arrivals.js'
import { answersOf, firstPartner, refusingPartner, seedPast } from './seed.js'

export interface DemoWorld {
  readonly endpoint: string
  readonly bucket: string
  readonly keys: Keys
  /** A document that was sent, to send again under another name, and the name of one that was received. */
  readonly example: {
    readonly station: string
    readonly partner: string
    readonly path: string
    readonly received: string
    /** One who has refused something. */
    readonly refusing: Partner
  }
  onEvent(listener: (event: GatewayEvent) => void): void
  /** Ends the gateway and the server. */
  close(): Promise<void>
}

/** Of the orders: the first ones are from those who refuse, take, are late, and warn. */
const orderSeed = 787
/** Until the first order of a partner, and between two. */
const firstOrderAfter: Milliseconds = 4_000
const orderEvery: readonly [Milliseconds, Milliseconds] = [20_000, 45_000]
/** The station's other programs acknowledge an order after so long. */
const acknowledgedAfter: Milliseconds = 5_000

export async function startDemoWorld(): Promise<DemoWorld> {
  const bucket = 'mftg-demo'
  const keys = { accessKey: `AKIA${randomHex(8)}`, secretKey: randomHex(20) }
  const server = await startS3Server({ ...keys, bucket })
  const gateway = new Gateway({ server, clock: systemClock, answers: ({ to }) => answersOf(to) })
  seedPast(gateway, server, systemClock.now())
  gateway.start()
  const stopOrders = playPartners(gateway)
  return {
    endpoint: server.endpoint,
    bucket,
    keys,
    example: { ...firstPartner, path: sentIn(server), received: receivedIn(server), refusing: refusingPartner },
    onEvent: (listener) => gateway.onEvent(listener),
    async close() {
      stopOrders()
      gateway.stop()
      await server.close()
    },
  }
}

/** A partner orders now and then, and is answered. @returns a function that ends it */
function playPartners(gateway: Gateway): () => void {
  const orders = arrivals({ seed: orderSeed }, () => systemClock.now())
  const timers = new Set<NodeJS.Timeout>()
  const after = (time: Milliseconds, act: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      act()
    }, time)
    timers.add(timer)
  }
  const arrive = (): void => {
    const arrival = orders.next().value
    gateway.arrive(arrival)
    after(acknowledgedAfter, () => {
      const { filename, bytes } = arrival.reply
      gateway.send(arrival, filename, bytes)
    })
    after(randomInt(...orderEvery), arrive)
  }
  after(firstOrderAfter, arrive)
  return () => timers.forEach((timer) => clearTimeout(timer))
}

function sentIn(server: S3Server): string {
  const outbox = boxOf('outbox')
  return lastIn(server, outbox, '/INV_')?.slice(outbox.length) ?? ''
}

function receivedIn(server: S3Server): string {
  return lastIn(server, boxOf('inbox'), '/PO_')?.split('/').at(-1) ?? ''
}

function lastIn(server: S3Server, prefix: string, part: string): string | undefined {
  return server
    .list(prefix)
    .map((it) => it.key)
    .findLast((key) => key.includes(part))
}

function boxOf(box: 'inbox' | 'outbox'): string {
  return `AS2/files/${firstPartner.station}/${firstPartner.partner}/${box}/`
}

function randomHex(bytes: number): string {
  return randomBytes(bytes).toString('hex').toUpperCase()
}
