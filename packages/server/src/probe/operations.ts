/**
 * What can be probed: the pure parts of the server, each with a question and an answer in JSON. An
 * operation is here as soon as its ground exists.
 */

import {
  probeArcSeal,
  probeArcVerify,
  probeDkimSign,
  probeDkimVerify,
  probeDmarc,
  probeSpf,
  type AuthProbe,
} from '@merpati/formats/auth/probe.ts';
import { probeBodyStructure, probeEnvelope, probeMutf7 } from '@merpati/formats/imap/probe.ts';
import {
  probeDsn,
  probeHeaderParse,
  probeMimeCompose,
  probeMimeParse,
  type ProbeContext,
} from '@merpati/formats/message/probe.ts';
import { probeSaslprep, probeScramServer } from '@merpati/formats/sasl/probe.ts';
import { z } from 'zod';
import { scramCrypto } from '../accounts/scram-crypto.ts';
import { authCrypto, readPrivateKey } from '../checks/auth-crypto.ts';
import { factsFor } from './dns-facts.ts';

export type Json = Readonly<Record<string, unknown>>;

export interface ProbeOperation {
  /** For people: the field that a file, standard input or the words of the command line go into. */
  readonly bytesField: string | null;
  /** What else may be given, for help. */
  readonly fields: readonly string[];
  run(input: Json, context: ProbeContext): object | Promise<object>;
}

const saslprepInput = z.object({ value: z.string(), stored: z.boolean().default(false) });

const scramInput = z.object({
  mech: z.string(),
  user: z.string(),
  password: z.string(),
  salt: z.string(),
  iterations: z.int().min(1).max(1_000_000),
  serverNonce: z.string(),
  clientFirst: z.string(),
  clientFinal: z.string(),
  channelBinding: z.string().optional(),
});

function authProbe(input: Json, { nowMs }: ProbeContext): AuthProbe {
  return {
    ask: factsFor(input['zone']),
    crypto: authCrypto,
    readPrivateKey,
    nowSeconds: Math.floor(nowMs / 1000),
  };
}

export const probeOperations: Readonly<Record<string, ProbeOperation>> = {
  'mime-parse': { bytesField: 'message', fields: [], run: (input) => probeMimeParse(input) },
  'header-parse': {
    bytesField: 'value',
    fields: ['kind'],
    run: (input) => probeHeaderParse(input),
  },
  bodystructure: {
    bytesField: 'message',
    fields: ['extended'],
    run: (input) => probeBodyStructure(input),
  },
  envelope: { bytesField: 'message', fields: [], run: (input) => probeEnvelope(input) },
  mutf7: { bytesField: null, fields: ['encode', 'decode'], run: (input) => probeMutf7(input) },
  spf: {
    bytesField: null,
    fields: ['ip', 'helo', 'mailfrom', 'receiver', 'zone'],
    run: (input, context) => probeSpf(input, authProbe(input, context)),
  },
  'dkim-verify': {
    bytesField: 'message',
    fields: ['zone', 'now', 'policy'],
    run: (input, context) => probeDkimVerify(input, authProbe(input, context)),
  },
  'dkim-sign': {
    bytesField: 'message',
    fields: ['domain', 'selector', 'privateKey', 'headers', 'timestamp'],
    run: (input, context) => probeDkimSign(input, authProbe(input, context)),
  },
  dmarc: {
    bytesField: null,
    fields: ['from', 'spf', 'dkim', 'zone'],
    run: (input, context) => probeDmarc(input, authProbe(input, context)),
  },
  'arc-verify': {
    bytesField: 'message',
    fields: ['zone'],
    run: (input, context) => probeArcVerify(input, authProbe(input, context)),
  },
  'arc-seal': {
    bytesField: 'message',
    fields: ['authservId', 'domain', 'selector', 'privateKey', 'headers', 'timestamp'],
    run: (input, context) => probeArcSeal(input, authProbe(input, context)),
  },
  'mime-compose': {
    bytesField: null,
    fields: ['from', 'to', 'cc', 'subject', 'text', 'html'],
    run: (input, context) => probeMimeCompose(input, context),
  },
  dsn: {
    bytesField: 'original',
    fields: ['reason', 'recipients', 'kind'],
    run: (input, context) => probeDsn(input, context),
  },
  saslprep: {
    bytesField: null,
    fields: ['value', 'stored'],
    run: (input) => probeSaslprep(saslprepInput.parse(input)),
  },
  'scram-server': {
    bytesField: null,
    fields: Object.keys(scramInput.shape),
    run: (input) => {
      const { channelBinding, ...asked } = scramInput.parse(input);
      const binding = channelBinding === undefined ? {} : { channelBinding };
      return probeScramServer(scramCrypto, { ...asked, ...binding });
    },
  },
};
