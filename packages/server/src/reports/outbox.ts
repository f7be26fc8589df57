/**
 * Reports that are made and not yet at all the places that want them. A report is made once, in the
 * same transaction that removes what it was made of; sent again after a crash it is the same, with
 * the same id and file name, so that its reader sees that.
 */

import { z } from 'zod';

/** Kind of record; the name is the id of the report. */
export const outboxKind = 'report.outbox';

const destinationSchema = z.object({
  to: z.string(),
  by: z.enum(['mail', 'https']),
  attempts: z.int(),
  dueMs: z.int(),
});
export type Destination = z.infer<typeof destinationSchema>;

export const outboxSchema = z.object({
  kind: z.enum(['dmarc', 'tls']),
  name: z.object({
    submitter: z.string(),
    domain: z.string(),
    beginMs: z.int(),
    endMs: z.int(),
    unique: z.string(),
  }),
  organisation: z.string(),
  from: z.string(),
  madeMs: z.int(),
  /** Those that still wait; empty never. */
  destinations: z.array(destinationSchema),
  /** The file, gzip, base64. */
  content: z.string(),
});
export type OutboxReport = z.infer<typeof outboxSchema>;
