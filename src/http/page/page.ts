/** The page: asks the daemon how it is, draws that, and does so again when something has happened. It changes nothing. */
import { ask, longPatience, Repeated, type Answer } from './asking.js'
import { element, level, write } from './dom.js'
import { Following } from './following.js'
import { headline, type Known } from './headline.js'
import { Rows, tellTimes } from './rows.js'
import type { ToldArrivals, ToldDeliveries, ToldMessage, ToldQueue, ToldStatus } from './told.js'
import { arrivalRow, fileRow, messageRow } from './told-rows.js'
import { clockTime, counted, printable, span } from './words.js'

/** Rows at first, with each *more*, and at most: a table of 100,000 helps nobody. */
const [fewest, further, most] = [25, 100, 1_000]
/** Of what nobody tells by itself: how far an upload is, and how old a thing. */
const lookEvery = 5_000
/** What may have been missed. */
const lookAtAllEvery = 15_000
const lostAfter = 15_000
/** What takes the daemon long, it is not to be at all the time. */
const restOfLong = 5
/** The same where it is certain that nobody answers. */
const refusedFor = 5_000

const states = ['failed', 'held', 'uploading', 'queued', 'submitted', 'open'] as const

type Shown = 'all' | 'refused' | 'overdue' | 'pending' | 'delivered'
const worst = 'refused,overdue'
const statesOf: Readonly<Record<Shown, string>> = {
  ...{ all: '', refused: 'refused', overdue: 'overdue', pending: 'pending', delivered: 'delivered,warned' },
}

