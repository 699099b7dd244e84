/** An HTTP proxy that opens tunnels by CONNECT. */
export type HttpProxy = {
  readonly host: string;
  readonly port: number;
  readonly user?: string;
  readonly password?: string;
};

const DEFAULT_PORT = 80;

/** A percent sign that begins no code stands for itself. */
const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** Of `http://[user:password@]host[:port]`; `null` for anything else. */
export const parseProxy = (text: string): HttpProxy | null => {
  if (!URL.canParse(text)) return null;
  const { protocol, hostname, port, username, password, pathname, search } = new URL(text);
  if (protocol !== 'http:' || hostname === '' || !['', '/'].includes(pathname) || search !== '') return null;
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const address = { host, port: port === '' ? DEFAULT_PORT : Number(port) };
  return username === '' ? address : { ...address, user: decode(username), password: decode(password) };
};

/** What the environment says of proxies: `HTTPS_PROXY` and `NO_PROXY`, as other programs read them. */
export type ProxyEnvironment = {
  readonly httpsProxy?: string | undefined;
  readonly noProxy?: string | undefined;
};

/** As curl reads it: names with their subdomains, addresses, `*`, separated by commas or spaces, each with or without a port. */
const isExempt = (endpoint: string, noProxy: string): boolean =>
  noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .map((entry) => entry.replace(/^\*?\./, '').replace(/^\[(.*)\](?::\d+)?$|^([^:]*):\d+$/, '$1$2'))
    .some((name) => name === '*' || (name !== '' && (endpoint === name || endpoint.endsWith(`.${name}`))));

/** Other programs take an address without a scheme. */
const parseEnvironment = (text: string): HttpProxy | null =>
  parseProxy(text.includes('://') ? text : `http://${text}`);

/** The proxy to use for an endpoint: that of the configuration, or else that of the environment. */
export const proxyFor = (
  endpoint: string,
  configured: string | undefined,
  { httpsProxy, noProxy }: ProxyEnvironment,
): HttpProxy | undefined => {
  if (configured !== undefined) return parseProxy(configured) ?? undefined;
  if (httpsProxy === undefined || isExempt(endpoint.toLowerCase(), noProxy ?? '')) return undefined;
  return parseEnvironment(httpsProxy) ?? undefined;
};

/** What is wrong with `HTTPS_PROXY` where it is not used because it cannot be; `null` otherwise. */
export const unusableProxy = (
  endpoint: string,
  configured: string | undefined,
  { httpsProxy = '', noProxy = '' }: ProxyEnvironment,
): string | null => {
  const isUnwanted =
    httpsProxy === '' || configured !== undefined || isExempt(endpoint.toLowerCase(), noProxy);
  if (isUnwanted || parseEnvironment(httpsProxy) !== null) return null;
  return 'HTTPS_PROXY is not used: it has to be http://[user:password@]host[:port]';
};
