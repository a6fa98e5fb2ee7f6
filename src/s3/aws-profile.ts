/** What a profile of ~/.aws says beside its credentials: its region, its endpoint, whom it trusts. */
import { CONFIG_PREFIX_SEPARATOR, loadSharedConfigFiles } from '@smithy/core/config'
import { homedir } from 'node:os'
import { join } from 'node:path'

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
  const { configFile, credentialsFile } = await loadSharedConfigFiles({
    ignoreCache: true,
    configFilepath: notEmpty(env.AWS_CONFIG_FILE) ?? join(folder, 'config'),
    filepath: notEmpty(env.AWS_SHARED_CREDENTIALS_FILE) ?? join(folder, 'credentials'),
  })
  const value = (key: string): string | undefined =>
    notEmpty(configFile[name]?.[key]) ?? notEmpty(credentialsFile[name]?.[key])
  const services = configFile[['services', value('services')].join(CONFIG_PREFIX_SEPARATOR)]
  return { name, value, s3Value: (key) => notEmpty(services?.[['s3', key].join(CONFIG_PREFIX_SEPARATOR)]) }
}

function notEmpty(text: string | undefined): string | undefined {
  const trimmed = text?.trim() ?? ''
  return trimmed === '' ? undefined : trimmed
}
