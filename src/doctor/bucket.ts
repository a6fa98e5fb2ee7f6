/** What the bucket answers to a first signed request: about the keys, its region, itself, and the prefix. */
import type { MountConfig } from '../config.js'
import type { Bucket } from '../daemon/open-bucket.js'
import { elsewhere, isGatewayRoot } from '../daemon/prefix-watch.js'
import { bucketProblem } from '../s3/check-bucket.js'
import { givenRegion, isOfRegion } from '../s3/region.js'
import { StoreError } from '../s3/store-error.js'
import type { ListPage } from '../s3/store.js'
import { failure, ok, shared, skipped, warning, type Check, type Finding } from './check.js'

type Where = Pick<MountConfig, 'bucket' | 'endpoint' | 'endpointFrom' | 'prefix' | 'region' | 'profile'>

export function bucketChecks(config: Where, bucket: Bucket): readonly Check[] {
  const group = 'bucket'
  const answer = shared((signal) => asked(config, bucket, signal))
  return [
    {
      name: 'keys',
      group,
      needs: ['server', 'credentials'],
      run: async (signal) => keysFound(config, await answer(signal)),
    },
    {
      name: 'region',
      group,
      needs: ['keys'],
      run: async (signal) => regionFound(config, bucket, await answer(signal)),
    },
    { name: 'bucket', group, needs: ['region'], run: async (signal) => bucketFound(config, await answer(signal)) },
    {
      name: 'prefix',
      group,
      needs: ['bucket'],
      run: async (signal) => prefixFound(config, bucket, await answer(signal), signal),
    },
  ]
}

/** A page, or why there is none. */
type Answer = ListPage | StoreError

async function asked({ prefix }: Where, { store }: Bucket, signal: AbortSignal): Promise<Answer> {
  try {
    return await store.list({ prefix, delimiter: '/', maxKeys: 100, failsFast: true }, signal)
  } catch (error) {
    if (error instanceof StoreError) return error
    throw error
  }
}

function keysFound(config: Where, answer: Answer): Finding {
  if (!(answer instanceof StoreError) || answer.failure === 'permanent' || isOfRegion(answer)) {
    return ok('known to the server')
  }
  return failure(bucketProblem(answer, config))
}

async function regionFound(config: Where, { region }: Bucket, answer: Answer): Promise<Finding> {
  if (answer instanceof StoreError && isOfRegion(answer)) return failure(bucketProblem(answer, config))
  const given = await givenRegion(config.region, config.profile)
  const { current } = region
  if (!given) return ok(config.endpoint === undefined ? `${current}, as the bucket says` : `${current} (none is named)`)
  if (given.region === current) return ok(`${current} (${given.from})`)
  return warning(
    `The bucket is in the region ${current}, and not in ${given.region} (${given.from}): name ${current} there.`,
  )
}

function bucketFound(config: Where, answer: Answer): Finding {
  if (!(answer instanceof StoreError)) return ok(`${config.bucket} is there, and lets us in`)
  if (answer.s3Code === 'AccessDenied') {
    return warning(
      `The keys may not list ${config.prefix} of ${config.bucket} as a whole (AccessDenied): partners are found only as far as the lines below say.`,
    )
  }
  return failure(bucketProblem(answer, config))
}

async function prefixFound(config: Where, { store }: Bucket, answer: Answer, signal: AbortSignal): Promise<Finding> {
  const { bucket, prefix: root } = config
  if (answer instanceof StoreError) return skipped('may not be listed')
  if (isGatewayRoot(root, answer.prefixes)) return ok(`${root} has a gateway’s folders`)
  const { isWrong, sentence } = await elsewhere({ store, bucket, root }, signal)
  return isWrong ? failure(sentence) : warning(sentence)
}
