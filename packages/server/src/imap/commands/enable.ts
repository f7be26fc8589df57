/**
 * ENABLE. RFC 5161; RFC 6855 §3 (UTF8=ACCEPT); RFC 7162 §3.2.3 (CONDSTORE, QRESYNC); RFC 9051
 * appendix E (IMAP4rev2); RFC 9586 §3 (UIDONLY). What is not on offer to this client is passed
 * over.
 */

import { type CommandRow, afterLogin, ok } from '../command-row.ts';
import { isOffered } from '../capabilities.ts';
import type { Modes } from '../modes.ts';

const modeOf: Readonly<Record<string, Partial<Modes>>> = {
  CONDSTORE: { condstore: true },
  IMAP4REV2: { rev2: true },
  QRESYNC: { condstore: true, qresync: true },
  UIDONLY: { uidOnly: true },
  'UTF8=ACCEPT': { utf8: true },
};

export const enable: CommandRow<'enable'> = {
  states: afterLogin,
  // RFC 9586 §3.2: what comes before UIDONLY is on is told in the old way.
  expungesAllowed: 'no',
  run(session, { capabilities }) {
    const enabled: string[] = [];
    for (const name of capabilities.map((one) => one.toUpperCase())) {
      const mode = Object.hasOwn(modeOf, name) ? modeOf[name] : undefined;
      if (mode === undefined || !isOffered(session, name)) continue;
      session.modes = { ...session.modes, ...mode };
      enabled.push(name === 'IMAP4REV2' ? 'IMAP4rev2' : name);
    }
    session.put(`* ENABLED${enabled.map((name) => ` ${name}`).join('')}\r\n`);
    return ok('Enabled');
  },
};
