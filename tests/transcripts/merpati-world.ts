/** Our own server as the peer of a transcript: in this process, with a new store for each. */

import assert from 'node:assert/strict';
import { summarise } from '@merpati/formats/message/summary.ts';
import { readHead } from '@merpati/formats/message/head.ts';
import { createAuthenticator } from '@merpati/server/accounts/authenticate.ts';
import type { Home } from '@merpati/server/home.ts';
import { startImap } from '@merpati/server/imap/listeners.ts';
import { newJourneyId } from '@merpati/server/journey/new-id.ts';
import { startPop3 } from '@merpati/server/pop3/listeners.ts';
import { startSmtp } from '@merpati/server/smtp/listeners.ts';
import { testHome } from '@merpati/server/testing/home.ts';
import type { AccountId } from '@merpati/store/ids.ts';
import type { Service, Transcript } from './format.ts';
import { accounts, password, readMessage, team } from './world.ts';
import type { World } from './world.ts';

export class MerpatiWorld implements World {
  #stack = new AsyncDisposableStack();

  async prepare(transcript: Transcript): Promise<number> {
    const ports = await this.open(transcript.mailbox);
    return ports[transcript.service];
  }

  /** A new world with these messages in the inbox; its ports. */
  async open(mailbox: readonly string[]): Promise<Readonly<Record<Service, number>>> {
    await this.check();
    const stack = this.#stack;
    const any = ['127.0.0.1:0'];
    const mail = { smtp: any, submission: any, submissions: any, pop3: any, pop3s: any };
    const listen = { ...mail, imap: any, imaps: any, http: [] };
    const made = stack.use(await testHome({ config: { listen } }));
    const { home } = made;
    await made.addDomain('merpati.test');
    const [you] = await Promise.all(
      accounts.map((address) =>
        made.addAccount(address, { password, quotaBytes: address.startsWith('full@') ? 0 : null }),
      ),
    );
    assert.ok(you);
    await made.addAlias(team.address, ...team.targets);
    for (const name of mailbox) await save(home, you, readMessage(name));
    const authenticator = createAuthenticator([home]);
    const smtp = await startSmtp(home, authenticator);
    stack.defer(() => smtp.stop());
    const pop3 = await startPop3(home, authenticator);
    stack.defer(() => pop3.stop());
    const imap = await startImap(home, authenticator);
    stack.defer(() => imap.stop());
    const portOf = (service: Service): number =>
      [...smtp.addresses, ...pop3.addresses, ...imap.addresses].find(
        ({ protocol }) => protocol === service,
      )?.port ?? 0;
    return {
      smtp: portOf('smtp'),
      submission: portOf('submission'),
      submissions: portOf('submissions'),
      pop3: portOf('pop3'),
      pop3s: portOf('pop3s'),
      imap: portOf('imap'),
      imaps: portOf('imaps'),
    };
  }

  /** Ends the world; its home asserts that the counter of our own faults stayed at nought. */
  async check(): Promise<void> {
    const stack = this.#stack;
    this.#stack = new AsyncDisposableStack();
    await stack.disposeAsync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.check();
  }
}

/** Puts a message into the inbox as it is, without trace fields. */
async function save(home: Home, account: AccountId, message: Uint8Array): Promise<void> {
  const { store, world } = home;
  const writer = store.newBody();
  await writer.write(message);
  const nowMs = world.nowMs();
  const journey = newJourneyId(world);
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
        summary: summarise(readHead(message)),
        recipient: accounts[0],
      },
    ],
    queue: null,
    sending: null,
    nowMs,
  });
  assert.ok(accepted.ok);
}
