/** Which certificates are trusted: those of one file where it is named, else those of the system and of Node. */
import { readFileSync, statSync } from 'node:fs'
import { X509Certificate } from 'node:crypto'
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls'
import { reasonOf, UsageError } from '../errors.js'
import { notAFile } from '../plain-file.js'

/** A file of certificates in PEM. */
export interface CaFile {
  readonly path: string
  /** Who named it: `--ca-file`, `AWS_CA_BUNDLE`. */
  readonly from: string
}

/** Where systems keep what their administrators trust, as Go's crypto/x509 has them; the first that there is. */
const systemFiles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
]

const inPem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

export class Trust {
  readonly #file: CaFile | undefined
  readonly #env: Readonly<NodeJS.ProcessEnv>
  /** Made once: it takes tens of milliseconds, and each connection needs it. */
  #context: SecureContext | undefined

  /** @throws UsageError one sentence for a file that is named and can't be read */
  constructor(file: CaFile | undefined, env: Readonly<NodeJS.ProcessEnv>) {
    this.#file = file
    this.#env = env
    if (file) this.#context = contextOf(file)
  }

  get context(): SecureContext {
    return (this.#context ??= this.#file ? contextOf(this.#file) : usual(this.#env))
  }

  /** What to do about a server that is not trusted, for the end of a sentence. */
  get advice(): string {
    if (this.#file) return `who issued it is not in ${this.#file.path} (${this.#file.from})`
    return 'name a file with the one to trust with --ca-file or AWS_CA_BUNDLE'
  }

  /** A server was not trusted: somebody may mend the files meanwhile. What can't be read then stays as it was. */
  renew(): void {
    try {
      this.#context = this.#file ? contextOf(this.#file) : undefined
    } catch {
      // The one that is known goes on.
    }
  }
}

function contextOf({ path, from }: CaFile): SecureContext {
  try {
    const other = notAFile(path, statSync(path))
    if (other !== undefined) throw new UsageError(`${path} (${from}) is no file of certificates, but ${other}.`)
    const text = readFileSync(path, 'utf8')
    const certificates = text.match(inPem)
    if (!certificates) throw new UsageError(`${path} (${from}) has no certificate in PEM.`)
    // OpenSSL passes over what it can't read.
    for (const it of certificates) new X509Certificate(it)
    return createSecureContext({ ca: text })
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`The certificates in ${path} (${from}) can't be read (${reasonOf(error)}).`)
  }
}

/** Node's own are not the system's: who runs a machine adds there whom the machine shall trust. */
function usual(env: Readonly<NodeJS.ProcessEnv>): SecureContext {
  const named = env.SSL_CERT_FILE ?? ''
  const system = (named === '' ? systemFiles : [named]).map(readIfPem).find((it) => it !== undefined)
  const more = readIfPem(env.NODE_EXTRA_CA_CERTS ?? '')
  const added = [system, more].filter((it) => it !== undefined)
  try {
    return createSecureContext({ ca: [...rootCertificates, ...added] })
  } catch {
    return createSecureContext()
  }
}

function readIfPem(path: string): string | undefined {
  try {
    if (notAFile(path, statSync(path)) !== undefined) return undefined
    const text = readFileSync(path, 'utf8')
    return text.search(inPem) >= 0 ? text : undefined
  } catch {
    return undefined
  }
}
