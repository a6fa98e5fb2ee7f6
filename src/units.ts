/** Branded types: a key, a prefix and a name are all strings, and must not be mixed up. Paths are plain strings. */

declare const brand: unique symbol
type Brand<Base, Label extends string> = Base & { readonly [brand]: Label }

/** An S3 object key, at most 1,024 bytes of UTF-8. */
export type Key = Brand<string, 'Key'>
/** The beginning of S3 keys; ends in `/`. */
export type Prefix = Brand<string, 'Prefix'>
/** One segment of a path of the mount: at most 255 bytes, no `/`, no control characters. */
export type Name = Brand<string, 'Name'>

export type Milliseconds = number
/** Milliseconds since 1970-01-01T00:00Z. */
export type EpochMs = number
export type Bytes = number
