/** The page, looked at in a browser: what one sees at a glance, that it updates by itself, and whom it can be used by. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { Gateway } from '../../src/demo/gateway.js'
import { receipts, type Receipt } from '../../src/demo/receipt.js'
import { systemClock } from '../../src/telemetry/clock.js'
import { faintTexts, noBrowser, openPage, screenshot, startBrowser } from '../helpers/browser.js'
import { prepare, type Mounted } from '../helpers/mounted.js'
import { until } from '../helpers/until.js'

const minute = 60_000
const partners = [
  { station: 'ACME-TOOLS', partner: 'HARBORMART' },
  { station: 'ACME-TOOLS', partner: 'GROVER_RETAIL' },
  { station: 'ACME-TOOLS-EU', partner: 'BAUHOF' },
  { station: 'ACME-TOOLS-EU', partner: 'LINDEN LOGISTIK' },
] as const
const [harbormart, grover, bauhof, linden] = partners
/** What a partner may call his files. */
const hostile = 'INV_<img src=x onerror="document.title=1">.x12'
const backwards = 'invoice_\u202egpj.exe'

interface World {
  readonly mounted: Mounted
  readonly gateway: Gateway
  readonly url: string
  /** What was sent so long ago, and what was answered, if anything was. */
  send(to: (typeof partners)[number], name: string, ago: number, answer?: Receipt): string
}

async function world(t: Test, flags: readonly string[] = []): Promise<World> {
  const stations = partners.flatMap((it) => ['--station', `${it.station}/${it.partner}`])
  const mounted = await prepare(t, { flags: ['--list-ttl', '300ms', ...stations], proxied: true })
  const gateway = new Gateway({ server: mounted.server, clock: systemClock, takeAfter: 0, mdnAfter: 1e12, seed: 7 })
  t.teardown(() => gateway.stop())
  const send: World['send'] = (to, name, ago, answer) => {
    const at = Date.now() - ago
    const key = gateway.recordSent(to, name, Buffer.alloc(600, 'x'), at)
    if (answer) gateway.answer(key, answer, at + 7_000)
    return key
  }
  for (const [i, to] of [...partners, ...partners, ...partners, ...partners, ...partners, ...partners].entries())
    send(to, `INV_${4500017401 + 7 * i}.x12`, (40 + 170 * i) * minute, receipts.processed)
  for (const [i, from] of [...partners, ...partners].entries())
    gateway.receive(from, `PO_${4500017500 + 3 * i}.edi`, Buffer.from('UNA'), {
      at: Date.now() - (9 + 95 * i) * minute,
    })
  await mounted.mount(['--http', '127.0.0.1:0', ...flags])
  return { mounted, gateway, url: (await mounted.status()).http ?? '', send }
}

/** Waits until the page says so. */
async function says(page: Page, what: string, selector = 'body'): Promise<void> {
  await page.locator(selector, { hasText: what }).first().waitFor({ timeout: 20_000 })
}

function textOf(page: Page, selector: string): Promise<string> {
  return page.locator(selector).innerText()
}

/** Runs in the page: which element has the focus, and how that is shown. */
const whereOneIs = `(() => {
  const it = document.activeElement
  const name = it.id || it.getAttribute('href') || it.getAttribute('name') || ''
  return { name, outline: getComputedStyle(it.closest('label') ?? it).outlineStyle }
})()`

/** Runs in the page: texts of which one can't see all. */
const cutOff = `[...document.querySelectorAll('main td, main td bdi, main a, h1, h2, header p')]
  .filter((it) => it.clientWidth > 0 && it.scrollWidth > it.clientWidth + 1)
  .map((it) => it.textContent)`

let browser: Browser
t.before(async () => {
  if (noBrowser === false) browser = await startBrowser(t)
})

