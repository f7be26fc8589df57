/** What the fuzzer drives here: any octets, only `SyntaxFault`, and a second reading that agrees. */

import { readDnsMessage, writeDnsMessage } from './message.ts';
import { nameLabels, readName } from './name.ts';

export const fuzzTargets: Readonly<Record<string, (bytes: Uint8Array) => void>> = {
  'dns/message': (bytes) => {
    writeDnsMessage(readDnsMessage(bytes));
  },
  'dns/name': (bytes) => {
    nameLabels(readName(bytes, 0).name);
  },
};
