/** The report about some recipients of one message, ready to be accepted like any other message. */

import { composeDsn, type DsnKind } from '@merpati/formats/message/dsn.ts';
import { concat } from '@merpati/formats/bytes.ts';
import { needsUtf8 } from '@merpati/formats/smtp/path.ts';
import { decodeXtext, readOrcpt } from '@merpati/formats/smtp/xtext.ts';
import { readHead } from '@merpati/formats/message/head.ts';
import type { QueueItem, StoredBody } from '@merpati/store/contract.ts';
import type { Config } from '../config/schema.ts';
import { queueLimits } from './limits.ts';
import type { Decision, Report } from './outcome.ts';

export interface NoticeAbout {
  readonly kind: Report['kind'];
  /** At least one, each with a report of this kind. */
  readonly decisions: readonly Decision[];
  /** null: it cannot be read any more; the notice goes without. */
  readonly original: StoredBody | null;
  /** Of the notice's own journey. */
  readonly id: string;
  readonly nowMs: number;
}

export async function writeNotice(
  config: Pick<Config, 'hostname'>,
  about: NoticeAbout,
): Promise<Uint8Array> {
  const { decisions, id, nowMs } = about;
  const item = (decisions[0] as Decision).item;
  const { message } = item;
  return composeDsn({
    reportingMta: config.hostname,
    arrivalMs: item.createdMs,
    envid: message.envid === null ? null : decodeXtext(message.envid),
    kind: about.kind satisfies DsnKind,
    recipients: decisions.map((decision) => describe(decision, nowMs)),
    from: `postmaster@${config.hostname}`,
    to: message.sender,
    messageId: `${id}@${config.hostname}`,
    dateMs: nowMs,
    ...(await readOriginal(about.kind, item, about.original)),
    utf8: message.smtputf8 || needsUtf8(message.sender),
    boundarySeed: id,
  });
}

const actions = { failure: 'failed', delay: 'delayed', relayed: 'relayed' } as const;

function describe({ item, report }: Decision, nowMs: number) {
  if (report === null) throw new Error('a notice about nothing');
  const orcpt = item.orcpt === null ? null : readOrcpt(item.orcpt);
  return {
    final: item.recipient,
    original: orcpt === null ? null : `${orcpt.type};${orcpt.address}`,
    action: actions[report.kind],
    status: report.status,
    diagnostic: report.text,
    remoteMta: report.remote,
    lastAttemptMs: nowMs,
    willRetryUntilMs: report.willRetryUntilMs,
  };
}

/** RFC 3461 §4.3: RET says how much of the message comes back, with a failure; else its header. */
async function readOriginal(
  kind: Report['kind'],
  { message, size }: QueueItem,
  original: StoredBody | null,
): Promise<{ originalFull: Uint8Array } | { originalHead: Uint8Array } | null> {
  if (original === null) return null;
  const limit =
    message.ret === 'full' ? queueLimits.returnedWhenAskedMax : queueLimits.returnedOctetsMax;
  const isWhole = kind === 'failure' && message.ret !== 'hdrs' && size <= limit;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of original.chunks()) {
    chunks.push(chunk);
    length += chunk.length;
    if (!isWhole && length > queueLimits.returnedHeadMax) break;
  }
  const octets = concat(chunks);
  if (isWhole) return { originalFull: octets };
  const head = octets.subarray(0, Math.min(readHead(octets).length, queueLimits.returnedHeadMax));
  return { originalHead: head };
}