class Page {
  readonly #tables = { waiting: tableOf('waiting'), sent: tableOf('sent'), came: tableOf('came') }
  readonly #limits = { waiting: fewest, sent: fewest, came: fewest }
  readonly #ask = {
    status: new Repeated(() => this.#askStatus()),
    queue: new Repeated(() => this.#askQueue()),
    deliveries: new Repeated(() => this.#askDeliveries(), restOfLong),
    arrivals: new Repeated(() => this.#askArrivals(), restOfLong),
  }
  readonly #following = new Following({
    onEvent: (event) => this.#happened(event),
    onOpen: () => this.#askAll(),
  })
  #status: ToldStatus | undefined
  #queue: ToldQueue | undefined
  #deliveries: ToldDeliveries | undefined
  /** Those that somebody should look at. */
  #worst: readonly ToldMessage[] = []
  #arrivals: ToldArrivals | undefined
  #shown: Shown = 'all'
  /** By the browser's clock: when the daemon last told how it is, or was asked first. */
  #heardAt = Date.now()
  /** How much the daemon's clock is ahead of the browser's. */
  #ahead = 0
  #isLost = false
  #refusal: string | undefined
  #isFailing = false

  start(): void {
    for (const it of document.querySelectorAll<HTMLInputElement>('input[name=show]'))
      it.addEventListener('change', () => this.#show(it.value as Shown))
    for (const it of document.querySelectorAll<HTMLElement>('[data-show]'))
      it.addEventListener('click', () => this.#choose(it.dataset.show as Shown))
    element('period').addEventListener('change', () => this.#askAll())
    for (const name of ['waiting', 'sent', 'came'] as const)
      element(`${name}-more`).addEventListener('click', () => this.#more(name))
    document.addEventListener('visibilitychange', () => this.#seen())
    setInterval(() => this.#tick(), 1_000)
    setInterval(() => this.#look(), lookEvery)
    setInterval(() => this.#lookAtAll(), lookAtAllEvery)
    this.#seen()
  }

  /** A page that nobody sees asks for nothing, and costs nothing. */
  #seen(): void {
    if (document.hidden) this.#following.stop()
    else {
      // Nobody has asked meanwhile.
      this.#heardAt = Date.now()
      this.#following.start()
      this.#askAll()
    }
  }

  #askAll(): void {
    for (const it of Object.values(this.#ask)) it.want()
  }

  #look(): void {
    if (document.hidden) return
    this.#ask.status.want()
    this.#ask.queue.want()
    if (!this.#following.isLive) this.#ask.deliveries.want()
  }

  #lookAtAll(): void {
    if (!document.hidden) this.#askAll()
  }

  #happened(event: string): void {
    this.#ask.status.want()
    this.#ask.queue.want()
    if (event === 'received') this.#ask.arrivals.want()
    else this.#ask.deliveries.want()
  }

  async #askStatus(): Promise<void> {
    const answer = await ask<ToldStatus>('api/status')
    this.#isFailing = answer.kind === 'silent'
    take(answer, (it) => (this.#status = it))
    if (answer.kind !== 'silent') {
      this.#heardAt = Date.now()
      this.#refusal = answer.kind === 'refused' ? answer.why : undefined
    }
    this.#tick()
  }

  async #askQueue(): Promise<void> {
    take(await ask<ToldQueue>('api/queue?limit=1000'), (it) => {
      this.#queue = it
      this.#ahead = it.generatedAt - Date.now()
    })
    this.#drawWaiting()
  }

  async #askDeliveries(): Promise<void> {
    const [shown, limit] = [this.#shown, this.#limits.sent]
    const query = (states: string, rows: number) =>
      ask<ToldDeliveries>(`api/deliveries?since=${period()}&limit=${rows}${states && `&state=${states}`}`, longPatience)
    const [latest, first] = await Promise.all([query(statesOf[shown], limit), query(worst, limit)])
    if (shown !== this.#shown) {
      this.#ask.deliveries.want()
      return
    }
    if (first.kind === 'told') this.#worst = first.value.rows
    take(latest, (it) => (this.#deliveries = it), 'sent-note')
    this.#drawSent()
  }

  async #askArrivals(): Promise<void> {
    const answer = await ask<ToldArrivals>(`api/arrivals?since=${period()}&limit=${this.#limits.came}`, longPatience)
    take(answer, (it) => (this.#arrivals = it), 'came-note')
    this.#drawCame()
  }

  /** Once a second: what is told of time, and whether the daemon is there. */
  #tick(): void {
    const silence = Date.now() - this.#heardAt
    const wasLost = this.#isLost
    this.#isLost = !document.hidden && silence > (this.#isFailing ? refusedFor : lostAfter)
    if (wasLost && !this.#isLost) this.#askAll()
    document.body.classList.toggle('lost', this.#isLost || this.#refusal !== undefined)
    tellTimes(this.#now)
    this.#drawWell()
  }

  /** By the daemon's clock. */
  get #now(): number {
    return Date.now() + this.#ahead
  }

  #show(shown: Shown): void {
    this.#shown = shown
    this.#limits.sent = fewest
    this.#ask.deliveries.want()
  }

  #choose(shown: Shown): void {
    const radio = document.querySelector<HTMLInputElement>(`input[name=show][value=${shown}]`)
    if (radio) radio.checked = true
    this.#show(shown)
  }

  #more(name: 'waiting' | 'sent' | 'came'): void {
    this.#limits[name] = Math.min(most, this.#limits[name] + further)
    if (name === 'waiting') this.#drawWaiting()
    else this.#ask[name === 'sent' ? 'deliveries' : 'arrivals'].want()
  }

  #drawWell(): void {
    const known: Known = {
      status: this.#status,
      queue: this.#queue,
      deliveries: this.#deliveries,
      worst: this.#worst,
      period: periodInWords(),
      refusal: this.#refusal,
      lostSince: this.#isLost ? this.#heardAt : undefined,
    }
    const { text, lines, level: worstLevel } = headline(known, this.#isLost ? Date.now() : this.#now)
    write('headline', text)
    level('well', worstLevel)
    drawLines(lines)
    const title =
      worstLevel === 'bad' ? `✕ ${text}` : worstLevel === 'warn' ? `! ${text}` : (this.#status?.mountpoint ?? '')
    document.title = `${title} – as2fs`
    write('link', this.#isLost ? 'not connected' : this.#following.isLive ? 'live' : 'asked every 5 s')
    level('link', this.#isLost ? 'bad' : this.#following.isLive ? 'good' : 'busy')
    if (this.#status) drawAbout(this.#status, this.#now)
  }

  #drawWaiting(): void {
    if (!this.#queue) return
    const { rows, counts } = this.#queue
    const total = states.reduce((sum, it) => sum + counts[it], 0)
    const shown = rows.slice(0, this.#limits.waiting)
    this.#tables.waiting.draw(
      shown.map((it) => fileRow(it, this.#now)),
      this.#now,
      'Nothing waits.',
    )
    write('waiting-note', countsInWords(counts))
    count('waiting', total)
    more('waiting', shown.length < Math.min(rows.length, most), shown.length, total)
    this.#drawWell()
  }

  #drawSent(): void {
    if (!this.#deliveries) return
    const { rows, counts, left } = this.#deliveries
    const worst = this.#shown === 'all' ? this.#worst : []
    const first = new Set(worst.map(keyOf))
    const all = [...worst, ...rows.filter((it) => !first.has(keyOf(it)))].slice(0, this.#limits.sent)
    this.#tables.sent.draw(
      all.map((it) => messageRow(it, this.#now)),
      this.#now,
      this.#shown === 'all' ? `Nothing was sent in ${periodInWords()}.` : 'There is none.',
    )
    const { refused, overdue, pending, delivered, warned } = counts
    const total = { refused, overdue, pending, delivered: delivered + warned }
    for (const [name, number] of Object.entries(total)) count(name, number)
    write(
      'sent-note',
      left > 0 ? `${counted(left, 'receipt is', 'receipts are')} being read: some of it may change soon.` : '',
    )
    const ofShown = this.#shown === 'all' ? refused + overdue + pending + total.delivered : total[this.#shown]
    more('sent', all.length < Math.min(ofShown, most), all.length, ofShown)
    this.#drawWell()
  }

  #drawCame(): void {
    if (!this.#arrivals) return
    const { rows, count: total, missing } = this.#arrivals
    this.#tables.came.draw(rows.map(arrivalRow), this.#now, `Nothing came in ${periodInWords()}.`)
    write('came-note', missing.map(printable).join(' '))
    count('came', total)
    more('came', rows.length < Math.min(total, most), rows.length, total)
  }
}

/** @param note where it stands why there is nothing to be told */
function take<T>(answer: Answer<T>, use: (value: T) => void, note?: string): void {
  if (answer.kind === 'told') use(answer.value)
  else if (answer.kind === 'refused' && note !== undefined) write(note, printable(answer.why))
}

function tableOf(name: string): Rows {
  return new Rows(element(`${name}-rows`))
}

function period(): string {
  return (element('period') as HTMLSelectElement).value
}

function periodInWords(): string {
  return (element('period') as HTMLSelectElement).selectedOptions[0]?.text ?? ''
}

function keyOf({ station, partner, message, names, sentAt }: ToldMessage): string {
  return JSON.stringify([station, partner, message, names[0], sentAt])
}

function count(name: string, number: number): void {
  const link = element(`count-${name}`)
  const shown = link.querySelector('b')
  if (shown) shown.textContent = number.toLocaleString('en')
  link.classList.toggle('none', number === 0)
}

/** @param isMore it would show more */
function more(name: string, isMore: boolean, shown: number, total: number): void {
  const button = element(`${name}-more`)
  button.hidden = !isMore
  button.textContent = `Show more (${shown.toLocaleString('en')} of ${total.toLocaleString('en')})`
}

function countsInWords(counts: ToldQueue['counts']): string {
  return states
    .filter((it) => counts[it] > 0)
    .map((it) => `${counts[it].toLocaleString('en')} ${it}`)
    .join(', ')
}

function drawLines(
  lines: readonly { readonly text: string; readonly level: string; readonly section?: string }[],
): void {
  const list = element('lines')
  const as = JSON.stringify(lines)
  if (list.dataset.as === as) return
  list.dataset.as = as
  list.replaceChildren(
    ...lines.map(({ text, level: how, section }) => {
      const item = document.createElement('li')
      item.dataset.level = how
      const said = section === undefined ? document.createElement('span') : document.createElement('a')
      if (section !== undefined) said.setAttribute('href', `#${section}`)
      said.textContent = text
      item.append(said)
      return item
    }),
  )
}

function drawAbout({ version, mountpoint, bucket, since }: ToldStatus, now: number): void {
  write('mount', `${printable(mountpoint)} · ${bucket}`)
  write('about', `as2fs ${version}, mounted since ${clockTime(since, now)} (${span(now - since)})`)
}

new Page().start()
