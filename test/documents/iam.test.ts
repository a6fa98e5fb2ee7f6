/** The policies of docs/iam.md: a mount works with keys that may do no more, and makes use of all that they may. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import type { OperationName } from '../../src/demo/s3/operations.js'
import { prepare, type Mounted } from '../helpers/mounted.js'
import { until } from '../helpers/until.js'
import { readDocument } from './document.js'

interface Statement {
  readonly Sid: string
  readonly Action: string | readonly string[]
  readonly Resource: string | readonly string[]
  readonly Condition?: { readonly [operator: string]: Readonly<Record<string, string | readonly string[]>> }
}

/** What AWS checks for an operation. @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html */
const actionOf: Partial<Record<OperationName, string>> = {
  ListObjectsV2: 's3:ListBucket',
  GetObject: 's3:GetObject',
  HeadObject: 's3:GetObject',
  PutObject: 's3:PutObject',
  CreateMultipartUpload: 's3:PutObject',
  UploadPart: 's3:PutObject',
  CompleteMultipartUpload: 's3:PutObject',
  AbortMultipartUpload: 's3:AbortMultipartUpload',
}

const arn = 'arn:aws:s3:::mftg-mycompany'
const listOf = (one: string | readonly string[]): readonly string[] => [one].flat()
const isLike = (text: string, pattern: string): boolean =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((it) => it.replaceAll(/[.:/]/g, '\\$&'))
      .join('.*')}$`,
    's',
  ).test(text)

/** Of StringEquals and StringLike: no other is in these policies, and none of these has a wildcard in the former. */
function meets(condition: Statement['Condition'], query: ReadonlyMap<string, string>): boolean {
  return Object.values(condition ?? {}).every((keys) =>
    Object.entries(keys).every(([key, values]) => {
      const value = query.get(key.replace('s3:', '')) ?? ''
      return listOf(values).some((it) => isLike(value, it))
    }),
  )
}

class Policy {
  readonly used = new Set<string>()
  readonly refused: string[] = []
  readonly #statements: readonly Statement[]

  constructor(statements: readonly Statement[]) {
    this.#statements = statements
  }

  get actions(): string[] {
    return [...new Set(this.#statements.flatMap((it) => listOf(it.Action)))].sort()
  }

  /** As a server of AWS has it: what no statement allows is refused. */
  enforce({ server }: Mounted): void {
    server.intercept = (operation, key, query) => {
      const action = actionOf[operation] ?? operation
      const prefix = query.get('prefix') ?? ''
      const isList = action === 's3:ListBucket'
      const resource = isList ? arn : `${arn}/${key}`
      const isAllowed = this.#statements.some(
        (it) =>
          listOf(it.Action).includes(action) &&
          listOf(it.Resource).some((pattern) => isLike(resource, pattern)) &&
          meets(it.Condition, query),
      )
      if (isAllowed) this.used.add(action)
      else this.refused.push(`${operation} ${isList ? prefix : key}`)
      return isAllowed ? undefined : { status: 403, code: 'AccessDenied' }
    }
  }
}

const policies = readDocument('docs/iam.md')
  .blocks.filter((it) => it.language === 'json')
  .map((it) => (JSON.parse(it.text) as { Statement: Statement[] }).Statement)

const objects = {
  'AS2/files/ACME/GLOBEX/inbox/7207841093900001/order.edi': 'ISA*00*',
  'AS2/files/ACME/GLOBEX/outbox/7207841093900002/answer.edi': 'ISA*01*',
  'AS2/files/OTHER/GLOBEX/inbox/7207841093900003/theirs.edi': 'ISA*02*',
  'AS2/headers/ACME/GLOBEX/inbox/7207841093900001/headers.txt': 'AS2-From: GLOBEX',
  'AS2/raw-message/ACME/GLOBEX/inbox/7207841093900001/raw': 'raw',
  'AS2/raw-mdn/incoming/ACME/GLOBEX/7207841093900002.mdn':
    'Content-Type: message/disposition-notification\r\n\r\nOriginal-Message-ID: <7207841093900002.as2@mftgateway.com>\r\n' +
    'Disposition: automatic-action/MDN-sent-automatically; processed\r\n',
}

async function world(t: Test, policy: Policy, flags: readonly string[]): Promise<Mounted> {
  const mounted = await prepare(t, { objects, flags: ['--list-ttl', '100ms', ...flags] })
  policy.enforce(mounted)
  await mounted.mount()
  return mounted
}

/** Every folder and file of a station, as find(1) and grep(1) go through them. */
async function readAll(mounted: Mounted, folder: string): Promise<string[]> {
  const all: string[] = []
  for (const entry of await readdir(mounted.path(folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) all.push(...(await readAll(mounted, path)))
    else all.push(path, String(await readFile(mounted.path(path))))
  }
  return all
}

/** One PUT, one upload in parts, one of which is given up, and one whose answer is lost. */
async function sendAll(mounted: Mounted): Promise<void> {
  const send = mounted.path('ACME/GLOBEX/send')
  await writeFile(`${send}/small.edi`, 'ISA*00*')
  await mounted.inBucket('AS2/send/ACME/GLOBEX/small.edi')
  const denied = mounted.server.intercept
  let [isAborted, puts] = [false, 0]
  mounted.server.intercept = (operation, key, query) => {
    const refusal = denied?.(operation, key, query)
    if (refusal) return refusal
    isAborted ||= operation === 'AbortMultipartUpload'
    if (operation === 'UploadPart' && !isAborted) return { status: 503, code: 'SlowDown' }
    return operation === 'PutObject' && (puts += 1) === 1 ? { reset: 'after' } : undefined
  }
  await writeFile(`${send}/large.edi`, Buffer.alloc(6 * 1024 * 1024, 'x'))
  await writeFile(`${send}/lost.edi`, 'ISA*03*')
  await mounted.inBucket('AS2/send/ACME/GLOBEX/lost.edi')
  await until('the end of all', async () => (await mounted.queue()).rows.every((it) => it.state === 'submitted'))
}

t.test('receive and send', async (t) => {
  const policy = new Policy(policies[0] ?? [])
  const mounted = await world(t, policy, ['--multipart-threshold', '5MiB', '--station', 'ACME/GLOBEX'])
  t.match(await readAll(mounted, 'ACME'), ['ACME/GLOBEX/delivery/delivered/7207841093900002_answer.edi'])
  await sendAll(mounted)
  await mkdir(mounted.path('ACME/NEW'))
  await writeFile(mounted.path('ACME/NEW/send/first.edi'), 'ISA*04*')
  await mounted.inBucket('AS2/send/ACME/NEW/first.edi')
  t.same((await mounted.status()).problems, [])
  t.same(policy.refused, [], 'it needs no more')
  t.same([...policy.used].sort(), policy.actions, 'and no less')
})

t.test('receive only', async (t) => {
  const policy = new Policy((policies[0] ?? []).filter((it) => it.Sid !== 'Send'))
  const mounted = await world(t, policy, ['--read-only'])
  t.match(await readAll(mounted, 'ACME'), ['ACME/GLOBEX/delivery/delivered/7207841093900002_answer.edi'])
  await t.rejects(writeFile(mounted.path('ACME/GLOBEX/send/order.edi'), ''), { code: 'EROFS' })
  t.same([(await mounted.status()).problems, policy.refused, [...policy.used].sort()], [[], [], policy.actions])
})

t.test('only some stations', async (t) => {
  const policy = new Policy(policies[1] ?? [])
  const mounted = await world(t, policy, ['--multipart-threshold', '5MiB'])
  t.match(await readAll(mounted, 'ACME'), ['ACME/GLOBEX/delivery/delivered/7207841093900002_answer.edi'])
  await sendAll(mounted)
  t.same([...policy.used].sort(), policy.actions)
  t.same([await mounted.status().then(({ state, problems }) => [state, problems]), policy.refused], [['ok', []], []])
  await t.rejects(readdir(mounted.path('OTHER')), { code: 'EACCES' })
  // Each of its listings is one that is told, in whatever order they were answered.
  const told = await until('what was refused', async () => {
    const { state, problems } = await mounted.status()
    return problems.some((it) => it.startsWith('Could not list AS2/files/OTHER/')) && { state, problems }
  })
  t.equal(told.state, 'degraded')
  t.ok(
    told.problems.every((it) => /^Could not list AS2\/[a-z-]+\/OTHER\//.test(it)),
    told.problems.join('\n'),
  )
})
