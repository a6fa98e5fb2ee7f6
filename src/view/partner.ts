/** The two sides of an exchange: what owns every folder of the mount. */

/** Raw AS2 ids as they stand in keys. */
export interface Partner {
  readonly station: string
  readonly partner: string
}
