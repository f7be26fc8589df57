/** What lies in an inbox, read as its owner would: by POP3 under TLS. */

import { readFileSync } from 'node:fs';
import { Pop3Client } from '@merpati/client/pop3/client.ts';
import { waitFor } from './machine.ts';
import type { Certificate } from './machine.ts';

export interface Owner {
  readonly user: string;
  readonly password?: string;
}

interface Server {
  readonly ports: { readonly pop3s: number };
  readonly certificate: Certificate;
}

/** All messages, octet for octet, as latin1 text. */
export async function readInbox(server: Server, owner: Owner): Promise<string[]> {
  await using client = await Pop3Client.connect({
    host: '127.0.0.1',
    port: server.ports.pop3s,
    security: 'implicit',
    trust: { ca: readFileSync(server.certificate.authorityFile) },
  });
  await client.login({ user: owner.user, password: owner.password ?? 'merpati' });
  const messages: string[] = [];
  for (const number of (await client.list()).keys()) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of await client.retr(number)) chunks.push(chunk);
    messages.push(Buffer.concat(chunks).toString('latin1'));
  }
  await client.quit();
  return messages;
}

/** The message with this text in it, as soon as it is there. */
export async function waitForMessage(
  server: Server,
  owner: Owner,
  text: string,
  timeoutMs = 60_000,
): Promise<string> {
  return await waitFor(
    `a message with "${text}" for ${owner.user}`,
    async () => (await readInbox(server, owner)).find((message) => message.includes(text)),
    timeoutMs,
  );
}
