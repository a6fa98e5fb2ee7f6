/** Whom a report is of, where it is of all. */
import type { DirectoryOfPartners } from '../fs/directory-of-partners.js'
import type { Stall } from '../patience.js'
import type { Partner } from '../view/partner.js'

/** @throws FsError if it can't be told which partners there are */
export async function allPartners(partners: DirectoryOfPartners, stall: Stall): Promise<Partner[]> {
  const all: Partner[] = []
  for (const station of await partners.stations(stall.signal)) {
    for (const partner of await partners.partners(station, stall.signal)) all.push({ station, partner })
    stall.goesOn()
  }
  return all
}
