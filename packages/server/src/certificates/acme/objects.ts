/** What an ACME server sends, read with suspicion. RFC 8555 §7.1; problems RFC 7807 §3.1. */

import { z } from 'zod';

const url = z.url({ protocol: /^https$/ }).max(2048);
const text = z.string().max(4096);

const problem = z.object({ type: text.default('about:blank'), detail: text.default('') });

export const problemDocument = problem.extend({
  subproblems: z
    .array(problem.extend({ identifier: z.object({ value: text }).optional() }))
    .max(100)
    .default([]),
});

export const directory = z.object({
  newNonce: url,
  newAccount: url,
  newOrder: url,
  meta: z
    .object({ termsOfService: text.optional(), externalAccountRequired: z.boolean().optional() })
    .default({}),
});

export const account = z.object({ status: z.enum(['valid', 'deactivated', 'revoked']) });

export const order = z.object({
  status: z.enum(['pending', 'ready', 'processing', 'valid', 'invalid']),
  authorizations: z.array(url).max(100),
  finalize: url,
  certificate: url.optional(),
  error: problemDocument.optional(),
});

export const authorization = z.object({
  status: z.enum(['pending', 'valid', 'invalid', 'deactivated', 'expired', 'revoked']),
  identifier: z.object({ value: z.string().max(255) }),
  challenges: z
    .array(
      z.object({
        type: text,
        url,
        // RFC 8555 §8.3: base64url, or it could not stand in a path.
        token: z
          .string()
          .regex(/^[\w-]{1,512}$/)
          .optional(),
        status: text,
        error: problemDocument.optional(),
      }),
    )
    .max(20),
});

export type Directory = z.infer<typeof directory>;
export type Order = z.infer<typeof order>;
export type Authorization = z.infer<typeof authorization>;
