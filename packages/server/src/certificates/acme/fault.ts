/** Why there is no certificate (yet). */

export class AcmeFault extends Error {
  override readonly name = 'AcmeFault';
  /** `acme.rate-limited`, `acme.unauthorized`; `acme.unreachable`, `acme.nonsense`: ours. */
  readonly code: string;
  /** Names that could not be shown to be ours. */
  readonly names: readonly string[];
  /** Not to be tried sooner, when the authority says so. RFC 8555 §6.6. */
  readonly retryAfterMs: number | null;

  constructor(
    code: string,
    detail: string,
    about: { readonly names?: readonly string[]; readonly retryAfterMs?: number | null } = {},
  ) {
    super(detail);
    this.code = code;
    this.names = about.names ?? [];
    this.retryAfterMs = about.retryAfterMs ?? null;
  }
}

/** `urn:ietf:params:acme:error:rateLimited` → `acme.rate-limited`. RFC 8555 §6.7. */
export function codeOf(type: string): string {
  const word = /^urn:ietf:params:acme:error:([A-Za-z]{1,40})$/.exec(type)?.[1] ?? 'error';
  return `acme.${word.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
