/**
 * A home whose mail is signed, the names around it, and another server that takes what it sends:
 * what that one got can be verified with the records that the domain publishes.
 */

import assert from 'node:assert/strict';
import { DkimVerifier } from '@merpati/formats/auth/dkim.ts';
import { settleCheck } from '@merpati/formats/auth/dns-facts.ts';
import type { RecordData } from '@merpati/formats/dns/message.ts';
import { readHead } from '@merpati/formats/message/head.ts';
import { replyText } from '@merpati/formats/smtp/reply.ts';
import { startScriptedSmtp, type ScriptedSmtp } from '@merpati/client/testing/scripted-smtp.ts';
import { readJourneyId, type RecordedEvent } from '@merpati/store/journey.ts';
import { authCrypto } from '../checks/auth-crypto.ts';
import { askResolver } from '../checks/dns-facts.ts';
import { startQueue, type QueueRunner } from '../queue/runner.ts';
import { careForKeys, ensureKeys } from '../signing/key-care.ts';
import { keyRecordText } from '../signing/keys.ts';
import { answersFrom } from './scripted-dns.ts';
import { smtpHome, waitFor, type SmtpHome } from './smtp-home.ts';
import { createTestWorld, type TestWorld } from './test-world.ts';

const text = (value: string): RecordData => {
  const octets = Buffer.from(value);
  const strings: Uint8Array[] = [];
  for (let at = 0; at < octets.length; at += 255) strings.push(octets.subarray(at, at + 255));
  return { type: 'TXT', strings };
};

export interface SigningHome extends AsyncDisposable {
  readonly home: SmtpHome;
  readonly world: TestWorld;
  readonly zone: Map<string, RecordData[]>;
  readonly there: ScriptedSmtp;
  /** Puts all records of the domain's keys where the world finds them. */
  publish(domain: string): Promise<void>;
  /** Hands it in as `you@merpati.test`; answers its journey and what the other server got. */
  send(letter: string | Buffer, envelope?: SentEnvelope): Promise<{ got: Buffer; id: string }>;
  verify(message: Buffer): Promise<string[]>;
  events(id: string): Promise<readonly RecordedEvent[]>;
}

export interface SentEnvelope {
  readonly to?: string;
  readonly body?: string;
}

/** Keys are for the test to make: `publish`, then `careForKeys`. */
export async function signingHome(
  extensions: readonly string[] = ['8BITMIME'],
): Promise<SigningHome> {
  const zone = new Map<string, RecordData[]>([
    ['merpati.test', [{ type: 'NS', target: 'ns.merpati.test' }]],
    ['ns.merpati.test', [{ type: 'A', address: '127.0.0.53' }]],
    ['surat.test', [{ type: 'MX', preference: 10, exchange: 'mx.surat.test' }]],
    ['mx.surat.test', [{ type: 'A', address: '127.0.1.1' }]],
  ]);
  const world = await createTestWorld({});
  world.scriptedDns.answer = (asked) => answersFrom(Object.fromEntries(zone))(asked);
  const there = await startScriptedSmtp({ extensions });
  world.places.set('127.0.1.1', there.port);
  const home = await smtpHome({ world });
  await home.addDomain('merpati.test');
  await home.addAccount('you@merpati.test');
  const queue: QueueRunner = startQueue(home.home);
  const scene: SigningHome = {
    home,
    world,
    zone,
    there,
    async publish(domain) {
      const { generations } = await ensureKeys(home.home, domain);
      for (const { keys, state } of generations) {
        for (const key of keys) {
          const record = text(keyRecordText(key, state === 'revoked'));
          zone.set(`${key.selector}._domainkey.${domain}`, [record]);
        }
      }
    },
    async send(letter, { to = 'friend@surat.test', body } = {}) {
      const before = there.messages.length;
      using dialogue = await home.login('you@merpati.test');
      const parameter = body === undefined ? '' : ` BODY=${body}`;
      await dialogue.say(`MAIL FROM:<you@merpati.test>${parameter}`, 250);
      await dialogue.say(`RCPT TO:<${to}>`, 250);
      await dialogue.say('DATA', 354);
      const stuffed = Buffer.from(letter).toString('latin1').replace(/^\./gm, '..');
      dialogue.raw(Buffer.from(`${stuffed}.\r\n`, 'latin1'));
      const reply = replyText(await dialogue.reply());
      const id = /Ok: (\w+)/.exec(reply)?.[1] ?? '';
      assert.notEqual(id, '', reply);
      if (!to.endsWith('@surat.test')) return { got: Buffer.alloc(0), id };
      const got = await waitFor(async () => there.messages[before]?.body ?? null);
      return { got, id };
    },
    async verify(message) {
      const head = readHead(message);
      const nowSeconds = Math.floor(world.nowMs() / 1000);
      const verifier = new DkimVerifier(head, authCrypto, { nowSeconds, allowLegacy: false });
      verifier.write(message.subarray(head.length));
      const ask = (question: Parameters<typeof askResolver>[1]) =>
        askResolver(world.nameServer('127.0.0.53'), question);
      const results = await settleCheck(verifier.finish(), ask);
      return results.map(({ result, domain, selector }) => `${result} ${domain} ${selector}`);
    },
    async events(id) {
      const journey = readJourneyId(id);
      const found = journey === null ? null : await home.home.store.journey(journey);
      return found?.events ?? [];
    },
    async [Symbol.asyncDispose]() {
      await queue.stop();
      await home[Symbol.asyncDispose]();
      await there[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    },
  };
  return scene;
}

export const letter =
  'From: You <you@merpati.test>\r\nTo: friend@surat.test\r\nSubject: hi\r\n\r\nhello\r\n';

/** Its keys sign. */
export async function readyHome(extensions?: readonly string[]): Promise<SigningHome> {
  const scene = await signingHome(extensions);
  await scene.publish('merpati.test');
  await careForKeys(scene.home.home, 'merpati.test');
  return scene;
}