t.test(
  'what is well, refused, overdue and lost is seen at a glance, and without loading anew',
  { skip: noBrowser },
  async (t) => {
    const all = await world(t)
    const { mounted, gateway } = all
    const { page, complaints } = await openPage(browser, all.url, { viewport: { width: 1180, height: 860 } })
    await says(page, 'All is well.', 'h1')
    await says(page, '24 messages were delivered in the last 7 days.')
    await says(page, 'live', '#link')
    await until('what came in', async () => (await textOf(page, '#count-came')).startsWith('8'))
    t.match(await textOf(page, '#came-rows tr:first-child'), /PO_4500017500\.edi\s+HARBORMART → ACME-TOOLS/)
    t.match(await page.title(), / – as2fs$/)
    await screenshot(page, 'page-well')

    all.send(bauhof, 'DESADV_4500017444.edi', 190 * minute)
    gateway.answer(all.send(grover, '855_4500017461.x12', 26 * minute), receipts.error)
    await says(page, '1 message was refused in the last 7 days.', 'h1')
    await says(page, '855_4500017461.x12 to GROVER_RETAIL, sent 26 min ago: “authentication-failed”', '#lines')
    t.match(await textOf(page, '#sent-rows tr:first-child'), /refused[^]*855_4500017461\.x12[^]*authentication-failed/)
    t.match(await page.title(), /^✕ 1 message was refused/)
    await says(page, '1 message has had no receipt for too long.', '#lines')
    await says(page, 'No receipt for 3 h.', '#sent-rows tr:nth-child(2)')
    all.send(linden, 'INVOIC_4500017377.edi', 300 * minute, receipts.warned)
    all.send(harbormart, hostile, 8 * minute)
    all.send(bauhof, backwards, 11 * minute, receipts.processed)
    await writeFile(mounted.path('ACME-TOOLS/HARBORMART/send/856_4500017464.x12.part'), 'half')
    await says(page, 'Its name looks unfinished.', '#waiting-rows')
    gateway.receive(linden, 'PO_new.edi', Buffer.from('UNA'))
    await says(page, 'PO_new.edi', '#came-rows tr:first-child')
    await says(page, hostile, '#sent-rows')
    await says(page, 'invoice_\uFFFDgpj.exe', '#sent-rows')
    await screenshot(page, 'page')

    await mounted.proxy.refuseConnections()
    await writeFile(mounted.path('ACME-TOOLS/HARBORMART/send/856_4500017465.x12'), 'ISA')
    await says(page, 'The bucket can’t be reached since', 'h1')
    await says(page, '1 file waits here, and is sent when it is over.', '#lines')
    await says(page, '856_4500017465.x12', '#waiting-rows')
    await screenshot(page, 'page-outage')
    await mounted.proxy.heal()
    await until(
      'the outage to be over',
      async () => (await textOf(page, 'h1')).startsWith('1 message was refused'),
      40_000,
    )

    t.same(complaints, [], 'nothing was refused by its policy, nothing was asked for elsewhere')
    t.equal(await page.locator('td img, td script').count(), 0)
    await mounted.kill('SIGKILL')
    await says(page, 'Not connected since', 'h1')
    await says(page, 'What is below was so then.', '#lines')
    t.equal(await textOf(page, '#link'), 'not connected')
    t.match(await page.title(), /^✕ Not connected/)
    await screenshot(page, 'page-gone')
  },
)

