/**
 * A small POP3 server over messages in memory: something to fetch from, with DELE made true at
 * QUIT.
 */

import type { TestContext } from 'node:test';
import { startScriptedServer, type Peer } from './scripted-server.ts';

export interface PeerMessage {
  readonly uidl: string;
  /** Without the lines' dots stuffed, every line closed. */
  readonly text: string;
}

export interface MaildropPeer {
  readonly port: number;
  /** What is there now; a session works on what was there at its start. */
  messages: PeerMessage[];
  /** Unique-ids that RETR was asked for, in order. */
  readonly retrieved: string[];
  readonly sessions: () => number;
}

export interface MaildropPeerOptions {
  readonly pipelining: boolean;
  /** Called before each reply; may hang up. */
  readonly before?: (line: string, peer: Peer) => void;
  /** RETR of these is refused. */
  readonly refused?: ReadonlySet<string>;
}

export async function startMaildropPeer(
  t: TestContext,
  messages: readonly PeerMessage[],
  options: MaildropPeerOptions,
): Promise<MaildropPeer> {
  let sessions = 0;
  const state = { messages: [...messages], retrieved: [] as string[], sessions: () => sessions };
  const port = await startScriptedServer(t, async (peer) => {
    sessions += 1;
    const seen = [...state.messages];
    const deleted = new Set<number>();
    peer.send('+OK\r\n');
    for (let line = await peer.line(); line !== null; line = await peer.line()) {
      options.before?.(line, peer);
      const [name = '', number = ''] = line.split(' ');
      const message = seen[Number(number) - 1];
      if (name === 'RETR' && message !== undefined) state.retrieved.push(message.uidl);
      if (name === 'DELE') deleted.add(Number(number) - 1);
      if (name === 'QUIT') {
        const gone = new Set(seen.filter((_, index) => deleted.has(index)));
        state.messages = state.messages.filter((one) => !gone.has(one));
      }
      peer.send(reply(name, { seen, message, options }));
    }
  });
  return Object.assign(state, { port });
}

function reply(
  name: string,
  facts: {
    readonly seen: readonly PeerMessage[];
    readonly message: PeerMessage | undefined;
    readonly options: MaildropPeerOptions;
  },
): string {
  const { seen, message, options } = facts;
  const list = (what: (one: PeerMessage) => string | number) =>
    `+OK\r\n${seen.map((one, index) => `${index + 1} ${what(one)}\r\n`).join('')}.\r\n`;
  switch (name) {
    case 'CAPA':
      return `+OK\r\nUSER\r\nUIDL\r\n${options.pipelining ? 'PIPELINING\r\n' : ''}.\r\n`;
    case 'UIDL':
      return list(({ uidl }) => uidl);
    case 'LIST':
      return list(({ text }) => text.length);
    case 'RETR':
      if (message === undefined || options.refused?.has(message.uidl) === true)
        return '-ERR no\r\n';
      return `+OK\r\n${message.text.replace(/^\./gm, '..')}.\r\n`;
    default:
      return '+OK\r\n';
  }
}
