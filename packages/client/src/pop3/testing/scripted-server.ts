/** A server that says what a test wants it to say: the rude, the broken and the hostile ones. */

import { once } from 'node:events';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import type { TestContext } from 'node:test';

export interface Peer {
  readonly socket: Socket;
  /** As it stands, in latin1. */
  send(text: string): void;
  /** The client's next line without its end; null when it has gone. */
  line(): Promise<string | null>;
  /** Waits for exactly this line. */
  expect(line: string): Promise<void>;
}

/** Answers the port. The script runs once for each connection; what it throws fails the test. */
export async function startScriptedServer(
  t: TestContext,
  script: (peer: Peer) => Promise<void>,
): Promise<number> {
  const sockets = new Set<Socket>();
  const runs: Promise<void>[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined); // the client may hang up at any time
    runs.push(script(createPeer(socket)).finally(() => socket.end()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await Promise.all(runs);
  });
  return (server.address() as AddressInfo).port;
}

function createPeer(socket: Socket): Peer {
  let text = '';
  let isGone = false;
  let wake = (): void => undefined;
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    wake();
  });
  socket.on('close', () => {
    isGone = true;
    wake();
  });
  socket.on('end', () => {
    isGone = true;
    wake();
  });
  const peer: Peer = {
    socket,
    send: (said) => void socket.write(said, 'latin1'),
    async line() {
      while (!text.includes('\n')) {
        if (isGone) return null;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const end = text.indexOf('\n');
      const line = text.slice(0, end).replace(/\r$/, '');
      text = text.slice(end + 1);
      return line;
    },
    async expect(line) {
      const got = await peer.line();
      if (got !== line) throw new Error(`the client said ${got}, not ${line}`);
    },
  };
  return peer;
}
