/**
 * How commands ask: node:http's request. An import would load all that this module could give, fetch and WebSocket in newer versions of
 * Node: a third of the time that `status` takes.
 */
import type * as Http from 'node:http'
import { createRequire } from 'node:module'

export const { request: httpRequest } = createRequire(import.meta.url)('node:http') as typeof Http
