/** Debian's chromium, without a window, for the tests of the page. */
import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import type { Test } from 'tap'

const executablePath = '/usr/bin/chromium'

/** Why there is no browser; false: there is one, or there has to be. */
export const noBrowser =
  existsSync(executablePath) || process.env.AS2FS_REQUIRE_BROWSER === '1'
    ? false
    : 'there is no chromium, which is large: scripts/test-page installs it'

/** One page, what its console said, and what its policy kept it from. */
export interface Opened {
  readonly page: Page
  /** Errors, warnings, and whatever the policy of the page has refused. */
  readonly complaints: readonly string[]
}

export async function startBrowser(t: Test): Promise<Browser> {
  // As root chromium has no sandbox of its own; it sees nothing but our own server.
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
  t.teardown(() => browser.close())
  return browser
}

export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Europe/Berlin', ...options })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) complaints.push(`asked elsewhere: ${request.url()}`)
  })
  await page.goto(url)
  return { page, complaints }
}

/** Kept where AS2FS_SCREENSHOTS says. */
export async function screenshot(page: Page, name: string, fullPage = false): Promise<void> {
  const folder = process.env.AS2FS_SCREENSHOTS
  if (folder === undefined) return
  await mkdir(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage })
}

/** The texts of a page that are read with difficulty: each with its contrast, which ought to be 4.5 at least. */
export async function faintTexts(page: Page): Promise<readonly string[]> {
  const script = fileURLToPath(new URL('../../../test/helpers/faint-texts.js', import.meta.url))
  return page.evaluate<string[]>(await readFile(script, 'utf8'))
}
