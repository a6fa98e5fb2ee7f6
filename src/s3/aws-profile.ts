/** What a profile of ~/.aws says beside its credentials: its region, its endpoint, whom it trusts. */
import { access } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { codeOf } from '../errors.js'

export interface AwsProfile {
  readonly name: string
  /** Of the profile itself; undefined if there is no such key, or nothing in it. */
  value(key: string): string | undefined
  /** Of the section of S3 among the services that the profile names, else undefined. */
  s3Value(key: string): string | undefined
}

/** @param profile as it is named; undefined: AWS_PROFILE, else the default one */
export async function awsProfile(
  profile: string | undefined,
  env: Readonly<NodeJS.ProcessEnv> = process.env,
): Promise<AwsProfile> {
  const name = profile ?? notEmpty(env.AWS_PROFILE) ?? 'default'
  const folder = join(env.HOME ?? homedir(), '.aws')
  const configFilepath = notEmpty(env.AWS_CONFIG_FILE) ?? join(folder, 'config')
  const filepath = notEmpty(env.AWS_SHARED_CREDENTIALS_FILE) ?? join(folder, 'credentials')
  if (!(await isThere(configFilepath)) && !(await isThere(filepath))) return nothingSaid(name)
  // Most servers have none of these files, and need nothing that reads them.
  const { CONFIG_PREFIX_SEPARATOR, loadSharedConfigFiles } = await import('@smithy/core/config')
  const { configFile, credentialsFile } = await loadSharedConfigFiles({ ignoreCache: true, configFilepath, filepath })
  const value = (key: string): string | undefined =>
    notEmpty(configFile[name]?.[key]) ?? notEmpty(credentialsFile[name]?.[key])
  const services = configFile[['services', value('services')].join(CONFIG_PREFIX_SEPARATOR)]
  return { name, value, s3Value: (key) => notEmpty(services?.[['s3', key].join(CONFIG_PREFIX_SEPARATOR)]) }
}

function nothingSaid(name: string): AwsProfile {
  return { name, value: () => undefined, s3Value: () => undefined }
}

/** What can't be looked at is there, for all that is known: whoever reads it says what is wrong. */
function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    (error: unknown) => !['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? ''),
  )
}

function notEmpty(text: string | undefined): string | undefined {
  const trimmed = text?.trim() ?? ''
  return trimmed === '' ? undefined : trimmed
}
