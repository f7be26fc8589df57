/** ID: who the client says it is, for logs, journeys and its oddities. RFC 2971. */

import { quoted } from '@merpati/formats/imap/response-writer.ts';
import { type CommandRow, anyState, ok } from '../command-row.ts';

/** What the client calls itself goes into logs and journeys. */
const nameCharactersMax = 80;

export const id: CommandRow<'id'> = {
  states: anyState,
  expungesAllowed: 'yes',
  run(session, { fields }) {
    const field = (name: string) => fields.find(([key]) => key.toLowerCase() === name)?.[1] ?? '';
    const words = [field('name'), field('version')].filter((word) => word !== '');
    // oxlint-disable-next-line no-control-regex -- they are what is taken out
    const name = words.join(' ').replaceAll(/[\u0000-\u001f\u007f]+/g, ' ');
    session.clientName = name.slice(0, nameCharactersMax);
    const { home } = session.service;
    if (name !== '') {
      home.log.info({ event: 'imap.client', session: session.wire.id, client: session.clientName });
    }
    // No version: whoever looks for servers with known holes need not be helped.
    session.put(`* ID (${['name', 'Merpati', 'vendor', 'Merpati'].map(quoted).join(' ')})\r\n`);
    return ok('Pleased to meet you');
  },
};
