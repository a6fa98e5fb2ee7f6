/** What went wrong in getting credentials, in one sentence that is true and holds no secret. Pure. */

/** What is known of a try. */
export interface FailedFetch {
  /** What the SDK threw in the end. */
  readonly error: unknown
  /** Why each of its sources gave nothing, in order. */
  readonly reasons: readonly string[]
  /** As it was named; undefined: the default one. */
  readonly profile: string | undefined
}

interface Cause {
  readonly pattern: RegExp
  readonly sentence: (profile: string, match: RegExpExecArray) => string
}

/** The words are the SDK's. What a command prints may be a secret, and so is never shown. */
const causes: readonly Cause[] = [
  {
    pattern: /^Command failed/,
    sentence: (profile) => `The credential_process of ${profile} failed, or took too long: run it by hand to see why.`,
  },
  {
    pattern: /credential_process returned expired/,
    sentence: (profile) => `The credentials that the credential_process of ${profile} prints have expired.`,
  },
  {
    pattern: /credential_process returned|credential_process did not return|^Profile \S+ credential_process/,
    sentence: (profile) => `The credential_process of ${profile} printed something else than credentials.`,
  },
  {
    pattern: /SSO session|SSO token|aws sso login/i,
    sentence: (profile) => `The SSO session of ${profile} has expired, or was never begun: aws sso login.`,
  },
  {
    pattern: /aws login|login session/i,
    sentence: (profile) => `The login session of ${profile} has expired, or was never begun: aws login.`,
  },
]

export function credentialSentence({ error, reasons, profile }: FailedFetch): string {
  const shown = profile === undefined ? 'the default profile' : `the profile ${profile}`
  const said = [...reasons, ...(error instanceof Error ? [error.message] : [])]
  for (const { pattern, sentence } of causes) {
    for (const reason of said) {
      const match = pattern.exec(reason)
      if (match) return sentence(shown, match)
    }
  }
  if (
    profile !== undefined &&
    said.some((it) => /could not be found in shared credentials file|was not found/.test(it))
  ) {
    return `There is no profile ${profile} in ~/.aws/config or ~/.aws/credentials (or the files that AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name).`
  }
  return (
    refusalSentence(error, shown) ??
    'No credentials were found: give --credentials-csv, --profile or AWS_ACCESS_KEY_ID.'
  )
}

/** Of a server that hands out credentials: STS, SSO, a container's or a machine's. */
function refusalSentence(error: unknown, shown: string): string | undefined {
  if (!(error instanceof Error)) return undefined
  const metadata = '$metadata' in error ? (error.$metadata as { httpStatusCode?: number } | undefined) : undefined
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  if (metadata?.httpStatusCode !== undefined) {
    return `The role of ${shown} can't be assumed (${code}, HTTP ${metadata.httpStatusCode}); it is tried again.`
  }
  if (error.name === 'CredentialsProviderError') return undefined
  return `The credentials of ${shown} can't be fetched (${code}); it is tried again.`
}
