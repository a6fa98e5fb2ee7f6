/** Reads an MDN. @see RFC 8098, RFC 4130 section 7 */
import PostalMime, { type Email } from 'postal-mime'

export interface MdnReport {
  /** As written, e.g. `automatic-action/MDN-sent-automatically; processed/error: authentication-failed`. */
  readonly disposition: string
  /** `<…>` of the message that it answers. */
  readonly originalMessageId: string | undefined
  /** AS2 id that the answered message was sent to. */
  readonly finalRecipient: string | undefined
  /** Whether the partner refused the message or could not process it. */
  readonly isFailure: boolean
}

/** @returns undefined for what is no MDN; never throws, whatever the bytes */
export async function parseMdn(bytes: Uint8Array): Promise<MdnReport | undefined> {
  let email: Email
  try {
    email = await PostalMime.parse(bytes)
  } catch {
    return undefined
  }
  const part = email.attachments.find((it) => it.mimeType.toLowerCase() === 'message/disposition-notification')
  if (!part) return undefined
  const fields = parseFields(textOf(part.content))
  const disposition = fields.get('disposition')
  if (disposition === undefined) return undefined
  return {
    disposition,
    originalMessageId: fields.get('original-message-id'),
    finalRecipient: recipient(fields.get('final-recipient')),
    isFailure: /;\s*(?:failed|processed\s*\/\s*(?:error|failure))/i.test(disposition),
  }
}

function textOf(content: string | ArrayBuffer | Uint8Array): string {
  return typeof content === 'string' ? content : new TextDecoder().decode(content)
}

/** Header-like fields; a line that begins with white space goes on with the one before. */
function parseFields(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (const line of text.replaceAll(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const colon = line.indexOf(':')
    if (colon > 0) fields.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
  return fields
}

/** `rfc822; "ACME CORP"` → `ACME CORP`. */
function recipient(field: string | undefined): string | undefined {
  const id = field?.slice(field.indexOf(';') + 1).trim()
  return id?.startsWith('"') ? id.slice(1, -1).replaceAll(/\\(.)/g, '$1') : id
}
