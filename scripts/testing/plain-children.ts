/** Loaded into each test file: what it spawns goes without tap's hooks, by which a daemon takes twice the processor to start. */
import processOnSpawn from 'process-on-spawn'

delete process.env.NODE_OPTIONS
processOnSpawn.removeAllListeners()
