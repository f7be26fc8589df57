/**
 * TLS reports over HTTPS. RFC 8460 §5.4. The address is a stranger's: nothing within our own
 * networks is posted to, no redirection is followed, and the answer is not read beyond its code.
 * The certificate is not checked: who has trouble with certificates should hear of it (§3).
 */

import { request } from 'node:http';
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { beginTls } from '@merpati/client/dial.ts';
import type { Home } from '../home.ts';
import { createNetworks } from '../net/networks.ts';
import { sendLimits } from './limits.ts';

export interface Posted {
  readonly isDone: boolean;
  /** `201`, or what went wrong. */
  readonly word: string;
}

/** An IPv4 address written as an IPv6 one counts as what it stands for. */
const within = createNetworks([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '224.0.0.0/3',
  '::/96',
  '64:ff9b::/96',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
]);

export async function postReport(home: Home, url: string, content: Buffer): Promise<Posted> {
  const place = new URL(url);
  const host = place.hostname.replace(/^\[(.*)\]$/, '$1');
  const found = await addressesOf(home, host);
  const address = found.find((one) => !within.has(one));
  if (address === undefined) {
    return { isDone: false, word: found.length === 0 ? 'no address' : 'an address within' };
  }
  const port = place.port === '' ? 443 : Number(place.port);
  try {
    const timeoutMs = sendLimits.postTimeoutMs;
    const plain = await home.world.dial({ address, port, timeoutMs });
    const socket = beginTls(plain, host, { rejectUnauthorized: false });
    const status = await exchange(socket, place, content);
    return { isDone: status >= 200 && status < 300, word: String(status) };
  } catch (error) {
    return { isDone: false, word: error instanceof Error ? error.message : String(error) };
  }
}

async function addressesOf(home: Home, host: string): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  const answers = await Promise.all(
    (['AAAA', 'A'] as const).map((type) => home.world.dns.query(host, type)),
  );
  return answers.flatMap((answer) =>
    answer.kind !== 'records'
      ? []
      : answer.records.flatMap((one) =>
          one.type === 'A' || one.type === 'AAAA' ? [one.address] : [],
        ),
  );
}

function exchange(socket: TLSSocket, place: URL, content: Buffer): Promise<number> {
  return new Promise<number>((resolve, reject) => {
    const asked = request({
      method: 'POST',
      host: place.hostname,
      path: `${place.pathname}${place.search}`,
      headers: {
        host: place.host,
        'content-type': 'application/tlsrpt+gzip',
        'content-length': content.length,
      },
      createConnection: () => socket,
      timeout: sendLimits.postTimeoutMs,
    });
    asked.on('response', (response) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.on('error', reject);
    asked.end(content);
  }).finally(() => socket.destroy());
}
