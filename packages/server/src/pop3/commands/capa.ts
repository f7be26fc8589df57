/** CAPA. RFC 2449 §5. */

import { capabilitiesOf } from '../capabilities.ts';
import type { CommandRow } from '../command-row.ts';
import { putListing } from '../listing.ts';

export const capa: CommandRow<'CAPA'> = {
  states: ['authorization', 'transaction'],
  async run(session) {
    session.ok('capabilities');
    await putListing(session, capabilitiesOf(session));
  },
};
