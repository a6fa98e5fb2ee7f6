/** Where credentials of the SDK's chain are from, for people. Pure. */

/** By the SDK's own marks, the most telling first. @see setCredentialFeature of @aws-sdk/core */
const origins: readonly (readonly [mark: RegExp, origin: (profile: string) => string])[] = [
  [/^CREDENTIALS_ENV_VARS$/, () => 'AWS_ACCESS_KEY_ID in the environment'],
  [/SSO/, (profile) => `the SSO session of ${profile}`],
  [/LOGIN/, (profile) => `the login session of ${profile}`],
  [/PROCESS/, (profile) => `the credential_process of ${profile}`],
  [/WEB_ID/, () => 'a web identity, for which a role is assumed'],
  [/ASSUME_ROLE/, (profile) => `the role that ${profile} assumes`],
  [/HTTP/, () => 'the container’s role'],
  [/IMDS/, () => 'the machine’s role'],
  [/PROFILE/, (profile) => `${profile} in ~/.aws`],
]

/**
 * @param credentials as the SDK gives them
 * @param profile as it is named; undefined: the default one
 */
export function originOf(credentials: object, profile: string | undefined): string {
  const source = '$source' in credentials ? (credentials.$source ?? {}) : {}
  const marks = Object.keys(source)
  const shown = profile === undefined ? 'the default profile' : `the profile ${profile}`
  const found = origins.find(([mark]) => marks.some((it) => mark.test(it)))
  return found?.[1](shown) ?? 'the AWS default chain'
}
