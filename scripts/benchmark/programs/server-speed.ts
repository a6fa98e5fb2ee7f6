/** Asks the benchmark's server with nothing but Node's HTTP client; prints the milliseconds. */
import { Agent, get } from 'node:http'
import { bucketName } from '../server/worlds.js'

const [endpoint = '', mode = '', key = '', amount = '0'] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true })
const block = 4 * 1024 * 1024

function request(path: string, headers: Record<string, string> = {}, keep = false): Promise<string> {
  return new Promise((resolve, reject) => {
    get(`${endpoint}/${bucketName}${path}`, { agent, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => keep && chunks.push(chunk))
      response.on('end', () => resolve(Buffer.concat(chunks).toString()))
      response.on('error', reject)
    }).on('error', reject)
  })
}

async function parallel(workers: number, count: number, ask: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const work = async (): Promise<void> => {
    while (next < count) await ask(next++)
  }
  await Promise.all(Array.from({ length: workers }, work))
}

async function list(): Promise<void> {
  let token: string | undefined = ''
  while (token !== undefined) {
    const from: string = token === '' ? '' : `&continuation-token=${encodeURIComponent(token)}`
    const page = await request(`?list-type=2&prefix=${key}${from}`, {}, true)
    token = /<NextContinuationToken>(.*?)</.exec(page)?.[1]
  }
}

const modes: Readonly<Record<string, () => Promise<void>>> = {
  big: () =>
    parallel(4, Number(amount) / block, (n) =>
      request(`/${key}`, { range: `bytes=${n * block}-${(n + 1) * block - 1}` }),
    ),
  small: () => parallel(16, Number(amount), () => request(`/${key}`)),
  list,
}

const began = performance.now()
await modes[mode]?.()
process.stdout.write(`${performance.now() - began}\n`)
agent.destroy()
