/** Lists all keys below a prefix with nothing but Node's HTTP client; prints milliseconds, and those of CPU time. */
import { Agent, get } from 'node:http'
import { bucketName } from '../server/worlds.js'

const [endpoint = '', prefix = ''] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true })

function page(query: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(`${endpoint}/${bucketName}?${query}`, { agent }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve(Buffer.concat(chunks).toString()))
      response.on('error', reject)
    }).on('error', reject)
  })
}

const cpu = process.cpuUsage()
const began = performance.now()
let token: string | undefined = ''
while (token !== undefined) {
  const from: string = token === '' ? '' : `&continuation-token=${encodeURIComponent(token)}`
  token = /<NextContinuationToken>(.*?)</.exec(await page(`list-type=2&prefix=${prefix}${from}`))?.[1]
}
const time = performance.now() - began
const { user, system } = process.cpuUsage(cpu)
process.stdout.write(`${time} ${(user + system) / 1000}\n`)
agent.destroy()
