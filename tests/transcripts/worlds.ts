/**
 * The world of a transcript, for each peer: the domain, its accounts and the messages that lie
 * there before the conversation begins.
 */

import { rmSync } from 'node:fs';
import { Dovecot, dovecotAtOnce } from '../peers/dovecot.ts';
import { Folder, makeCertificate } from '../peers/machine.ts';
import { Postfix } from '../peers/postfix.ts';
import type { PeerName, Service } from './format.ts';
import { MerpatiWorld } from './merpati-world.ts';
import { accounts, password, readMessage, team } from './world.ts';
import type { World } from './world.ts';

export async function startWorld(peer: PeerName): Promise<World> {
  switch (peer) {
    case 'merpati':
      return new MerpatiWorld();
    case 'postfix':
      return await startPostfixWorld();
    case 'dovecot':
      return await startDovecotWorld();
    default:
      return peer satisfies never;
  }
}

async function startPostfixWorld(): Promise<World> {
  const folder = new Folder('postfix-world');
  const postfix = await Postfix.start({
    hostname: 'mx.merpati.test',
    domains: { 'merpati.test': 'discard:' },
    recipients: [...accounts, team.address],
    certificate: await makeCertificate(folder.path, ['mx.merpati.test']),
    settings: {
      // The client of a transcript is a stranger, though it calls from the loopback.
      mynetworks: '192.0.2.0/24',
      smtpd_relay_restrictions: 'reject_unauth_destination',
      smtpd_recipient_restrictions: 'check_recipient_access inline:{full@merpati.test=FULL}',
      smtpd_restriction_classes: 'FULL',
      FULL: 'check_recipient_access static:{452 4.2.2 No room left in this mailbox}',
    },
  });
  return {
    prepare: () => Promise.resolve(postfix.port),
    check: () => Promise.resolve(),
    async [Symbol.asyncDispose]() {
      await postfix[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

async function startDovecotWorld(): Promise<World> {
  const folder = new Folder('dovecot-world');
  const postfix = await Postfix.start({ domains: { 'merpati.test': 'discard:' } });
  const dovecot = await Dovecot.start({
    users: Object.fromEntries(accounts.map((address) => [address, password])),
    certificate: await makeCertificate(folder.path, ['mx.merpati.test']),
    relay: { port: postfix.port },
    imap: true,
    settings: dovecotAtOnce,
  });
  return {
    async prepare(transcript) {
      for (const address of accounts) {
        rmSync(dovecot.home(address), { recursive: true, force: true });
      }
      for (const name of transcript.mailbox) await dovecot.save(accounts[0], readMessage(name));
      return dovecotPort(dovecot, transcript.service);
    },
    check: () => Promise.resolve(),
    async [Symbol.asyncDispose]() {
      await dovecot[Symbol.asyncDispose]();
      await postfix[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

function dovecotPort(dovecot: Dovecot, service: Service): number {
  if (service === 'smtp' || service === 'submissions') {
    throw new Error(`Dovecot has no ${service}`);
  }
  return dovecot.ports[service];
}
