/** The first message of a lab: written, submitted, and fetched, as any two people would do it. */

import { Pop3Client } from '@merpati/client/pop3/client.ts';
import { fetchMail, type FetchSummary } from '@merpati/client/pop3/fetch.ts';
import { contentOf } from '@merpati/client/smtp/content.ts';
import { openSession } from '@merpati/client/smtp/open-session.ts';
import { compose } from '@merpati/formats/message/compose.ts';
import { makeMailbox, type Mailbox } from '@merpati/formats/message/address.ts';
import { replyText } from '@merpati/formats/smtp/reply.ts';
import type { Lab, LabAccount } from './lab.ts';
import { pigeonPng } from './pigeon.ts';

export interface FirstMessage {
  readonly subject: string;
  readonly text: string;
  readonly attachmentName: string;
}

/** Answers what the server said: in it is the id of the journey. */
export async function sendFirstMessage(lab: Lab, message: FirstMessage): Promise<string> {
  const { world } = lab.context.homes[0];
  const [you, friend] = lab.accounts;
  const clickUs = world.nowUs();
  const seed = Buffer.from(world.randomBytes(9)).toString('hex');
  const octets = compose({
    from: mailboxOf(you),
    to: [mailboxOf(friend)],
    subject: message.subject,
    dateMs: world.nowMs(),
    messageId: `${seed}@merpati.test`,
    text: message.text,
    attachments: [{ name: message.attachmentName, type: 'image/png', bytes: pigeonPng() }],
    utf8: true,
    boundarySeed: seed,
  });
  await using client = await openSession({
    host: 'localhost',
    port: lab.ports.servers[0].submissions,
    security: 'implicit',
    ca: [lab.authority.certificate],
    helloName: 'localhost.localdomain',
    credentials: { user: you.address, password: you.password },
  });
  const envelope = { from: you.address, recipients: [{ address: friend.address }], clickUs };
  const [result] = await client.send(envelope, contentOf(octets));
  if (result?.kind === 'accepted') return replyText(result.reply);
  if (result?.kind === 'broken') throw result.fault;
  const why = result?.kind === 'refused' ? replyText(result.reply) : (result?.text ?? 'no answer');
  throw new Error(`the lab's own server refused its first message: ${why}`);
}

/** The friend's program downloads it and leaves it on the server. */
export async function fetchAsFriend(lab: Lab, folder: string): Promise<FetchSummary> {
  const [, friend] = lab.accounts;
  const client = await Pop3Client.connect({
    host: 'localhost',
    port: lab.ports.servers[1].pop3s,
    security: 'implicit',
    trust: { ca: lab.authority.certificate },
  });
  await client.login({ user: friend.address, password: friend.password });
  return fetchMail(client, {
    folder,
    account: friend.address,
    keep: true,
    nowMs: lab.context.homes[0].world.nowMs(),
  });
}

function mailboxOf({ name, address }: LabAccount): Mailbox {
  const at = address.lastIndexOf('@');
  return makeMailbox(name, address.slice(0, at), address.slice(at + 1));
}
