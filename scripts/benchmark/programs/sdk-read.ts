/** Reads an object with the AWS SDK, four ranges of 4 MiB at a time; prints the milliseconds. */
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { bucketName } from '../server/worlds.js'

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
const [endpoint = '', key = '', size = '0'] = process.argv.slice(2)
const block = 4 * 1024 * 1024
const client = new S3Client({
  endpoint,
  region: 'us-east-1',
  forcePathStyle: true,
  credentials: { accessKeyId: 'SDK', secretAccessKey: 'secret-of-the-benchmark' },
  responseChecksumValidation: 'WHEN_REQUIRED',
})
let next = 0

async function worker(): Promise<void> {
  while (next < Number(size)) {
    const end = Math.min(next + block, Number(size))
    const Range = `bytes=${next}-${end - 1}`
    next = end
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucketName, Key: key, Range }))
    await Body?.transformToByteArray()
  }
}

const began = performance.now()
await Promise.all([worker(), worker(), worker(), worker()])
process.stdout.write(`${performance.now() - began}\n`)
client.destroy()
