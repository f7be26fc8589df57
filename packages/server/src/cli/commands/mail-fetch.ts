/**
 * `merpati mail fetch`: downloads a maildrop by POP3, or a mailbox by IMAP, into a Maildir, so that
 * no crash loses or doubles mail.
 */

import type { Command } from 'commander';
import { ImapMaildrop } from '@merpati/client/imap/maildrop.ts';
import { Pop3Client } from '@merpati/client/pop3/client.ts';
import {
  fetchMail,
  type FetchProgress,
  type FetchSummary,
  type Maildrop,
} from '@merpati/client/pop3/fetch.ts';
import type { Cli } from '../cli.ts';
import { exitCodes } from '../exit.ts';
import { Failure } from '../failure.ts';
import { bytes } from '../figures.ts';
import { say } from '../language.ts';
import { isImapUrl, withImap } from '../imap-way.ts';
import { chooseAccount } from '../mail-account.ts';
import { withOwnPassword } from '../own-password.ts';
import { addPopOptions, openPop, popFailure, readPop, type PopOptions } from '../pop-way.ts';
import { ProgressLine } from '../progress-line.ts';
import { localPlace } from '../submission-way.ts';

interface FetchOptions extends PopOptions {
  readonly as?: string;
  readonly keep?: boolean;
  readonly imap?: boolean;
  readonly mailbox: string;
}

export function registerFetch(mail: Command, cli: () => Cli): void {
  const command = mail
    .command('fetch <folder>')
    .summary(say('download into a Maildir', 'unduh ke Maildir'))
    .option(
      '--as <address>',
      say('whose mail, on our own server', 'email siapa, di server sendiri'),
    )
    .option('--keep', say('leave everything on the server', 'biarkan semuanya di server'))
    .option('--imap', say('by IMAP, not POP3', 'lewat IMAP, bukan POP3'))
    .option('--mailbox <name>', say('which, by IMAP', 'yang mana, lewat IMAP'), 'INBOX');
  addPopOptions(command, 'pop3s://HOST[:PORT], imaps://HOST[:PORT]').action(
    async (folder: string, given: FetchOptions) => {
      const what = say('cannot fetch mail', 'tidak bisa mengambil email');
      const summary = await fetchInto(cli(), what, { folder, given });
      const { output } = cli();
      output.value('merpati.mail.fetch/1', summary, () => {
        const { stored, known, failed, deleted } = summary;
        const size = bytes(stored.reduce((sum, one) => sum + one.octets, 0));
        output.line(
          say(
            `${stored.length} fetched (${size}), ${known} were here, ${deleted} deleted there`,
            `${stored.length} diambil (${size}), ${known} sudah ada, ${deleted} dihapus di sana`,
          ),
        );
        for (const one of failed)
          output.line(`${output.paint.bad('✕')} ${one.message}: ${one.reason}`);
      });
      if (summary.failed.length > 0) process.exitCode = exitCodes.partly;
    },
  );
}

async function fetchInto(
  cli: Cli,
  what: string,
  about: { readonly folder: string; readonly given: FetchOptions },
): Promise<FetchSummary> {
  const { folder, given } = about;
  const run = async (client: Maildrop, account: string): Promise<FetchSummary> => {
    const line = new ProgressLine(cli.output);
    const counts = { total: 0 };
    const summary = await fetchMail(client, {
      folder,
      account,
      keep: given.keep === true,
      nowMs: Date.now(),
      onProgress: (progress) => showProgress(line, counts, progress),
    });
    line.clear();
    return summary;
  };
  try {
    if (given.imap === true || isImapUrl(given.server)) {
      const folder = given.mailbox;
      const way = { what, given, folder, isForWriting: given.keep !== true };
      return await withImap(cli, way, (client, whose) =>
        run(new ImapMaildrop(client), `${whose}/${folder}`),
      );
    }
    if (given.server !== undefined) {
      const named = await readPop(what, given);
      const client = await openPop(named, given.insecure === true);
      return await run(client, `${named.user}@${named.host}`);
    }
    const account = await chooseAccount(cli, what, given.as);
    return await withOwnPassword(cli, { what, account }, async (password) => {
      const client = await openOwn(cli, what, { account, password });
      return run(client, `${account}@local`);
    });
  } catch (error) {
    throw popFailure(what, error);
  }
}

/** The server of this data folder; see submission-way.ts why its certificate is not looked at. */
async function openOwn(
  cli: Cli,
  what: string,
  { account, password }: { readonly account: string; readonly password: string },
): Promise<Pop3Client> {
  const status = await cli.call(what, 'server.status', {});
  const home = status.homes.find((one) => one.domains.some((name) => account.endsWith(`@${name}`)));
  const place = home?.listen['pop3s']?.[0];
  if (place === undefined) {
    throw new Failure('pop3.none', 'later', {
      what,
      why: say('no server runs that offers POP3 with TLS', 'tidak ada server POP3 dengan TLS'),
      next: say(
        'Start it: merpati serve, or merpati lab',
        'Jalankan: merpati serve, atau merpati lab',
      ),
    });
  }
  const trust = { rejectUnauthorized: false };
  const client = await Pop3Client.connect({ ...localPlace(place), security: 'implicit', trust });
  try {
    await client.login({ user: account, password, mechanism: 'PLAIN' });
    return client;
  } catch (error) {
    client.destroy();
    throw error;
  }
}

function showProgress(
  line: ProgressLine,
  counts: { total: number },
  progress: FetchProgress,
): void {
  switch (progress.kind) {
    case 'listed':
      counts.total = progress.octets;
      break;
    case 'receiving':
      line.show(say('fetching', 'mengambil'), { done: progress.octets, total: counts.total });
      break;
    case 'stored':
    case 'failed':
      break;
    default:
      progress satisfies never;
  }
}
