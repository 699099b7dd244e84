/**
 * Which stations may register by the claim: one item a station, key `id`. The operator lists a station as `expected`;
 * the provisioning hook makes `used` of it, once; a revoked station stays `revoked` until it is listed again.
 */
export type ClaimState = 'expected' | 'used' | 'revoked';
