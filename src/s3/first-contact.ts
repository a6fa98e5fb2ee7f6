/** How a server answers who says nothing of who he is: the connection, TLS, and whether it is S3 at all. */
import { HttpRequest } from '@smithy/core/protocols'
import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import type { EpochMs, Milliseconds } from '../units.js'
import { saidByS3 } from './acceptable.js'
import { readSmallBody } from './body.js'
import { storeError } from './failure.js'
import { requestHandler, type Network } from './network.js'
import { createSdkClient, type SdkClientOptions } from './sdk-client.js'

export interface Contact {
  /** From the first packet to the first byte of an answer. */
  readonly took: Milliseconds
  readonly status: number
  /** By its headers, or its words: a proxy, a filter or a login is not. */
  readonly isS3: boolean
  /** Its own time, to the second, if it is S3. */
  readonly date: EpochMs | undefined
  /** Of the server, if it has one and it was seen. */
  readonly certificateUntil: EpochMs | undefined
}

/** Where requests for a bucket go: the SDK's own word, for it has rules for regions, FIPS and dual-stack. */
export async function addressOf(bucket: string, options: SdkClientOptions): Promise<URL> {
  const client = createSdkClient(options)
  try {
    const { endpointProvider, region, useFipsEndpoint, useDualstackEndpoint } = client.config
    return endpointProvider({
      Bucket: bucket,
      Region: await region(),
      UseFIPS: await useFipsEndpoint(),
      UseDualStack: await useDualstackEndpoint(),
      ForcePathStyle: options.pathStyle,
      ...(options.endpoint === undefined ? {} : { Endpoint: options.endpoint }),
    }).url
  } finally {
    client.destroy()
  }
}

/** @throws StoreError whose reason says what is wrong with the way there */
export async function contact(url: URL, network: Network, signal: AbortSignal): Promise<Contact> {
  const handler = requestHandler(network)
  const begin = performance.now()
  try {
    const request = new HttpRequest({
      method: 'GET',
      protocol: url.protocol,
      hostname: url.hostname,
      ...(url.port === '' ? {} : { port: Number(url.port) }),
      path: url.pathname,
      headers: { host: url.host },
    })
    const { response } = await handler.handle(request, { abortSignal: signal })
    const took = performance.now() - begin
    const body = response.body as IncomingMessage
    const certificateUntil = certificateOf(body)
    const words = await readSmallBody(body, 64 * 1024, 5_000, 5_000).catch(() => '')
    const isS3 = saidByS3(words) !== undefined || Object.keys(response.headers).some((it) => it.startsWith('x-amz-'))
    const date = isS3 ? dateIn(response.headers) : undefined
    return { took, status: response.statusCode, isS3, date, certificateUntil }
  } catch (error) {
    throw storeError(error, { what: `reach ${url.host}`, key: url.host })
  } finally {
    handler.destroy()
  }
}

/** What a cache has kept has the time of then. */
function dateIn({ date, age }: Readonly<Record<string, string>>): EpochMs | undefined {
  const time = age === undefined ? Date.parse(date ?? '') : NaN
  return Number.isNaN(time) ? undefined : time
}

function certificateOf({ socket }: IncomingMessage): EpochMs | undefined {
  if (!(socket instanceof TLSSocket)) return undefined
  const until = Date.parse(socket.getPeerCertificate().valid_to)
  return Number.isNaN(until) ? undefined : until
}
