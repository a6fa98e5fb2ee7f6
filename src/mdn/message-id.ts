/** Which message an Original-Message-ID means. It comes back as partners please: with and without `<>`, in quotes, encoded. Pure. */

/** What a message may be called in the bucket, for an id. */
export interface MessageNames {
  /** What all of them begin with: the local part up to its first dot. */
  readonly stem: string
  /** The local part: `720784109397786.as2`. */
  readonly local: string
  /** The id without `<>`. */
  readonly whole: string
}

const plain = /^[0-9A-Za-z-]+$/

/** @returns undefined for what names nothing */
export function messageNames(id: string): MessageNames | undefined {
  // As the gateway's folders are called: there are a hundred thousand of them at a look.
  if (plain.test(id)) return { stem: id, local: id, whole: id }
  const whole = decoded(stripped(id))
  const local = whole.slice(0, whole.includes('@') ? whole.lastIndexOf('@') : undefined)
  const [stem = ''] = local.split('.', 1)
  return stem === '' ? undefined : { stem, local, whole }
}

/** Whether a message that the bucket has under a name is the one that is meant. */
export function isNamed({ stem, local, whole }: MessageNames, name: string): boolean {
  return name === stem || name === local || name === whole || stripped(name) === whole
}

function stripped(id: string): string {
  return id.replaceAll(/\\(.)/g, '$1').replaceAll(/^[<"'\s]+|[>"'\s]+$/g, '')
}

/** Where that makes it an id: one may have a `%` of its own. */
function decoded(id: string): string {
  if (id.includes('@') || !id.includes('%')) return id
  try {
    const plain = stripped(decodeURIComponent(id))
    return plain.includes('@') ? plain : id
  } catch {
    return id
  }
}
