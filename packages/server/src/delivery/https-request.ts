/**
 * One HTTPS request through the world: names, connections and trust are its own, so that a lab or a
 * test is the internet. The certificate must be good; nothing is redirected, and what comes back
 * has a bound. RFC 8461 §3.3.
 */

import { request, type RequestOptions } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { rootCertificates, type TLSSocket } from 'node:tls';
import { beginTls } from '@merpati/client/dial.ts';
import type { World } from '../world.ts';
import { findAddresses } from './host-addresses.ts';
import { deliveryLimits } from './limits.ts';
import { race } from './race.ts';

export interface HttpsQuestion {
  readonly host: string;
  /** 443 unless told. */
  readonly port?: number;
  readonly path: string;
  /** With it the method is POST. */
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly answerOctetsMax: number;
  readonly signal?: AbortSignal;
}

export type HttpsAnswer =
  | {
      readonly kind: 'answer';
      readonly status: number;
      /** `text/plain`, in lower case and without parameters. */
      readonly mediaType: string;
      readonly headers: IncomingHttpHeaders;
      readonly body: Buffer;
    }
  | {
      readonly kind: 'failed';
      /** `tls`: nobody with a good certificate for that name was there. */
      readonly at: 'dns' | 'connect' | 'tls' | 'http';
      readonly error: string;
    };

export async function requestHttps(world: World, question: HttpsQuestion): Promise<HttpsAnswer> {
  const { host, port = 443 } = question;
  const deadline = AbortSignal.timeout(deliveryLimits.httpsTimeoutMs);
  const signal = AbortSignal.any([deadline, ...(question.signal ? [question.signal] : [])]);
  const found = await findAddresses(world, host);
  if (found.kind === 'none') return failed('dns', `${host} has no address`);
  if (found.kind === 'unknown') return failed('dns', found.reason);
  const { socket, tries } = await race(world, found.addresses, { port, signal });
  if (socket === null) return failed('connect', tries.at(-1)?.error ?? 'no answer in time');
  const secured = await secure(socket, { world, host, signal });
  if (!('write' in secured)) return secured;
  return exchange(secured, { question, signal });
}

const failed = (at: (HttpsAnswer & { kind: 'failed' })['at'], error: string) =>
  ({ kind: 'failed', at, error }) as const;

function secure(
  plain: Socket,
  about: { readonly world: World; readonly host: string; readonly signal: AbortSignal },
): Promise<TLSSocket | (HttpsAnswer & { kind: 'failed' })> {
  const { world, host, signal } = about;
  const ca = world.trust === undefined ? {} : { ca: [...rootCertificates, ...world.trust] };
  return new Promise((resolve) => {
    const secure = beginTls(plain, host, { ...ca, rejectUnauthorized: true });
    const end = (error: string) => {
      secure.destroy();
      plain.destroy();
      resolve(failed('tls', error));
    };
    const late = () => end('no answer in time');
    signal.addEventListener('abort', late, { once: true });
    secure.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    secure.once('close', () => end('the connection was closed'));
    secure.once('secureConnect', () => {
      signal.removeEventListener('abort', late);
      secure.removeAllListeners('close');
      resolve(secure);
    });
    if (signal.aborted) late();
  });
}

function exchange(
  socket: TLSSocket,
  about: { readonly question: HttpsQuestion; readonly signal: AbortSignal },
): Promise<HttpsAnswer> {
  const { host, port = 443, path, body, headers = {}, answerOctetsMax } = about.question;
  const options: RequestOptions = {
    createConnection: () => socket,
    host,
    path,
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...headers,
      // RFC 9110 §7.2: the port too, where it is another one.
      host: port === 443 ? host : `${host}:${port}`,
      connection: 'close',
      ...(body === undefined ? {} : { 'content-length': String(body.length) }),
    },
    signal: about.signal,
  };
  return new Promise((resolve) => {
    const end = (answer: HttpsAnswer) => {
      socket.destroy();
      resolve(answer);
    };
    const sent = request(options, (response) => {
      gather(response, answerOctetsMax).then(end, (error: Error) =>
        end(failed('http', error.message)),
      );
    });
    sent.on('error', (error: NodeJS.ErrnoException) => {
      end(failed('http', error.name === 'AbortError' ? 'no answer in time' : error.message));
    });
    sent.end(body);
  });
}

async function gather(response: IncomingMessage, octetsMax: number): Promise<HttpsAnswer> {
  const pieces: Buffer[] = [];
  let octets = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    octets += piece.length;
    if (octets > octetsMax) return failed('http', `more than ${octetsMax} octets`);
    pieces.push(piece);
  }
  const [mediaType = ''] = (response.headers['content-type'] ?? '').toLowerCase().split(';');
  return {
    kind: 'answer',
    status: response.statusCode ?? 0,
    mediaType: mediaType.trim(),
    headers: response.headers,
    body: Buffer.concat(pieces),
  };
}
