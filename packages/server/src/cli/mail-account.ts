/** Whose mail is meant: `--as`, else $MERPATI_USER, else in a lab its first account. */

import type { Cli } from './cli.ts';
import { usage } from './failure.ts';
import { say } from './language.ts';

export async function chooseAccount(
  cli: Cli,
  what: string,
  given: string | undefined,
): Promise<string> {
  const named = given ?? process.env['MERPATI_USER'];
  if (named !== undefined) return named.toLowerCase();
  const status = await cli.call(what, 'server.status', {});
  const first = status.lab?.accounts[0];
  if (first !== undefined) return first;
  throw usage(what, say('whose mail is not said', 'belum jelas email siapa'), '--as ADDRESS');
}
