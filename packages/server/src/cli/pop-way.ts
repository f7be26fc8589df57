/** POP3 to a server that is named, for listing, reading and fetching mail. */

import type { Command } from 'commander';
import { Pop3Client } from '@merpati/client/pop3/client.ts';
import { FetchFault, Pop3Fault } from '@merpati/client/pop3/fault.ts';
import { Failure, usage } from './failure.ts';
import { say } from './language.ts';
import { readNamed, type Named, type ServerOptions } from './submission-way.ts';

export type PopOptions = ServerOptions;

export function addPopOptions(command: Command, urls = 'pop3s://HOST[:PORT]'): Command {
  return command
    .option('--server <url>', say(`of another server: ${urls}`, `dari server lain: ${urls}`))
    .option('--user <name>', say('user there', 'user di sana'))
    .option('--password <text>', say('password there', 'kata sandi di sana'))
    .option(
      '--password-file <file>',
      say('file with it, - for standard input', 'berkas kata sandi, - untuk masukan baku'),
    )
    .option('--insecure', say('take any certificate', 'terima sertifikat apa pun'));
}

export async function readPop(what: string, given: PopOptions): Promise<Named> {
  const named = await readNamed(what, given, ['pop3s', 'pop3']);
  if (named !== null) return named;
  throw usage(what, say('no server is named', 'server belum disebut'), '--server pop3s://HOST');
}

export async function openNamedPop(what: string, given: PopOptions): Promise<Pop3Client> {
  return openPop(await readPop(what, given), given.insecure === true);
}

export async function openPop(named: Named, insecure: boolean): Promise<Pop3Client> {
  const client = await Pop3Client.connect({
    host: named.host,
    ...(named.port === null ? {} : { port: named.port }),
    security: named.scheme === 'pop3s' ? 'implicit' : 'stls',
    ...(insecure ? { trust: { rejectUnauthorized: false } } : {}),
  });
  try {
    await client.login({ user: named.user, password: named.password });
    return client;
  } catch (error) {
    client.destroy();
    throw error;
  }
}

/** The disk is full, the folder is a file, is another user's, … */
function fileFailure(what: string, error: unknown): unknown {
  const { syscall, path } = error as NodeJS.ErrnoException;
  if (!(error instanceof Error) || syscall === undefined || path === undefined) return error;
  return new Failure('file.unwritable', 'failed', { what, why: error.message });
}

export function popFailure(what: string, error: unknown): unknown {
  if (error instanceof FetchFault) {
    return new Failure(`pop3.${error.code}`, 'failed', { what, why: error.message });
  }
  if (!(error instanceof Pop3Fault)) return fileFailure(what, error);
  const exit = error.code === 'auth' ? 'notAllowed' : error.again === 'later' ? 'later' : 'failed';
  return new Failure(`pop3.${error.code}`, exit, { what, why: error.message });
}
