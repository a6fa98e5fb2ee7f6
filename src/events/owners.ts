/** Who may have an inbox, or an outbox: of the roots below which partners appear, only one has them. */
import type { CancelSignal } from '../cancellation.js'
import { FsError } from '../errors.js'
import type { Listing } from '../listing/listing.js'
import { isDenied } from '../s3/store-error.js'
import type { Prefix } from '../units.js'
import type { Partner } from '../view/partner.js'

export interface OwnersOptions {
  readonly listing: Pick<Listing, 'folders'>
  /** Who is known, where the keys may not list all that there are. */
  readonly partners: {
    stations(signal: CancelSignal): Promise<readonly string[]>
    partners(station: string, signal: CancelSignal): Promise<readonly string[]>
  }
  readonly root: Prefix
}

/** @throws FsError as Listing.folders, but where the keys may not */
export async function ownersIn({ listing, partners, root }: OwnersOptions, signal: CancelSignal): Promise<Partner[]> {
  const files = `${root}files/` as Prefix
  const stations = await listing.folders(files, signal).catch(whereRefused(() => partners.stations(signal)))
  const owners = stations.map(async (station) => {
    const below = listing.folders(`${files}${station}/` as Prefix, signal)
    const all = await below.catch(whereRefused(() => partners.partners(station, signal)))
    return all.map((partner) => ({ station, partner }))
  })
  return (await Promise.all(owners)).flat()
}

/** Does something for each, some at a time. @returns one sentence, where one of them failed */
export async function forEachOwner(
  owners: readonly Partner[],
  act: (owner: Partner) => Promise<void>,
): Promise<string | undefined> {
  const left = [...owners]
  let missing: string | undefined
  const some = async (): Promise<void> => {
    for (let owner = left.pop(); owner; owner = left.pop()) {
      await act(owner).catch((error: unknown) => {
        if (!(error instanceof FsError)) throw error
        // What the keys may not list is named in status, and is not waited for; new keys are.
        if (!isDenied(error)) missing ??= error.message
      })
    }
  }
  await Promise.all(Array.from({ length: atOnce }, some))
  return missing
}

const atOnce = 8

function whereRefused<T>(instead: () => Promise<T>): (error: unknown) => Promise<T> {
  return (error) => {
    if (isDenied(error)) return instead()
    throw error
  }
}
