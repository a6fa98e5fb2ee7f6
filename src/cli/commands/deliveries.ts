/** `as2fs deliveries`. */
import { UsageError } from '../../errors.js'
import type { DeliveriesQuery } from '../../control/reports.js'
import { deliveryStates } from '../../delivery/delivery.js'
import { isGiven, type Typed } from '../command.js'
import { ask, mountNamed } from '../daemon-of.js'
import { check, deliveryTable } from '../delivery-table.js'
import { json } from '../format.js'
import type { Io } from '../io.js'
import { choice, moment, ParseError, station } from '../parse.js'

/** UNKNOWN, as Nagios has it. */
const unknown = 3

export async function run(typed: Typed, io: Io): Promise<number> {
  if (!isGiven(typed, 'check')) return show(typed, io)
  try {
    return await runCheck(typed, io)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    io.out(`DELIVERIES UNKNOWN: ${error.message}\n`)
    return unknown
  }
}

async function show(typed: Typed, io: Io): Promise<number> {
  const query = queryOf(typed)
  const mount = await mountNamed(typed.positionals[0] ?? '', io)
  const report = await ask(mount, (client) => client.deliveries(query))
  io.out(isGiven(typed, 'json') ? json(report) : deliveryTable(report))
  // Of some nobody knows.
  return report.missing.length > 0 ? 1 : 0
}

async function runCheck(typed: Typed, io: Io): Promise<number> {
  const query = queryOf(typed)
  const mount = await mountNamed(typed.positionals[0] ?? '', io)
  const [report, { send }] = await ask(mount, (client) => Promise.all([client.deliveries(query), client.status()]))
  if (report.missing[0] !== undefined) throw new UsageError(report.missing[0])
  const { exitCode, line } = check(report, send)
  io.out(line)
  return exitCode
}

function queryOf(typed: Typed): DeliveriesQuery {
  const [, partner] = typed.positionals
  const text = (name: string) => typed.options.get(name)?.at(-1)
  const [state, since] = [text('state'), text('since')]
  try {
    return {
      partner: partner === undefined ? undefined : station(partner),
      state: state === undefined ? undefined : choice(...deliveryStates)(state, '/'),
      since: since === undefined ? undefined : moment(since, Date.now()),
    }
  } catch (error) {
    if (error instanceof ParseError) throw new UsageError(error.message)
    throw error
  }
}
