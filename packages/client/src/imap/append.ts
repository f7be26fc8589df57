/** APPEND, of one message or of several at once. RFC 9051 §6.3.12; RFC 3502 (MULTIAPPEND). */

import { writeDateTime } from '@merpati/formats/imap/response-writer.ts';
import { numbersOf, resolveSet } from '@merpati/formats/imap/sequence-set.ts';
import { type CommandPart, mailboxName, type Upload } from './command-text.ts';
import type { Session } from './session.ts';

export interface NewMessage extends Upload {
  readonly flags?: readonly string[];
  /** Default: now. */
  readonly internalDateMs?: number;
}

export interface AppendedMessage {
  readonly uidValidity: number;
  readonly uid: number;
}

/** Empty: the server does not tell UIDs. RFC 4315 §3. */
export async function append(
  session: Session,
  what: {
    readonly mailbox: string;
    readonly messages: readonly NewMessage[];
    readonly capabilities: ReadonlySet<string>;
  },
): Promise<readonly AppendedMessage[]> {
  const { mailbox, messages } = what;
  if (messages.length === 0) return [];
  if (messages.length > 1 && !what.capabilities.has('MULTIAPPEND')) {
    const appended: AppendedMessage[] = [];
    for (const message of messages) {
      appended.push(...(await append(session, { ...what, messages: [message] })));
    }
    return appended;
  }
  const parts: CommandPart[] = ['APPEND ', mailboxName(mailbox, session.isUtf8)];
  for (const message of messages) parts.push(` ${describe(message)}`, message);
  const { code } = await session.run(parts);
  if (code?.code !== 'APPENDUID') return [];
  const { uidValidity, uids } = code;
  const appended: AppendedMessage[] = [];
  for (const uid of numbersOf(resolveSet(uids, 0))) {
    if (appended.length >= messages.length) break;
    appended.push({ uidValidity, uid });
  }
  return appended;
}

function describe({ flags = [], internalDateMs }: NewMessage): string {
  const list = flags.length === 0 ? '' : `(${flags.join(' ')}) `;
  return internalDateMs === undefined ? list : `${list}${writeDateTime(internalDateMs)} `;
}
