/** Our own server as the peer of a transcript: in this process, with a new store for each. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { pino } from 'pino';
import { summarise } from '@merpati/formats/message/summary.ts';
import { readHead } from '@merpati/formats/message/head.ts';
import { hashPassword } from '@merpati/server/accounts/password.ts';
import { configSchema } from '@merpati/server/config/schema.ts';
import { realWorld } from '@merpati/server/real-world.ts';
import { startHome } from '@merpati/server/serve.ts';
import type { Running } from '@merpati/server/serve.ts';
import type { AccountId } from '@merpati/store/ids.ts';
import { makeJourneyId } from '@merpati/store/journey.ts';
import { Folder, makeCertificate } from '../peers/machine.ts';
import type { Certificate } from '../peers/machine.ts';
import type { Transcript } from './format.ts';
import { accounts, password, readMessage, team } from './worlds.ts';
import type { World } from './worlds.ts';

export class MerpatiWorld implements World {
  readonly #folder = new Folder('transcript');
  #certificate: Certificate | null = null;
  #running: Running | null = null;
  #count = 0;

  async prepare(transcript: Transcript): Promise<number> {
    await this.#stop();
    this.#certificate ??= await makeCertificate(this.#folder.path, ['mx.merpati.test']);
    this.#count += 1;
    const any = ['127.0.0.1:0'];
    const config = configSchema.parse({
      hostname: 'mx.merpati.test',
      data: this.#folder.file(`data-${this.#count}`),
      listen: { smtp: any, submission: any, submissions: any, pop3: any, pop3s: any, http: [] },
      dns: { servers: ['127.0.0.1:9'] },
    });
    const { certificateFile, keyFile } = this.#certificate;
    const tls = createSecureContext({
      cert: readFileSync(certificateFile),
      key: readFileSync(keyFile),
    });
    const log = pino({ level: 'silent' });
    const running = await startHome(config, realWorld(config.dns), { log, tls });
    this.#running = running;
    const you = await populate(running);
    for (const name of transcript.mailbox) await save(running, you, readMessage(name));
    const address = running.addresses.find(({ protocol }) => protocol === transcript.service);
    assert.ok(address, transcript.service);
    return address.port;
  }

  async check(): Promise<void> {
    const counter = await this.#running?.home.metrics.bugs.get();
    assert.deepEqual(
      counter?.values.map(({ value }) => value).filter((value) => value > 0),
      [],
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    this.#folder[Symbol.dispose]();
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    await running?.stop();
  }
}

/** The people of every transcript. Answers the account of `you`. */
async function populate({ home }: Running): Promise<AccountId> {
  const nowMs = home.world.nowMs();
  const domain = { name: 'merpati.test', aliasOf: null, catchAll: null, createdMs: nowMs };
  await home.store.editDirectory({ kind: 'domain-put', domain });
  const credential = await hashPassword(password);
  const ids: number[] = [];
  for (const address of accounts) {
    const settings = {
      displayName: '',
      state: 'active',
      quotaBytes: address.startsWith('full@') ? 0 : null,
      pop: { policy: 'hide', keepDays: 30 },
      limits: { messagesPerDay: 1000, newRecipientsPerDay: 200 },
      hideClientAddress: false,
    } as const;
    const edit = { kind: 'account-add', address, settings, credential, nowMs } as const;
    const result = await home.store.editDirectory(edit);
    assert.ok(result.ok && result.id !== null);
    ids.push(result.id);
  }
  await home.store.editDirectory({ kind: 'alias-put', ...team });
  return ids[0] as AccountId;
}

/** Puts a message into the inbox as it is, without trace fields. */
async function save({ home }: Running, account: AccountId, message: Uint8Array): Promise<void> {
  const { store, world } = home;
  const writer = store.newBody();
  await writer.write(message);
  const nowMs = world.nowMs();
  const journey = makeJourneyId(nowMs, Math.floor(world.random() * 4096));
  const summary = summarise(readHead(message));
  const accepted = await store.accept({
    head: {
      id: journey,
      startedUs: world.nowUs(),
      direction: 'in',
      sender: '',
      recipients: [accounts[0]],
      messageId: null,
      subject: null,
      size: message.length,
      submittedBy: null,
    },
    events: [],
    body: await writer.finish(),
    deliveries: [
      {
        account,
        mailbox: 'inbox',
        key: `transcript ${journey}`,
        prefix: new Uint8Array(),
        flags: 0,
        keywords: [],
        internalDateMs: nowMs,
        summary,
        recipient: accounts[0],
      },
    ],
    queue: null,
    sending: null,
    nowMs,
  });
  assert.ok(accepted.ok);
}
