/**
 * What the world may ask over HTTPS, and over HTTP on port 80: policies, the set-up of mail
 * programs, and answers to an authority. Nothing here knows a person.
 */

import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { secureHeaders } from 'hono/secure-headers';
import type { Challenges } from '../certificates/challenges.ts';
import { checkedListenAddress } from '../config/listen-address.ts';
import {
  answerAutoconfig,
  answerAutodiscover,
  answerMobileconfig,
  type SetupAnswer,
} from '../domains/client-setup.ts';
import { stsPolicyText } from '../domains/sts-policy.ts';
import type { Home } from '../home.ts';
import type { Peer } from '../net/wire.ts';
import { webLimits } from './web-connections.ts';

interface WebEnvironment {
  /** What the connection tells beside the request. */
  readonly Bindings: { readonly peer: Peer };
  /** `route`: its name in the table; unset: nothing was found. */
  readonly Variables: { route?: string };
}

type WebContext = Context<WebEnvironment>;
export type WebApp = Hono<WebEnvironment>;

interface Route {
  /** For the log and the metrics. */
  readonly name: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  answer(c: WebContext, host: string): Response | Promise<Response>;
}

export function createWebApp(home: Home): WebApp {
  return compose(home, 'https', [
    {
      name: 'mta-sts',
      method: 'GET',
      path: '/.well-known/mta-sts.txt',
      answer: async (c, host) => {
        const domain = /^mta-sts\.(.+)$/.exec(host)?.[1];
        const policy = stsPolicyText(home.config);
        const known = domain !== undefined && (await isDomain(home, domain));
        // RFC 8461 §3.2: text/plain.
        return known && policy !== null ? c.text(policy) : c.notFound();
      },
    },
    ...setupRoutes(home),
  ]);
}

/** For mail programs that set themselves up: Thunderbird, Outlook, Apple's. */
function setupRoutes(home: Home): Route[] {
  const address = (c: WebContext) => c.req.query('emailaddress') ?? null;
  const give = (c: WebContext, { status, contentType, text }: SetupAnswer) =>
    c.body(text, status, { 'content-type': contentType });
  const autoconfig = ['/mail/config-v1.1.xml', '/.well-known/autoconfig/mail/config-v1.1.xml'];
  const autodiscover = ['autodiscover', 'Autodiscover', 'AutoDiscover'].map(
    (word) => `/${word}/${word}.xml`,
  );
  return [
    ...autoconfig.map((path): Route => ({
      name: 'autoconfig',
      method: 'GET',
      path,
      answer: async (c, host) =>
        give(c, await answerAutoconfig(home, { address: address(c), host })),
    })),
    ...autodiscover.map((path): Route => ({
      name: 'autodiscover',
      method: 'POST',
      path,
      answer: async (c) => give(c, await answerAutodiscover(home, await c.req.text())),
    })),
    {
      name: 'mobileconfig',
      method: 'GET',
      path: '/.well-known/mobileconfig',
      answer: async (c) => {
        // A browser keeps it as a file, and the system asks whether to install it.
        c.header('content-disposition', 'attachment; filename="mail.mobileconfig"');
        return give(c, await answerMobileconfig(home, address(c) ?? ''));
      },
    },
  ];
}

/** Port 80: answers for http-01 (RFC 8555 §8.3), and the way to HTTPS for names of ours. */
export function createAcmeApp(home: Home, challenges: Challenges): WebApp {
  const [https] = home.config.listen.https;
  const port = https === undefined ? null : checkedListenAddress(https).port;
  return compose(home, 'acme', [
    {
      name: 'acme-challenge',
      method: 'GET',
      path: '/.well-known/acme-challenge/:token',
      answer(c) {
        const text = challenges.texts.get(c.req.param('token') ?? '');
        if (text === undefined) return c.notFound();
        return c.body(text, 200, { 'content-type': 'application/octet-stream' });
      },
    },
    {
      name: 'to-https',
      method: 'GET',
      path: '*',
      async answer(c, host) {
        if (port === null || !(await isOurs(home, host))) return c.notFound();
        const { pathname, search } = new URL(c.req.url);
        const at = port === 443 || port === 0 ? host : `${host}:${port}`;
        return c.redirect(`https://${at}${pathname}${search}`, 308);
      },
    },
  ]);
}

function compose(home: Home, protocol: 'https' | 'acme', routes: readonly Route[]): WebApp {
  const app: WebApp = new Hono();
  app.use(async (c, next) => {
    const startedMs = performance.now();
    await next();
    note(home, c, { protocol, tookMs: performance.now() - startedMs });
  });
  app.use(
    secureHeaders({
      strictTransportSecurity: protocol === 'https' ? 'max-age=31536000' : false,
      contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      xFrameOptions: 'DENY',
    }),
  );
  const onError = (c: Context) => c.text('That is too much.\n', 413);
  app.use(bodyLimit({ maxSize: webLimits.bodyOctetsMax, onError }));
  for (const route of routes) {
    app.on(route.method, route.path, (c) => {
      c.set('route', route.name);
      return route.answer(c, new URL(c.req.url).hostname.toLowerCase());
    });
  }
  app.notFound((c) => c.text('There is nothing here.\n', 404));
  app.onError((error, c) => {
    home.metrics.bugs.inc();
    home.log.error({ event: 'bug', err: error }, 'a web request met an unexpected error');
    return c.text('Something went wrong here. It is written down.\n', 500);
  });
  return app;
}

function note(
  home: Home,
  c: WebContext,
  { protocol, tookMs }: { readonly protocol: string; readonly tookMs: number },
): void {
  const route = c.get('route') ?? 'none';
  const { method, url } = c.req;
  const { status } = c.res;
  home.metrics.httpSeconds.observe({ route, status: String(status) }, tookMs / 1000);
  const ip = c.env.peer.address;
  const { host, pathname } = new URL(url);
  const ms = Math.round(tookMs);
  // A path of a stranger's may be long and full of anything.
  const path = pathname.slice(0, 200);
  home.log.info({ event: 'http.request', protocol, ip, method, host, path, route, status, ms });
}

async function isDomain({ store }: Home, name: string): Promise<boolean> {
  return (await store.domains()).some((domain) => domain.name === name);
}

/** The host itself, a domain of ours, or a name below one. */
async function isOurs(home: Home, host: string): Promise<boolean> {
  if (host === home.config.hostname.toLowerCase()) return true;
  const domains = await home.store.domains();
  return domains.some(({ name }) => host === name || host.endsWith(`.${name}`));
}
