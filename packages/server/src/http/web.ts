/** The web ports of a home: HTTPS, and port 80 for authorities. */

import type { IncomingMessage } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Challenges } from '../certificates/challenges.ts';
import type { Home } from '../home.ts';
import { startService, type RunningService } from '../net/service.ts';
import { WebConnections, beginWebTls, webLimits } from './web-connections.ts';
import { createAcmeApp, createWebApp, type WebApp } from './web-routes.ts';

const protocols = ['https', 'acme'] as const;
export type WebProtocol = (typeof protocols)[number];

export async function startWeb(
  home: Home,
  challenges = new Challenges(),
): Promise<RunningService<WebProtocol>> {
  const connections = {
    https: connectionsOf(createWebApp(home)),
    acme: connectionsOf(createAcmeApp(home, challenges)),
  };
  const { stopGraceMs } = webLimits;
  const service = await startService(
    home,
    { protocols, busy: '', stopGraceMs },
    async (wire, protocol) => {
      if (protocol === 'https' && !(await beginWebTls(home, wire, challenges))) return;
      await connections[protocol].serve(wire);
    },
  );
  return {
    addresses: service.addresses,
    async stop() {
      for (const one of Object.values(connections)) one.stop();
      await service.stop();
    },
  };
}

function connectionsOf(app: WebApp): WebConnections {
  const answer = getRequestListener((request, { incoming }) => {
    // HTTP/2 is not spoken here.
    const peer = connections.peer(incoming as IncomingMessage);
    return app.fetch(request, { peer });
  });
  const connections = new WebConnections((asked, answered) => void answer(asked, answered));
  return connections;
}
