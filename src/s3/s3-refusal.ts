/** An error in S3's own words. */

/** What the code of a refusal is where there is no body to say it: by status. */
const codesOfHead: ReadonlyMap<number, string> = new Map([
  [301, 'PermanentRedirect'],
  [403, 'Forbidden'],
  [404, 'NotFound'],
  [412, 'PreconditionFailed'],
])

interface Answer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
}

/** `name` is S3's code. The SDK, which corrects its clock by refusals, reads the rest. */
export class S3Refusal extends Error {
  override readonly name: string
  readonly $metadata: { readonly httpStatusCode: number; readonly requestId: string | undefined }
  readonly $response: Answer
  /** All that S3 says, by the names of its elements: `Code`, `Message`, `Header`, `Region`… */
  readonly said: ReadonlyMap<string, string>

  constructor(answer: Answer, said: ReadonlyMap<string, string> = new Map()) {
    super(said.get('Message') ?? '')
    this.name = said.get('Code') ?? codesOfHead.get(answer.statusCode) ?? `HTTP ${answer.statusCode}`
    this.$metadata = { httpStatusCode: answer.statusCode, requestId: answer.headers['x-amz-request-id'] }
    this.$response = answer
    this.said = said
  }
}
