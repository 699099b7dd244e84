import { describe, expect, it } from 'vitest';
import { parseProxy, proxyFor, unusableProxy } from '../../src/config/proxy.ts';

const ENDPOINT = 'abc-ats.iot.eu-west-1.amazonaws.com';

describe('the HTTP proxy', () => {
  it.each([
    ['http://proxy', { host: 'proxy', port: 80 }],
    ['http://proxy:3128/', { host: 'proxy', port: 3128 }],
    ['http://[fd00::1]:3128', { host: 'fd00::1', port: 3128 }],
    ['http://me:p%40ss@proxy:8080', { host: 'proxy', port: 8080, user: 'me', password: 'p@ss' }],
    ['http://me:100%25%@proxy', { host: 'proxy', port: 80, user: 'me', password: '100%25%' }],
    ['http://me@proxy', { host: 'proxy', port: 80, user: 'me', password: '' }],
    ['https://proxy', null],
    ['socks5://proxy', null],
    ['http://proxy/path', null],
    ['http://proxy?a=b', null],
    ['proxy', null],
    ['', null],
  ])('reads %s', (text, expected) => {
    expect(parseProxy(text)).toEqual(expected);
  });

  it.each([
    ['http://proxy:3128', undefined, 3128],
    ['proxy:3128', '', 3128],
    ['', undefined, undefined],
    [undefined, undefined, undefined],
    ['https://proxy:3128', undefined, undefined],
    ['http://proxy:3128', '*', undefined],
    ['http://proxy:3128', ENDPOINT.toUpperCase(), undefined],
    ['http://proxy:3128', 'localhost, .amazonaws.com', undefined],
    ['http://proxy:3128', 'localhost *.amazonaws.com', undefined],
    ['http://proxy:3128', 'amazonaws.com:8883', undefined],
    ['http://proxy:3128', 'localhost,127.0.0.1,[::1]:80,,', 3128],
    ['http://proxy:3128', 'naws.com', 3128],
  ])('takes HTTPS_PROXY %s unless NO_PROXY %s names the endpoint', (httpsProxy, noProxy, port) => {
    expect(proxyFor(ENDPOINT, undefined, { httpsProxy, noProxy })?.port).toBe(port);
  });

  it('says when HTTPS_PROXY cannot be used', () => {
    const said = (httpsProxy?: string, noProxy?: string, configured?: string) =>
      unusableProxy(ENDPOINT, configured, { httpsProxy, noProxy });
    expect(said('socks5://proxy')).toContain('HTTPS_PROXY is not used');
    expect(said('https://proxy:3128', 'localhost')).toContain('http://[user:password@]host[:port]');
    for (const usable of [said(), said(''), said('proxy:1'), said('socks5://proxy', '*')])
      expect(usable).toBeNull();
    expect(said('socks5://proxy', '', 'http://proxy')).toBeNull();
  });

  it('takes that of the configuration before that of the environment', () => {
    const environment = { httpsProxy: 'http://other:1', noProxy: '*' };
    expect(proxyFor(ENDPOINT, 'http://proxy:2', environment)).toEqual({ host: 'proxy', port: 2 });
    for (const address of ['127.0.0.1', '::1'])
      expect(proxyFor(address, undefined, { ...environment, noProxy: '127.0.0.1:80,[::1]' })).toBe(undefined);
  });
});
