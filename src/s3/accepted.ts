/**
 * Answers are accepted or refused as they come from the connection, before the SDK reads them: it would believe any page with 200, and
 * keep one without end in memory.
 */
import { Readable } from 'node:stream'
import type { Bytes, Milliseconds } from '../units.js'
import { foreign, isFromS3, saidByS3, type AnswerHead } from './acceptable.js'
import { EndlessBody, readSmallBody } from './body.js'
import { ForeignAnswer } from './foreign-answer.js'
import { S3Refusal } from './s3-refusal.js'

/** As the SDK has it beneath its own reading. */
export interface HttpAnswer extends AnswerHead {
  body: Readable | Uint8Array | undefined
}

/**
 * Reads an answer with a status below 300, and leaves in it what the SDK may read.
 * @throws ForeignAnswer, or whatever reading throws
 */
type Accept<T> = (answer: HttpAnswer) => T | Promise<T>

interface Arguments<Input extends object> {
  readonly input: Input
  readonly request: unknown
}
interface Result<Output extends object> {
  readonly response: unknown
  output?: Output
}
type Handler<Input extends object, Output extends object> = (args: Arguments<Input>) => Promise<Result<Output>>

/** Of a command of the SDK's the part that is used here. */
interface Command<Input extends object, Output extends object> {
  readonly middlewareStack: {
    add(
      middleware: (next: Handler<Input, Output>) => Handler<Input, Output>,
      options: { step: 'deserialize'; priority: 'low'; name: string },
    ): void
  }
}

/** What S3 says of itself is shorter by far. */
const longestWords: Bytes = 64 * 1024
/** From the head of such an answer to its end. */
const usual: Milliseconds = 10_000
/** Between two pieces of one that takes longer. */
const silence: Milliseconds = 30_000

/**
 * Accepts what comes in answer to a command, or throws; refusals too.
 * @param options.isHead S3's answer has nothing but a head
 * @returns what `accept` made of it, once the command was sent
 */
export function acceptedBy<T, Input extends object, Output extends object>(
  command: Command<Input, Output>,
  accept: Accept<T>,
  { isHead = false } = {},
): () => T {
  let accepted: { readonly as: T } | undefined
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      const answer = result.response as HttpAnswer
      try {
        if (answer.statusCode >= 300) throw refusalIn(answer, await wordsOf(answer), isHead)
        accepted = { as: await accept(answer) }
      } catch (error) {
        // Without a listener the end of an unread body would end the process.
        if (answer.body instanceof Readable) answer.body.on('error', () => undefined).destroy()
        throw error
      }
      return result
    },
    // The last before the connection: the SDK's own deserializer is around it.
    { step: 'deserialize', priority: 'low', name: 'as2fsAccept' },
  )
  return () => {
    if (!accepted) throw new Error('no answer was accepted')
    return accepted.as
  }
}

/**
 * The same, of answers that have no more in them than a few words.
 * @param options.patience from the head of one to its end
 */
export function wordsAcceptedBy<T, Input extends object, Output extends object>(
  command: Command<Input, Output>,
  accept: (answer: AnswerHead, words: string) => T,
  { patience = () => usual }: { readonly patience?: (head: AnswerHead) => Milliseconds } = {},
): () => T {
  return acceptedBy(command, async (answer) => {
    const words = await wordsOf(answer, patience(answer))
    // S3 may have begun an answer with 200 before it failed.
    const said = saidByS3(words)
    if (said) throw new S3Refusal(answer, said)
    return accept(answer, words)
  })
}

function refusalIn(answer: HttpAnswer, words: string, isHead: boolean): Error {
  if (isHead) return isFromS3(answer) ? new S3Refusal(answer) : foreign(answer)
  const said = saidByS3(words)
  return said ? new S3Refusal(answer, said) : foreign(answer)
}

/** The body, which the SDK then has as well. */
async function wordsOf(answer: HttpAnswer, patience = usual): Promise<string> {
  const { body } = answer
  if (body === undefined) return ''
  if (body instanceof Uint8Array) return Buffer.from(body).toString()
  try {
    const words = await readSmallBody(body, longestWords, patience, Math.min(patience, silence))
    answer.body = Buffer.from(words)
    return words
  } catch (cause) {
    if (cause instanceof EndlessBody) throw new ForeignAnswer('one who does not come to an end', { cause })
    throw cause
  }
}
