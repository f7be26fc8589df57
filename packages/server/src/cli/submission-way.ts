/**
 * How a message of ours reaches a submission service: one that is named, with a user and a
 * password; or the server of this data folder, whose owner needs no password and gets one for this
 * one message.
 */

import { connect } from 'node:net';
import { openSession, type SessionOptions } from '@merpati/client/smtp/open-session.ts';
import type { SmtpClient } from '@merpati/client/smtp/client.ts';
import type { Cli } from './cli.ts';
import { Failure, usage } from './failure.ts';
import { say } from './language.ts';
import { withOwnPassword } from './own-password.ts';
import { readSecret } from './secret.ts';

export interface ServerOptions {
  /** `smtps://host:port`, `pop3s://host`, `imaps://host`. */
  readonly server?: string;
  readonly user?: string;
  readonly password?: string;
  readonly passwordFile?: string;
  readonly insecure?: boolean;
}

type Scheme = 'smtp' | 'smtps' | 'submission' | 'submissions' | 'pop3' | 'pop3s' | 'imap' | 'imaps';

export interface Named {
  readonly scheme: Scheme;
  readonly host: string;
  readonly port: number | null;
  readonly user: string;
  readonly password: string;
}

/** null: no server is named, the local one is meant. */
export async function readNamed(
  what: string,
  given: ServerOptions,
  schemes: readonly Scheme[],
): Promise<Named | null> {
  const env = process.env;
  if (given.server === undefined) return null;
  const url = URL.canParse(given.server) ? new URL(given.server) : null;
  const scheme = schemes.find((one) => url?.protocol === `${one}:`);
  if (url === null || scheme === undefined || url.hostname === '') {
    const why = say(`"${given.server}" is no server`, `"${given.server}" bukan server`);
    throw usage(what, why, schemes.map((one) => `--server ${one}://HOST[:PORT]`).join('\n'));
  }
  const user = given.user ?? (decodeURIComponent(url.username) || env['MERPATI_USER']);
  const password =
    given.password ?? (await readSecret(given.passwordFile)) ?? env['MERPATI_PASSWORD'];
  if (user === undefined || password === undefined) {
    const why = say('user and password are needed', 'perlu user dan kata sandi');
    throw usage(what, why, '--user ADDRESS --password-file FILE');
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return { scheme, host, port: url.port === '' ? null : Number(url.port), user, password };
}

/** Opens a session, hands it over, and ends it; a password made for it is taken back. */
export async function withSubmission<T>(
  cli: Cli,
  about: { readonly what: string; readonly account: string; readonly given: ServerOptions },
  use: (client: SmtpClient) => Promise<T>,
): Promise<T> {
  const { what, account, given } = about;
  const named = await readNamed(what, given, ['submissions', 'smtps', 'submission', 'smtp']);
  if (named !== null) {
    const isImplicit = named.scheme === 'smtps' || named.scheme === 'submissions';
    return inSession(
      {
        host: named.host,
        ...(named.port === null ? {} : { port: named.port }),
        security: isImplicit ? 'implicit' : 'starttls',
        verify: given.insecure !== true,
        helloName: 'localhost.localdomain',
        credentials: { user: named.user, password: named.password },
      },
      use,
    );
  }
  const status = await cli.call(what, 'server.status', {});
  const home = status.homes.find((one) => one.domains.some((name) => account.endsWith(`@${name}`)));
  const listen = (home ?? status.homes[0])?.listen ?? {};
  const isImplicit = (listen['submissions'] ?? []).length > 0;
  const place = (isImplicit ? listen['submissions'] : listen['submission'])?.[0];
  if (place === undefined) {
    throw new Failure('submission.none', 'later', {
      what,
      why: say('no server runs that takes messages', 'tidak ada server yang menerima email'),
      next: say(
        'Start it: merpati serve, or merpati lab',
        'Jalankan: merpati serve, atau merpati lab',
      ),
    });
  }
  return withOwnPassword(cli, { what, account }, (password) =>
    inSession(
      {
        host: home?.hostname ?? 'localhost',
        security: isImplicit ? 'implicit' : 'starttls',
        // The place comes from the server itself, through a socket that only its owner can open,
        // and lies on this machine: a certificate has nothing to add, and a lab's or an expired one
        // no reason to fail.
        verify: false,
        dial: () => dialLocal(place),
        helloName: 'localhost.localdomain',
        // App passwords have no SCRAM verifier.
        credentials: { user: account, password, mechanism: 'PLAIN' },
      },
      use,
    ),
  );
}

async function inSession<T>(
  options: SessionOptions,
  use: (client: SmtpClient) => Promise<T>,
): Promise<T> {
  await using client = await openSession(options);
  return await use(client);
}

/** `[::]:2587` and `:2587` are reached at loopback. */
export function localPlace(listen: string): { readonly host: string; readonly port: number } {
  const at = listen.lastIndexOf(':');
  const host = listen.slice(0, at).replace(/^\[|\]$/g, '');
  const isAny = host === '' || host === '*' || host === '0.0.0.0' || host === '::';
  return { host: isAny ? '127.0.0.1' : host, port: Number(listen.slice(at + 1)) };
}

function dialLocal(listen: string) {
  return new Promise<import('node:net').Socket>((resolve, reject) => {
    const socket = connect(localPlace(listen), () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}
