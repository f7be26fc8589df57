/** Asks a running server through its control socket. */

import { request, type IncomingMessage } from 'node:http';
import { createConnection } from 'node:net';
import type { Connection } from './connection.ts';
import { socketName } from './control-socket-name.ts';
import { AdminFault, type FaultArgs } from './operation.ts';
import type { FaultCode } from './faults.ts';

/** null when no server listens there. */
export async function connectControl(file: string): Promise<Connection | null> {
  try {
    await probe(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR') return null;
    throw error;
  }
  return {
    async call(name, input) {
      const response = await post(file, name, input);
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      const answer = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Line;
      if (answer.fault !== undefined) throw new AdminFault(answer.fault, answer.args);
      return answer.result as never;
    },
    async *stream(name, input, signal) {
      let response: IncomingMessage | null = null;
      try {
        response = await post(file, name, input, signal);
        for await (const line of lines(response)) {
          const answer = JSON.parse(line) as Line;
          if (answer.fault !== undefined) throw new AdminFault(answer.fault, answer.args);
          if (answer.end === true) return;
          yield answer.item as never;
        }
      } catch (error) {
        // Whoever has gone, also before the answer began, wants to hear no more.
        if (signal?.aborted !== true) throw error;
      } finally {
        response?.destroy();
      }
    },
    async close() {},
  };
}

interface Line {
  readonly result?: unknown;
  readonly item?: unknown;
  readonly end?: boolean;
  readonly fault?: FaultCode;
  readonly args?: FaultArgs;
}

function probe(file: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const { name, done } = socketName(file);
    const socket = createConnection(name, () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
    socket.once('close', done);
  });
}

function post(
  file: string,
  operation: string,
  input: unknown,
  signal?: AbortSignal,
): Promise<IncomingMessage> {
  const { name, done } = socketName(file);
  return new Promise<IncomingMessage>((resolve, reject) => {
    const asking = request({
      socketPath: name,
      method: 'POST',
      path: `/operations/${operation}`,
      headers: { 'content-type': 'application/json' },
      agent: false,
      ...(signal === undefined ? {} : { signal }),
    });
    asking.once('response', resolve);
    asking.once('error', reject);
    asking.once('close', done);
    asking.end(JSON.stringify(input));
  });
}

async function* lines(response: IncomingMessage): AsyncGenerator<string> {
  let rest = '';
  response.setEncoding('utf8');
  for await (const chunk of response) {
    rest += chunk as string;
    const parts = rest.split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
  }
}
