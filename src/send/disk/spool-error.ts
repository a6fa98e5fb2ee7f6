/** What the disk says when the spool is used → our errors. */
import { codeOf, FsError, type FsErrorCode } from '../../errors.js'

const passedOn = new Set<string>(['ENOSPC', 'EFBIG', 'EMFILE'] satisfies FsErrorCode[])

/** @throws FsError ENOSPC, EFBIG, EMFILE, else EIO; @param id of the file, where one is meant */
export async function orFsError<T>(act: () => Promise<T>, id?: string): Promise<T> {
  try {
    return await act()
  } catch (cause) {
    const code = codeOf(cause) ?? 'unknown'
    const known = passedOn.has(code) ? (code as FsErrorCode) : code === 'EDQUOT' ? 'ENOSPC' : 'EIO'
    const what = known === 'ENOSPC' ? 'The state directory is full' : `The spool could not be used (${code})`
    throw new FsError(known, `${what}.`, { ...(id === undefined ? {} : { key: id }), cause })
  }
}
