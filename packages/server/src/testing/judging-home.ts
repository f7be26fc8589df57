/** A test home with its SMTP ports open, and an internet of names around it that can be changed. */

import assert from 'node:assert/strict';
import type { RecordData } from '@merpati/formats/dns/message.ts';
import { lowerName } from '@merpati/formats/dns/name.ts';
import { readJourneyId, type RecordedEvent } from '@merpati/store/journey.ts';
import type { AccountId } from '@merpati/store/ids.ts';
import { replyText, type Reply } from '@merpati/formats/smtp/reply.ts';
import { answersFrom, replyTo, type ScriptedDns } from './scripted-dns.ts';
import { smtpHome, type SmtpHome } from './smtp-home.ts';
import type { TestHomeOptions } from './home.ts';
import { createTestWorld, type TestWorld } from './test-world.ts';

export type Names = Record<string, string | readonly RecordData[]>;

export interface JudgingHome extends SmtpHome {
  readonly dns: TestWorld;
  /** A text is a TXT record. What is here answers at once, for what was not asked before. */
  readonly names: Map<string, readonly RecordData[]>;
  /** Names that fail. */
  readonly broken: Set<string>;
  /** A whole transaction from that client; answers the reply as text. */
  send(from: string, envelope: Envelope, letter: string): Promise<string>;
  /** The journey that the reply names. */
  eventsOf(reply: string): Promise<readonly RecordedEvent[]>;
  count(account: AccountId, mailbox: string): Promise<number>;
}

export interface Envelope {
  readonly sender: string;
  readonly recipients: readonly string[];
}

export const address = (text: string): RecordData => ({ type: 'A', address: text });
export const pointer = (target: string): RecordData => ({ type: 'PTR', target });
const text = (value: string): RecordData => ({ type: 'TXT', strings: splitText(value) });

/** RFC 1035 §3.3: a string of a TXT record has up to 255 octets. */
function splitText(value: string): Uint8Array[] {
  const octets = Buffer.from(value);
  const strings: Uint8Array[] = [];
  for (let at = 0; at < octets.length; at += 255) strings.push(octets.subarray(at, at + 255));
  return strings;
}

export function namesOf(names: Names): [string, readonly RecordData[]][] {
  return Object.entries(names).map(([name, records]) => [
    name,
    typeof records === 'string' ? [text(records)] : records,
  ]);
}

/** `merpati.test` with the account `you@merpati.test` is there. */
export async function judgingHome(
  names: Names,
  checks: NonNullable<TestHomeOptions['config']>['checks'] = {},
): Promise<JudgingHome & { readonly you: AccountId }> {
  const dns = await createTestWorld({}, { dnsTimeoutMs: 5000 });
  const known = new Map(namesOf(names));
  const broken = new Set<string>();
  dns.scriptedDns.answer = answerFrom(known, broken);
  const home = await smtpHome({
    config: { checks },
    world: { dns: dns.dns, nowMs: () => dns.nowMs(), nowUs: () => dns.nowUs() },
  });
  await home.addDomain('merpati.test');
  const you = await home.addAccount('you@merpati.test');
  return {
    ...home,
    you,
    dns,
    names: known,
    broken,
    async send(from, { sender, recipients }, letter) {
      using client = await home.open({ from });
      await client.envelope(sender, ...recipients);
      await client.say('DATA', 354);
      client.raw(`${letter.replaceAll(/^\./gm, '..')}.\r\n`);
      return replyLine(await client.reply());
    },
    async eventsOf(reply) {
      const id = readJourneyId(/Ok: (\w{10})$/.exec(reply)?.[1] ?? '');
      assert.ok(id !== null, reply);
      return (await home.home.store.journey(id))?.events ?? [];
    },
    async count(account, mailbox) {
      return (await home.home.store.mailbox(account, mailbox))?.total ?? -1;
    },
    async [Symbol.asyncDispose]() {
      await home[Symbol.asyncDispose]();
      await dns[Symbol.asyncDispose]();
    },
  };
}

function replyLine(reply: Reply): string {
  return replyText(reply).trimEnd();
}

function answerFrom(
  names: ReadonlyMap<string, readonly RecordData[]>,
  broken: ReadonlySet<string>,
): ScriptedDns['answer'] {
  return (asked) => {
    const name = lowerName(asked.name);
    if (broken.has(name)) return replyTo(asked, { rcode: 2 });
    return answersFrom(Object.fromEntries(names))(asked);
  };
}
