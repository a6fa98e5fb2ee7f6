/** The package has no types of its own. */
declare module 'proxy-from-env' {
  /** By HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, in whatever case; empty: no proxy. */
  export function getProxyForUrl(url: string): string
}