t.test('it can be read by everybody, used without a mouse, and on a phone', { skip: noBrowser }, async (t) => {
  const all = await world(t)
  all.send(grover, '855_4500017461.x12', 26 * minute, receipts.error)
  all.send(bauhof, 'DESADV_4500017444.edi', 190 * minute)
  all.send(linden, 'INVOIC_4500017377.edi', 300 * minute, receipts.warned)
  all.send(harbormart, `INV_${'unbroken'.repeat(16)}.x12`, 8 * minute)
  await writeFile(all.mounted.path('ACME-TOOLS/HARBORMART/send/draft.tmp'), 'half')
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page } = await openPage(browser, all.url, { viewport: { width: 1180, height: 860 }, colorScheme })
    await says(page, 'refused in the last 7 days', 'h1')
    await says(page, 'draft.tmp', '#waiting-rows')
    await says(page, 'PO_', '#came-rows')
    t.same(await faintTexts(page), [], colorScheme)
    if (colorScheme === 'dark') await screenshot(page, 'page-dark')
    await page.evaluate(`document.body.classList.add('lost')`)
    t.same(await faintTexts(page), [], `${colorScheme}, lost`)
    await page.context().close()
  }

  const { page: phone } = await openPage(browser, all.url, { viewport: { width: 360, height: 780 }, hasTouch: true })
  await says(phone, 'draft.tmp', '#waiting-rows')
  await says(phone, 'unbroken', '#sent-rows')
  await says(phone, 'PO_', '#came-rows')
  t.ok((await phone.evaluate<number>('document.documentElement.scrollWidth')) <= 360, 'nothing is beside the screen')
  t.same(await phone.evaluate<string[]>(cutOff), [], 'nothing is cut off')
  t.equal(await phone.getByRole('row', { name: /draft\.tmp/ }).count(), 1, 'a card is a row all the same')
  t.same(await faintTexts(phone), [])
  await screenshot(phone, 'page-phone')
  await phone.context().close()

  const { page } = await openPage(browser, all.url, { viewport: { width: 1180, height: 860 } })
  await says(page, 'refused in the last 7 days', 'h1')
  t.equal(await page.getByRole('main').count(), 1)
  t.equal(await page.getByRole('status').getByRole('heading', { level: 1 }).count(), 1, 'told when it changes')
  t.equal(await page.getByRole('heading', { level: 2 }).count(), 3)
  t.same(await page.getByRole('table', { name: 'What came in' }).getByRole('columnheader').allInnerTexts(), [
    ...['File', 'Received', 'Size'],
  ])
  const reached: string[] = []
  for (let i = 0; i < 16; i += 1) {
    await page.keyboard.press('Tab')
    const it = await page.evaluate<{ name: string; outline: string }>(whereOneIs)
    if (it.name === '') break
    t.equal(it.outline, 'solid', `${it.name} is seen to be where one is`)
    reached.push(it.name)
  }
  t.same(reached, [
    ...['#main', '#sent', 'period', 'count-refused', 'count-overdue', 'count-pending', 'count-delivered'],
    ...['count-waiting', 'count-came', 'show', 'sent-more'],
  ])
})

t.test('what is wanted is chosen: a state, a time, more', { skip: noBrowser }, async (t) => {
  const all = await world(t)
  for (let i = 0; i < 160; i += 1) all.send(harbormart, `ORD_${i}.x12`, (30 * 24 * 60 + i) * minute, receipts.processed)
  all.send(grover, '855_4500017461.x12', 26 * minute, receipts.error)
  const { page, complaints } = await openPage(browser, all.url)
  const rows = (): Promise<number> => page.locator('#sent-rows tr').count()
  await says(page, '855_4500017461.x12', '#sent-rows tr:first-child')
  await page.locator('#count-refused').click()
  await until('the refused alone', async () => (await rows()) === 1)
  t.equal(await page.locator('input[value=refused]').isChecked(), true)
  await page.keyboard.press('Tab')
  await page.getByLabel('overdue', { exact: true }).check()
  await says(page, 'There is none.', '#sent-rows')
  await page.getByLabel('all', { exact: true }).check()
  await page.locator('#period').selectOption('35d')
  await until('all of 35 days', async () => (await textOf(page, '#count-delivered')).startsWith('184'))
  t.equal(await rows(), 25)
  t.match(await textOf(page, '#sent-more'), 'Show more (25 of 185)')
  await page.locator('#sent-more').click()
  await until('more', async () => (await rows()) === 125)
  await page.locator('#sent-more').click()
  await until('all', async () => (await rows()) === 185)
  t.equal(await page.locator('#sent-more').isVisible(), false)
  t.same(complaints, [])

  // A page that nobody sees has nothing looked at.
  await page.evaluate(`
    Object.defineProperty(document, 'hidden', { value: true, configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
  `)
  await until('nothing to be asked of the bucket', async () => {
    const count = all.mounted.server.requests.list.length
    await page.waitForTimeout(1_500)
    return all.mounted.server.requests.list.length === count
  })
})

t.test('behind a token it is shown to who knows that, events too', { skip: noBrowser }, async (t) => {
  const file = join(t.testdir({}), 'token')
  await writeFile(file, 'correct-horse-battery-staple', { mode: 0o600 })
  const all = await world(t, ['--http-token-file', file])
  // As a browser has it once somebody has typed it in.
  const known = all.url.replace('//', '//me:correct-horse-battery-staple@')
  const { page, complaints } = await openPage(browser, known)
  await says(page, 'live', '#link')
  await says(page, 'All is well.', 'h1')
  t.same(complaints, [])
  const stranger = await openPage(browser, all.url).catch(() => undefined)
  t.notMatch(await stranger?.page.content(), 'What was sent')
})
