/** An answer that is not S3's, or not to what was asked: it says nothing of the bucket, and will pass. */
export class ForeignAnswer extends Error {
  override readonly name = 'ForeignAnswer'

  /** @param what it is, to follow upon 'it was not S3 that answered: ' */
  constructor(what: string, options: ErrorOptions = {}) {
    super(`it was not S3 that answered, but ${what}`, options)
  }
}
