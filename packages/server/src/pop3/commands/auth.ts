/** AUTH. RFC 5034 §4; the mechanisms are in accounts/sasl.ts. */

import { latin1 } from '@merpati/formats/bytes.ts';
import { readSaslOctets } from '@merpati/formats/pop3/command.ts';
import { writeChallenge } from '@merpati/formats/pop3/reply.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { type SaslExchange, startSasl } from '../../accounts/sasl.ts';
import type { CommandRow } from '../command-row.ts';
import { putListing } from '../listing.ts';
import { enter, mayUsePassword, mechanismsFor } from '../login.ts';
import type { Session } from '../session.ts';

export const auth: CommandRow<'AUTH'> = {
  states: ['authorization'],
  async run(session, command) {
    const offered = mechanismsFor(session);
    if (command.mechanism === null) {
      // QUIRK: not in RFC 5034; Outlook and others have asked like this since RFC 1734.
      session.ok('mechanisms');
      await putListing(session, offered);
      return;
    }
    if (!mayUsePassword(session)) {
      session.refuse('tls-first');
      return;
    }
    const exchange = startSasl(command.mechanism, {
      authenticator: session.service.authenticator,
      context: session.loginContext,
      wire: session.wire,
      offered,
    });
    if (exchange === null) session.refuse('no-mechanism');
    else await converse(session, exchange, command.initial);
  },
};

async function converse(
  session: Session,
  exchange: SaslExchange,
  initial: Uint8Array | null,
): Promise<void> {
  let message = initial;
  for (;;) {
    try {
      const step = await exchange.next(message);
      if (step.kind === 'login') {
        await enter(session, step.login);
        return;
      }
      session.put(writeChallenge(step.data));
      const line = latin1(await session.readLine());
      if (line === '*') {
        session.refuse('cancelled');
        return;
      }
      message = readSaslOctets(line);
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      session.refuse('bad-exchange');
      return;
    }
  }
}
