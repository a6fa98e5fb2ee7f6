/** The keys: that there are some, where they are from, and who else may read them. Never what they are. */
import type { CredentialSource } from '../s3/credentials.js'
import { exposureOf } from '../exposure.js'
import { failure, ok, warning, type Check, type Finding } from './check.js'

/** A machine without a role waits for the answer of a server that is not there. */
const limit = 8_000

/** @param csv `--credentials-csv` */
export function credentialsChecks(source: CredentialSource, csv: string | undefined): readonly Check[] {
  const run = async (): Promise<readonly Finding[]> => {
    const { from = 'somewhere', expiration } = await source.get()
    if (expiration && expiration.getTime() < Date.now())
      return [failure(`The credentials of ${from} have expired: get new ones.`)]
    const exposure = await exposureOf('credentials', csv)
    return [...(exposure === undefined ? [] : [warning(exposure)]), ok(`from ${from}`)]
  }
  return [{ name: 'credentials', group: 'network', limit, run }]
}
