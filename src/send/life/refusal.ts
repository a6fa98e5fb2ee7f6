/** Why something can't be done to a sent file as it is: by its state, and by what else is known of it. Pure. */
import { FsError, type FsErrorCode } from '../../errors.js'
import { isLockFile } from './lock-files.js'
import type { Message } from './message.js'

export interface Refusal {
  readonly errno: FsErrorCode
  readonly says: (message: Message) => string
}

/** What keeps an event from a file whose state would let it. */
interface Obstacle extends Refusal {
  /** For the table. */
  readonly name: string
  readonly is: (message: Message, isUnderWay: boolean) => boolean
}

export const obstacles = {
  underWay: {
    name: 'on its way',
    errno: 'EBUSY',
    is: (_, isUnderWay) => isUnderWay,
    says: ({ path }) => `${path} is being uploaded.`,
  },
  inDoubt: {
    name: 'perhaps in the bucket',
    errno: 'EBUSY',
    is: ({ attempt }) => attempt !== undefined && attempt.isRefused !== true,
    says: ({ path }) => `${path} may be in the bucket already: it is looked for before it is sent.`,
  },
  packing: {
    name: 'an archive that is not made',
    errno: 'EBUSY',
    is: ({ members }) => members !== undefined,
    says: ({ path }) => `${path} is being packed.`,
  },
  damaged: {
    name: 'not complete',
    errno: 'EIO',
    is: ({ isDamaged }) => isDamaged === true,
    says: ({ path, error }) => `${path} is not complete: ${error ?? 'a write to it failed'}`,
  },
  inFolder: {
    name: 'in a folder',
    errno: 'EINVAL',
    is: ({ reason }) => reason === 'bundle',
    says: ({ path }) => `${path} is part of a folder: rename that to a name that ends in .zip.`,
  },
  trigger: {
    name: 'a trigger',
    errno: 'EINVAL',
    is: ({ reason }) => reason === 'trigger',
    says: ({ path }) => `${path} is a trigger: it is never sent, release its file.`,
  },
  lockFile: {
    name: 'a lock file',
    errno: 'EINVAL',
    is: ({ path }) => isLockFile(path),
    says: ({ path }) => `${path} is a lock file: it is never sent, rename or remove it.`,
  },
  notTrigger: {
    name: 'no trigger',
    errno: 'EINVAL',
    is: ({ reason }) => reason !== 'trigger',
    says: ({ path }) => `${path} is no trigger.`,
  },
  notInFolder: {
    name: 'in no folder',
    errno: 'EINVAL',
    is: ({ reason }) => reason !== 'bundle',
    says: ({ path }) => `${path} is in no folder that could be sent.`,
  },
  notPacking: {
    name: 'no archive that is to be made',
    errno: 'EINVAL',
    is: ({ reason }) => reason !== 'packing',
    says: ({ path }) => `${path} is no archive that is to be made.`,
  },
  notLeft: {
    name: 'not one whose fate is open',
    errno: 'ENOENT',
    is: ({ isUntold }) => isUntold !== true,
    says: ({ path }) => `What became of ${path} is known already.`,
  },
} as const satisfies Readonly<Record<string, Obstacle>>

export type ObstacleName = keyof typeof obstacles

export const notHere: Refusal = { errno: 'ENOENT', says: () => 'It is not in this send/ any more.' }
export const onItsWay: Refusal = { errno: 'EBUSY', says: ({ path }) => `${path} is being uploaded.` }

export function submittedAlready(errno: FsErrorCode): Refusal {
  return { errno, says: ({ path }) => `${path} is submitted already: the gateway has it.` }
}

/** @param why what may be done, or can't */
export function inThisState(why: string): Refusal {
  return { errno: 'EINVAL', says: ({ path, state }) => `${path} is ${state}${why}` }
}

export function refused({ errno, says }: Refusal, message: Message): FsError {
  return new FsError(errno, says(message))
}

/** Of one that is not tried, as it is held: what sends it instead. */
export const heldStill: Refusal = {
  errno: 'EINVAL',
  says: (message) => {
    const obstacle = [obstacles.packing, obstacles.inFolder, obstacles.trigger].find((it) => it.is(message))
    return (obstacle ?? inThisState(': release sends it.')).says(message)
  },
}

/** @throws FsError EBUSY for an archive that is not made yet */
export function mustBePacked(message: Message): Message {
  if (obstacles.packing.is(message) && message.state !== 'failed') throw refused(obstacles.packing, message)
  return message
}
