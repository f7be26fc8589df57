/**
 * What machines ask over HTTP: is it alive, is it ready, how much of what. `/healthz` and
 * `/healthz/ready` say 503 when the store cannot be read or the server is going down; `/metrics`
 * speaks Prometheus.
 */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import type { Home } from '../home.ts';
import { writeMetrics } from '../observe/metrics.ts';

export interface HttpServer {
  readonly address: string;
  readonly port: number;
  stop(): Promise<void>;
}

export interface Health {
  /** Whether new work is taken: false while going down. */
  isServing(): boolean;
}

/** A store that does not answer within this is not ready. */
const readyTimeoutMs = 2000;

export function createHealthApp(home: Home, health: Health): Hono {
  const app = new Hono();
  const ready = async (): Promise<string | null> => {
    if (!health.isServing()) return 'going down';
    const late = new Promise<string>((resolve) => {
      setTimeout(() => resolve('the store is slow'), readyTimeoutMs).unref();
    });
    const asked = home.store.queueCount().then(
      () => null,
      (error: unknown) => {
        home.log.error({ event: 'health.store', err: error });
        return 'the store cannot be read';
      },
    );
    return Promise.race([asked, late]);
  };
  app.get('/healthz/live', (c) => c.json({ status: 'ok' }));
  for (const path of ['/healthz', '/healthz/ready']) {
    app.get(path, async (c) => {
      const why = await ready();
      return why === null ? c.json({ status: 'ok' }) : c.json({ status: 'unavailable', why }, 503);
    });
  }
  app.get('/metrics', async (c) =>
    c.body(await writeMetrics(home.metrics), 200, {
      'content-type': home.metrics.registry.contentType,
    }),
  );
  return app;
}

export async function startHttp(
  home: Home,
  health: Health,
  listen: { readonly address: string; readonly port: number },
): Promise<HttpServer> {
  const answer = getRequestListener(createHealthApp(home, health).fetch);
  const server = createServer((asked, answered) => void answer(asked, answered));
  server.headersTimeout = 10_000;
  server.requestTimeout = 10_000;
  server.maxHeadersCount = 50;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen.port, listen.address, resolve);
  });
  const { address, port } = server.address() as AddressInfo;
  return {
    address,
    port,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
