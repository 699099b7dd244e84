import { isIP } from 'node:net';

/** Whether an address or host name, IPv6 with or without brackets, means this machine itself. */
export const isLoopback = (host: string): boolean => {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
};
