/** What was asked of S3 and what that costs, in one line. Pure. */
import type { RequestsReport } from '../control/reports.js'
import type { Milliseconds } from '../units.js'
import { span as spanned } from './format.js'

type Told = Readonly<Record<string, number>>

/** As whoever pays for S3 calls them; what else there is goes by the daemon's own word. */
const names: readonly (readonly [name: string, kinds: readonly string[]])[] = [
  ['LIST', ['list']],
  ['GET', ['get']],
  ['HEAD', ['head']],
  ['PUT', ['put']],
  ['multipart', ['createMultipart', 'uploadPart', 'completeMultipart', 'abortMultipart']],
]
/** So that the minute which has only begun is no less than an hour. */
const almostAnHour: Milliseconds = 59 * 60_000

/** `1,204 LIST, 88 GET in the last hour, about $0.15 a day at S3's prices`; before that `… in 12 min; at that rate about …` */
export function requestsLine({ lastHour, span, dollarsADay }: RequestsReport): string {
  const counts = countsIn(lastHour)
  const isWhole = span >= almostAnHour
  const so = `${counts} in ${isWhole ? 'the last hour' : spanned(span)}`
  if (dollarsADay === undefined || dollarsADay === 0) return so
  return `${so}${isWhole ? ',' : '; at that rate'} ${dollars(dollarsADay)} a day at S3's prices`
}

function countsIn(counts: Told): string {
  const shown = names.map(([name, kinds]) => [name, kinds.reduce((sum, it) => sum + (counts[it] ?? 0), 0)] as const)
  const words = shown.filter(([, count]) => count > 0).map(([name, count]) => `${count.toLocaleString('en')} ${name}`)
  return words.join(', ') || 'none'
}

/** `about $0.15`, `about $1,204`. */
function dollars(amount: number): string {
  if (amount < 0.01) return 'less than $0.01'
  const digits = amount < 100 ? 2 : 0
  return `about $${amount.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })}`
}
