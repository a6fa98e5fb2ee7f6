/** For how long the kernel believes what it was told, of names and of attributes: it asks nobody meanwhile. */
import type { Milliseconds } from '../../units.js'

/**
 * The kernel is told so (`attr_timeout`, `entry_timeout`). With nothing of it, `ls -l` again would cost a call for each file; with
 * more, a name that left `send/` would still be there. That a name is not there it never believes, but for `absentFor`.
 */
export const believedFor: Milliseconds = 1_000

/**
 * That of a name which hardly anything but its own calls could bring (`isLasting` of an FsError): who makes a file asks for it
 * three times before.
 */
export const absentFor: Milliseconds = 50

/** What was told last may have been told a moment ago, and its time counts from when the kernel has it. */
const onItsWay: Milliseconds = 50

/** When the kernel is certain to ask again. */
export const believedAtMost: Milliseconds = believedFor + onItsWay
