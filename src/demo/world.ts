/** All that the demo needs beside a mount: a bucket in memory with a past, and a gateway that goes on. */
import { randomBytes, randomInt } from 'node:crypto'
import { systemClock } from '../telemetry/clock.js'
import type { Milliseconds } from '../units.js'
import { Gateway, type GatewayEvent } from './gateway.js'
import { startS3Server } from './s3/server.js'
import type { Keys } from './s3/sigv4.js'
import { arrivals } from './arrivals.js'
import { firstPartner, seedPast } from './seed.js'

export interface DemoWorld {
  readonly endpoint: string
  readonly bucket: string
  readonly keys: Keys
  /** A document that was sent, to send again under another name. */
  readonly example: { readonly station: string; readonly partner: string; readonly path: string }
  onEvent(listener: (event: GatewayEvent) => void): void
  /** Ends the gateway and the server. */
  close(): Promise<void>
}

/** Between two orders of the partners. */
const orderEvery: readonly [Milliseconds, Milliseconds] = [20_000, 45_000]

export async function startDemoWorld(): Promise<DemoWorld> {
  const bucket = 'mftg-demo'
  const keys = { accessKey: `AKIA${randomHex(8)}`, secretKey: randomHex(20) }
  const server = await startS3Server({ ...keys, bucket })
  const gateway = new Gateway({ server, clock: systemClock })
  seedPast(gateway, server, systemClock.now())
  gateway.start()
  const stopOrders = playPartners(gateway)
  return {
    endpoint: server.endpoint,
    bucket,
    keys,
    example: { ...firstPartner, path: exampleOf(server.list(outboxOf()).map((it) => it.key)) },
    onEvent: (listener) => gateway.onEvent(listener),
    async close() {
      stopOrders()
      gateway.stop()
      await server.close()
    },
  }
}

/** A partner orders now and then. @returns a function that ends it */
function playPartners(gateway: Gateway): () => void {
  const orders = arrivals({ seed: randomInt(2 ** 32) }, () => systemClock.now())
  let timer: NodeJS.Timeout
  const wait = (): void => {
    timer = setTimeout(
      () => {
        gateway.arrive(orders.next().value)
        wait()
      },
      randomInt(...orderEvery),
    )
  }
  wait()
  return () => clearTimeout(timer)
}

function outboxOf(): string {
  return `AS2/files/${firstPartner.station}/${firstPartner.partner}/outbox/`
}

function exampleOf(keys: readonly string[]): string {
  return keys.findLast((key) => key.includes('/INV_'))?.slice(outboxOf().length) ?? ''
}

function randomHex(bytes: number): string {
  return randomBytes(bytes).toString('hex').toUpperCase()
}
