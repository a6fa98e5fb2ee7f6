/** What `as2fs status` says of requests and their price. */
import t from 'tap'
import { requestsLine } from '../../src/cli/requests-line.js'
import type { RequestsReport } from '../../src/control/reports.js'

const minute = 60_000

function told(lastHour: RequestsReport['lastHour'], span: number, dollarsADay?: number): string {
  return requestsLine({ lastHour, span, dollarsADay, sinceMount: {} })
}

t.test('requests are shown by kind, with what they cost a day', async (t) => {
  const rows: readonly (readonly [shown: string, lastHour: RequestsReport['lastHour'], dollars: number])[] = [
    ["1,204 LIST, 88 GET in the last hour, about $0.15 a day at S3's prices", { list: 1204, get: 88, head: 0 }, 0.145],
    ["12 HEAD, 3 PUT in the last hour, less than $0.01 a day at S3's prices", { head: 12, put: 3 }, 0.004],
    ["2,000,000 LIST in the last hour, about $2,400 a day at S3's prices", { list: 2_000_000 }, 2_400],
    [
      "5 multipart in the last hour, about $1.00 a day at S3's prices",
      { createMultipart: 1, uploadPart: 2, completeMultipart: 1, abortMultipart: 1 },
      1,
    ],
    ['none in the last hour', { list: 0, get: 0 }, 0],
  ]
  for (const [shown, lastHour, dollars] of rows) t.equal(told(lastHour, 59.5 * minute, dollars), shown)
})

t.test('what is reckoned from less than an hour is said to be', async (t) => {
  t.equal(told({ list: 40 }, 12.4 * minute, 1.25), "40 LIST in 12 min; at that rate about $1.25 a day at S3's prices")
  t.equal(told({ list: 40 }, 20_000), '40 LIST in 20 s', 'of too little no day is told')
  t.equal(told({}, 12 * minute, 0), 'none in 12 min')
})
