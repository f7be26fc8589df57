/**
 * IMAP for listing and reading mail: at a server that is named, or at the one of this data folder,
 * whose owner needs no password and gets one for the occasion.
 */

import { ImapClient, type ImapOptions } from '@merpati/client/imap/client.ts';
import { ImapFault } from '@merpati/client/imap/fault.ts';
import type { Cli } from './cli.ts';
import { Failure } from './failure.ts';
import { say } from './language.ts';
import { chooseAccount } from './mail-account.ts';
import { withOwnPassword } from './own-password.ts';
import { localPlace, readNamed, type ServerOptions } from './submission-way.ts';

export interface ImapWay extends ServerOptions {
  readonly as?: string;
}

/** Opens a session with the folder selected for reading, hands it over, and ends it. */
export async function withImap<T>(
  cli: Cli,
  about: {
    readonly what: string;
    readonly given: ImapWay;
    readonly folder: string;
    /** Default: for reading. */
    readonly isForWriting?: boolean;
  },
  use: (client: ImapClient, whose: string) => Promise<T>,
): Promise<T> {
  const { what, given } = about;
  const run = async (
    whose: string,
    options: ImapOptions,
    credentials: Parameters<ImapClient['login']>[0],
  ): Promise<T> => {
    await using client = await ImapClient.connect(options);
    await client.login(credentials);
    await client.select(about.folder, { readOnly: about.isForWriting !== true });
    const done = await use(client, whose);
    await client.logout();
    return done;
  };
  try {
    const named = await readNamed(what, given, ['imaps', 'imap']);
    if (named !== null) {
      const { host, port, user, password } = named;
      const security = named.scheme === 'imaps' ? 'implicit' : 'starttls';
      const trust = given.insecure === true ? { trust: { rejectUnauthorized: false } } : {};
      const place = { host, ...(port === null ? {} : { port }) };
      const options = { ...place, security, ...trust } as const;
      return await run(`${user}@${host}`, options, { user, password });
    }
    const account = await chooseAccount(cli, what, given.as);
    const place = await findOwn(cli, what, account);
    return await withOwnPassword(cli, { what, account }, (password) =>
      // App passwords have no SCRAM verifier; see submission-way.ts why its certificate is not
      // looked at.
      run(
        `${account}@local`,
        { ...place, security: 'implicit', trust: { rejectUnauthorized: false } },
        { user: account, password, mechanism: 'PLAIN' },
      ),
    );
  } catch (error) {
    throw imapFailure(what, error);
  }
}

async function findOwn(
  cli: Cli,
  what: string,
  account: string,
): Promise<{ readonly host: string; readonly port: number }> {
  const status = await cli.call(what, 'server.status', {});
  const home = status.homes.find((one) => one.domains.some((name) => account.endsWith(`@${name}`)));
  const place = home?.listen['imaps']?.[0];
  if (place !== undefined) return localPlace(place);
  throw new Failure('imap.none', 'later', {
    what,
    why: say('no server runs that offers IMAP with TLS', 'tidak ada server IMAP dengan TLS'),
    next: say(
      'Start it: merpati serve, or merpati lab',
      'Jalankan: merpati serve, atau merpati lab',
    ),
  });
}

export function isImapUrl(server: string | undefined): boolean {
  return server !== undefined && /^imaps?:/i.test(server);
}

function imapFailure(what: string, error: unknown): unknown {
  if (!(error instanceof ImapFault)) return error;
  return new Failure(`imap.${error.code}`, exitOf(error), { what, why: error.message });
}

function exitOf(fault: ImapFault): 'notAllowed' | 'notFound' | 'later' | 'failed' {
  if (fault.code === 'auth' || fault.code === 'denied') return 'notAllowed';
  if (fault.code === 'nonexistent') return 'notFound';
  return fault.again === 'later' ? 'later' : 'failed';
}
