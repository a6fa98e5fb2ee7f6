/** S3's errors, and text for XML. */

export class S3Error extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

export function escapeXml(text: string): string {
  return text.replaceAll(/[&<>"]/g, (it) => `&#${it.charCodeAt(0)};`)
}

export function errorXml(error: S3Error, requestId: string): string {
  const { code, message } = error
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${escapeXml(message)}</Message><RequestId>${requestId}</RequestId></Error>`
}
