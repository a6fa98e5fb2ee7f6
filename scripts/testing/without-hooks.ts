/** Loaded into each test file before what tap loads: its hooks, a thread of their own for half of a small file's time, serve coverage and mocks. */
import module, { syncBuiltinESMExports } from 'node:module'

module.register = () => undefined
syncBuiltinESMExports()
