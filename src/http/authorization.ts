import { createHash, timingSafeEqual } from 'node:crypto';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

const presented = (authorization: string): string | undefined => {
  const [, scheme = '', credentials = ''] = /^(\S{1,16}) +(\S{1,1024})$/.exec(authorization) ?? [];
  if (scheme.toLowerCase() === 'bearer') return credentials;
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const pair = Buffer.from(credentials, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1);
};

/**
 * Judges the Authorization header of a request. A scraper presents the token as Bearer; a browser asks for it itself
 * and sends it as the password of Basic, with any user name, for the page and its event stream alike.
 */
export const createAuthorization = (token: string | undefined): ((header: string | undefined) => boolean) => {
  if (token === undefined) return () => true;
  const expected = digest(token);
  // Digests are of one length whatever was presented, so the comparison takes the same time.
  return (header) => timingSafeEqual(digest(presented(header ?? '') ?? ''), expected);
};
