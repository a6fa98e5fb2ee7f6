/** What went wrong in getting credentials, in one sentence that is true and holds no secret. Pure. */

import { NetworkFailure } from './network-failure.js'

/** What is known of a try. */
export interface FailedFetch {
  /** What the SDK threw in the end. */
  readonly error: unknown
  /** Why each of its sources gave nothing, in order. */
  readonly reasons: readonly string[]
  /** As it was named; undefined: the default one. */
  readonly profile: string | undefined
  /** Other sources may be named there. */
  readonly env: Readonly<NodeJS.ProcessEnv>
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
    pattern: /SSO session|SSO token|aws sso login|^UnauthorizedException/i,
    sentence: (profile) => `The SSO session of ${profile} has expired, or was never begun: aws sso login.`,
  },
  {
    pattern: /aws login|login session/i,
    sentence: (profile) => `The login session of ${profile} has expired, or was never begun: aws login.`,
  },
  {
    pattern: /multi-factor authentication/,
    sentence: (profile) =>
      `A code (MFA) is asked for by ${profile}, and a mount has none: give one without mfa_serial.`,
  },
  {
    pattern: /^URL not accepted/,
    sentence: () =>
      'AWS_CONTAINER_CREDENTIALS_FULL_URI names a server that may not be asked for credentials: it needs https, or to be on this machine.',
  },
]

export function credentialSentence({ error, reasons, profile, env }: FailedFetch): string {
  const shown = profile === undefined ? 'the default profile' : `the profile ${profile}`
  const said = [...reasons, ...(error instanceof Error ? [error.message] : [])]
  for (const { pattern, sentence } of causes) {
    for (const reason of said) {
      const match = pattern.exec(reason)
      if (match) return sentence(shown, match)
    }
  }
  return (
    missingSentence(said, profile) ??
    refusalSentence(error, shown) ??
    serverSentence(said, shown, env) ??
    noneSentence(profile, env)
  )
}

/** A profile that there is not, or that is referred to. */
function missingSentence(said: readonly string[], profile: string | undefined): string | undefined {
  if (profile === undefined) return undefined
  const missing = said.map((it) => /using profile: \[([^\]]+)\]/.exec(it)?.[1]).find((it) => it !== undefined)
  if (missing !== undefined && missing !== profile) {
    return `The profile ${profile} takes its credentials from the profile ${missing}, which is not there, or has none.`
  }
  if (!said.some((it) => /could not be found in shared credentials file|was not found/.test(it))) return undefined
  return `There is no profile ${profile} in ~/.aws/config or ~/.aws/credentials (or the files that AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name).`
}

/** Of a server that hands out credentials: STS, SSO, a container's or a machine's. */
function refusalSentence(error: unknown, shown: string): string | undefined {
  if (!(error instanceof Error)) return undefined
  const metadata = '$metadata' in error ? (error.$metadata as { httpStatusCode?: number } | undefined) : undefined
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  if (metadata?.httpStatusCode !== undefined) {
    const renew = /^Expired/.test(code)
      ? 'what it is assumed with has expired, and must be renewed'
      : 'it is tried again'
    return `The role of ${shown} can't be assumed (${code}, HTTP ${metadata.httpStatusCode}); ${renew}.`
  }
  if (error.name === 'CredentialsProviderError') return undefined
  if (error instanceof NetworkFailure) return `The credentials of ${shown} can't be fetched: ${error.message}.`
  if ('path' in error) return `The file ${String(error.path)}, from which credentials come, can't be read (${code}).`
  return `The credentials of ${shown} can't be fetched (${code}); it is tried again.`
}

/** One that can't be reached, or gives none. */
function serverSentence(said: readonly string[], shown: string, env: Readonly<NodeJS.ProcessEnv>): string | undefined {
  const way = said.map((it) => /^NetworkFailure: (.*)/s.exec(it)?.[1]).find((it) => it !== undefined)
  if (way !== undefined) return `The credentials of ${shown} can't be fetched: ${way}.`
  const code = said.map((it) => /\b(E[A-Z]{4,}|EAI_AGAIN)\b/.exec(it)?.[1]).find((it) => it !== undefined)
  const variable = ['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', 'AWS_CONTAINER_CREDENTIALS_FULL_URI'].find(
    (it) => (env[it] ?? '') !== '',
  )
  if (variable !== undefined) {
    const why = code === undefined ? 'gives none' : `can't be reached, ${code}`
    return `The container's server for credentials ${why} (${variable}); it is tried again.`
  }
  return code === undefined ? undefined : `The credentials of ${shown} can't be fetched (${code}); it is tried again.`
}

function noneSentence(profile: string | undefined, env: Readonly<NodeJS.ProcessEnv>): string {
  if (profile !== undefined) {
    return `The profile ${profile} gives no credentials: it needs keys, a credential_process, an SSO session, or a role that can be had here.`
  }
  const isSet = (name: string): boolean => (env[name] ?? '') !== ''
  if (isSet('AWS_ACCESS_KEY_ID') !== isSet('AWS_SECRET_ACCESS_KEY')) {
    return 'Of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set: give both.'
  }
  return 'No credentials were found: give --credentials-csv, --profile or AWS_ACCESS_KEY_ID.'
}
