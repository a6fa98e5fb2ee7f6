/** All commands, in the order of `--help`. */
import type { Command } from './command.js'
import { completionCommand } from './words/completion.js'
import { deliveriesCommand } from './words/deliveries.js'
import { demoCommand } from './words/demo.js'
import { doctorCommand } from './words/doctor.js'
import { eventsCommand } from './words/events.js'
import { infoCommand } from './words/info.js'
import { mountCommand } from './words/mount.js'
import { newCommand } from './words/new.js'
import { queueCommand } from './words/queue.js'
import { statusCommand } from './words/status.js'
import { umountCommand } from './words/umount.js'

export const commands: readonly Command[] = [
  mountCommand,
  umountCommand,
  statusCommand,
  queueCommand,
  newCommand,
  deliveriesCommand,
  infoCommand,
  eventsCommand,
  doctorCommand,
  demoCommand,
  completionCommand,
]
