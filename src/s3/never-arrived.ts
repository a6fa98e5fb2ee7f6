/** Failures of a connection after which it is certain that S3 was not asked at all, as Node names them; and a proxy's no. */
export const neverArrived: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ProxyRefusal',
])
