/** The id of a message of the gateway's own, by the folder that it has. */

/** @see the one real key that is known: its folder is the beginning of the local part */
const messageDomain = 'as2@mftgateway.com'

/** @returns undefined for a folder that is none of the gateway's ids */
export function messageId(folder: string): string | undefined {
  return /^\d{15,17}$/.test(folder) ? `<${folder}.${messageDomain}>` : undefined
}
