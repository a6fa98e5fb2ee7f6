/** A certificate for 127.0.0.1 that nobody knows, for as long as a benchmark takes. */
import { join } from 'node:path'
import { run } from '../processes.js'

/** Paths of PEM files. */
interface Certificate {
  readonly key: string
  /** It is its own issuer: whoever trusts it needs nothing else. */
  readonly certificate: string
}

/** @throws Error what openssl says */
export async function makeCertificate(directory: string, signal: AbortSignal): Promise<Certificate> {
  const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  const command = ['openssl', 'req', '-x509', ...kind, ...names, '-keyout', key, '-out', certificate]
  const { code, stderr } = await run(command, { limit: 10_000, signal })
  if (code !== 0) throw new Error(`there is no certificate: ${stderr}`)
  return { key, certificate }
}
