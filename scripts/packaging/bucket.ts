/**
 * A bucket with a gateway for `scripts/test-package`: prints its endpoint, then each file that was sent. On stdin: `down`, `up`, and
 * `receive NAME`, each of which is answered.
 */
import { createInterface } from 'node:readline'
import { Gateway } from '../../src/demo/gateway.js'
import { startS3Server } from '../../src/demo/s3/server.js'
import { systemClock } from '../../src/telemetry/clock.js'

const pair = { station: 'ACME', partner: 'GLOBEX' }

const server = await startS3Server({
  accessKey: 'AKIAPACKAGETEST',
  secretKey: 'secret-of-the-package-test',
  bucket: 'mftg-test',
})
const gateway = new Gateway({ server, clock: systemClock })
gateway.onEvent(({ what, filename }) => console.log(`${what} ${filename}`))
gateway.start()
console.log(server.endpoint)

for await (const line of createInterface({ input: process.stdin })) {
  const [word, name = ''] = line.split(' ')
  if (word === 'receive') gateway.receive(pair, name, Buffer.from(`content of ${name}\n`))
  else {
    server.intercept = word === 'down' ? () => ({ reset: 'before' }) : undefined
    console.log(`${word ?? ''} now`)
  }
}
gateway.stop()
await server.close()
