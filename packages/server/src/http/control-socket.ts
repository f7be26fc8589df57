/**
 * The control socket: admin operations by HTTP over a Unix socket in the data folder. Who may open
 * the file may do everything; it is readable by its owner alone. Streams come as lines of JSON.
 */

import { chmodSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono, type HonoRequest } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { stream } from 'hono/streaming';
import { controlSocketFile, socketName } from '../admin/control-socket-name.ts';
import { AdminFault, type AdminContext } from '../admin/operation.ts';
import { isStream, perform, performStream } from '../admin/perform.ts';

export interface ControlSocket {
  readonly file: string;
  stop(): Promise<void>;
}

const requestBytesMax = 8 * 1024 * 1024;
export async function startControlSocket(
  context: AdminContext,
  folder: string,
): Promise<ControlSocket> {
  const file = controlSocketFile(folder);
  rmSync(file, { force: true }); // left by a crash; the store's lock says that nobody else is here
  const answer = getRequestListener(createApp(context).fetch);
  const server = createServer((asked, answered) => void answer(asked, answered));
  const { name, done } = socketName(file);
  const before = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(name, resolve);
    });
  } finally {
    process.umask(before);
    done();
  }
  chmodSync(file, 0o600);
  return {
    file,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      rmSync(file, { force: true });
    },
  };
}

function createApp(context: AdminContext): Hono {
  const app = new Hono();
  app.use(bodyLimit({ maxSize: requestBytesMax }));
  app.post('/operations/:name', async (c) => {
    const name = c.req.param('name');
    const input = await readInput(c.req);
    if (!isStream(name)) {
      return c.json({ result: await perform(context, name, input) });
    }
    c.header('Content-Type', 'application/x-ndjson');
    return stream(c, async (out) => {
      const gone = new AbortController();
      out.onAbort(() => gone.abort());
      try {
        for await (const item of performStream(context, { name, input }, gone.signal)) {
          await out.write(`${JSON.stringify({ item })}\n`);
        }
        await out.write(`${JSON.stringify({ end: true })}\n`);
      } catch (error) {
        if (!(error instanceof AdminFault)) throw error;
        await out.write(`${JSON.stringify({ fault: error.code, args: error.args })}\n`);
      }
    });
  });
  app.onError((error, c) => {
    if (error instanceof AdminFault) return c.json({ fault: error.code, args: error.args }, 400);
    const [home] = context.homes;
    home.metrics.bugs.inc();
    home.log.error({ event: 'bug', err: error }, 'the control socket met an unexpected error');
    return c.json({ fault: 'server.bug', args: {} }, 500);
  });
  return app;
}

async function readInput(request: HonoRequest): Promise<unknown> {
  try {
    return (await request.json()) as unknown;
  } catch {
    throw new AdminFault('input.invalid', { path: 'the request', reason: 'not JSON' });
  }
}
