/** A mount for many sequences of the model, each with a partner of its own, and a gateway that can fall asleep. */
import { Gateway } from '../../src/demo/gateway.js'
import { ControlClient } from '../../src/control/client.js'
import { systemClock } from '../../src/telemetry/clock.js'
import { type Mounted, unmounted } from '../helpers/mounted.js'
import { startWriters, type Writers } from '../helpers/writers.js'

interface Put {
  readonly name: string
  readonly bytes: Buffer
}

export class ModelWorld {
  readonly mounted: Mounted
  readonly writers: Writers
  readonly control: ControlClient
  /** It takes what is there whenever somebody lists. */
  isGatewayAwake = true
  readonly #gateway: Gateway
  readonly #puts = new Map<string, Put[]>()

  constructor(mounted: Mounted, writers: Writers) {
    this.mounted = mounted
    this.writers = writers
    this.control = new ControlClient(mounted.stateDirectory)
    const { server } = mounted
    server.onPut(({ key }) => {
      const [, , , partner = '', ...name] = key.split('/')
      const put = { name: name.join('/'), bytes: Buffer.from(server.get(key) ?? '') }
      this.#puts.set(partner, [...this.putsOf(partner), put])
    })
    this.#gateway = new Gateway({ server, clock: systemClock, takeAfter: 0, mdnAfter: 1_000_000_000 })
    server.intercept = (operation) => {
      if (this.isGatewayAwake && operation === 'ListObjectsV2') this.takeAll()
      return undefined
    }
  }

  /** How many files the gateway has taken. */
  get taken(): number {
    return this.#gateway.sent.length
  }

  putsOf(partner: string): readonly Put[] {
    return this.#puts.get(partner) ?? []
  }

  takeAll(): void {
    this.#gateway.tick()
  }

  async close(): Promise<void> {
    this.#gateway.stop()
    await this.writers.close()
    await this.mounted.cleanUp()
  }
}

/** A mount that answers. */
export async function modelWorld(flags: readonly string[]): Promise<ModelWorld> {
  const mounted = await unmounted({ proxied: true, flags })
  const writers = await startWriters()
  const world = new ModelWorld(mounted, writers)
  await mounted.mount()
  return world
}
