/**
 * Gathers the evidence about one message, each part as soon as it can be known: names, lists and
 * SPF with the first recipient, keys and policies with the head, hashes while the body streams by.
 * It decides nothing, and keeps nothing of the body.
 */

import { ArcVerifier } from '@merpati/formats/auth/arc.ts';
import { BodyHashes } from '@merpati/formats/auth/body-hash.ts';
import { checkHello, checkReverse } from '@merpati/formats/auth/client-names.ts';
import { DkimVerifier } from '@merpati/formats/auth/dkim.ts';
import { authorDomains, checkDmarc } from '@merpati/formats/auth/dmarc.ts';
import { checkDnsList, dnsListQuestions } from '@merpati/formats/auth/dns-list.ts';
import { settleCheck, type Checking } from '@merpati/formats/auth/dns-facts.ts';
import { checkSpf } from '@merpati/formats/auth/spf.ts';
import { findFields, type Head } from '@merpati/formats/message/head.ts';
import type { Home } from '../home.ts';
import type { ClientEvidence, Evidence, Listing } from '../incoming/evidence.ts';
import type { BodyWatcher } from '../incoming/incoming.ts';
import { authCrypto } from './auth-crypto.ts';
import { checkLimits } from './limits.ts';
import { Questions } from './questions.ts';
import { checkSettings } from './settings.ts';

export interface Client {
  readonly ip: string;
  readonly hello: string;
  /** Reverse-path; '' is the null sender. */
  readonly sender: string;
}

/** As much of a home as it takes. */
type Judging = Pick<Home, 'config' | 'world'>;

interface Verifiers {
  readonly bodies: BodyHashes;
  readonly dkim: DkimVerifier;
  readonly arc: ArcVerifier;
  readonly authors: readonly string[];
}

export class Inspection implements BodyWatcher {
  readonly #home: Judging;
  readonly #questions: Questions;
  /** Apart from the others: somebody may wait for them before the message. */
  readonly #listQuestions: Questions;
  readonly #client: ClientEvidence;
  #verifiers: Verifiers | null = null;
  #evidence: Evidence | null = null;

  constructor(home: Judging, client: Client) {
    this.#home = home;
    this.#questions = new Questions(home.world.dns);
    this.#listQuestions = new Questions(home.world.dns);
    this.#client = this.#askAbout(client);
  }

  /** For decisions before the message: what is not known in time stays unknown. */
  listsNow(): ClientEvidence['lists'] {
    this.#hurry(this.#listQuestions);
    return this.#client.lists;
  }

  /** The head as it came, before anything was cut out of it, and all of its octets. */
  takeHead(head: Head, octets: Uint8Array): void {
    const bodies = new BodyHashes(authCrypto);
    const nowSeconds = Math.floor(this.#home.world.nowMs() / 1000);
    const dkim = new DkimVerifier(head, authCrypto, { nowSeconds, bodies });
    const arc = new ArcVerifier(head, authCrypto, bodies);
    const authors = authorsOf(head);
    this.#verifiers = { bodies, dkim, arc, authors };
    // A head that nothing closes may hold the first lines of the body.
    bodies.write(octets.subarray(head.length));
    for (const question of [...dkim.questions(), ...arc.questions()])
      void this.#questions.ask(question);
    for (const name of policyNames(authors)) void this.#questions.ask({ name, type: 'TXT' });
  }

  write(piece: Uint8Array): void {
    this.#verifiers?.bodies.write(piece);
  }

  /** The message is whole: somebody waits for what is still asked. */
  evidence(): Evidence {
    if (this.#evidence !== null) return this.#evidence;
    if (this.#verifiers === null) throw new Error('evidence of a message without a head');
    this.#hurry(this.#questions);
    this.#hurry(this.#listQuestions);
    const { dkim, arc, authors } = this.#verifiers;
    const client = this.#client;
    const signatures = this.#settle(dkim.finish());
    const dmarc = Promise.all([client.spf, signatures]).then(([spf, found]) =>
      this.#settle(checkDmarc({ domains: authors, spf, dkim: found })),
    );
    const chain = this.#settle(arc.finish());
    this.#evidence = { ...client, dkim: signatures, arc: chain, authors, dmarc: handled(dmarc) };
    return this.#evidence;
  }

  abandon(): void {
    this.#questions.abandon();
    this.#listQuestions.abandon();
  }

  #askAbout({ ip, hello, sender }: Client): ClientEvidence {
    const { config, world } = this.#home;
    const receiver = config.hostname;
    const nowSeconds = Math.floor(world.nowMs() / 1000);
    const spfOf = (mailFrom: string) =>
      this.#settle(checkSpf({ ip, helo: hello, mailFrom, receiver, nowSeconds }));
    const spfHello = spfOf('');
    const { lists } = checkSettings(config);
    const asked = lists.map(async ({ list, answers }): Promise<Listing> => {
      const { zone } = list;
      const { ask } = this.#listQuestions;
      for (const question of dnsListQuestions(ip, zone)) void ask(question);
      const isMeant = (answer: string): boolean => answers.has(answer);
      return { ...(await settleCheck(checkDnsList({ ip, zone, isMeant }), ask)), list };
    });
    return {
      reverse: this.#settle(checkReverse(ip)),
      hello: this.#settle(checkHello(hello, ip)),
      spfHello,
      spf: sender === '' ? spfHello : spfOf(sender),
      lists: handled(Promise.all(asked)),
    };
  }

  #hurry(questions: Questions): void {
    questions.hurry(this.#home.config.checks.dns_timeout_s * 1000);
  }

  #settle<Result>(checking: Checking<Result>): Promise<Result> {
    return handled(settleCheck(checking, this.#questions.ask));
  }
}

/** Only a bug of ours rejects; it is met by who asks, and by nobody when the message never ends. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {
    // told to whoever awaits it
  });
  return promise;
}

function authorsOf(head: Head): readonly string[] {
  const fields = findFields(head, 'from').slice(0, checkLimits.fromFieldsMax);
  return [...new Set(fields.flatMap((field) => authorDomains(field.value())))];
}

/** Where the policy of the first author may be: the tree walk will ask. RFC 9989 §4.10. */
function policyNames([author = '']: readonly string[]): readonly string[] {
  const labels = author.split('.');
  const start = Math.max(0, labels.length - checkLimits.policyNamesMax);
  const names = labels.slice(start).map((_, at) => labels.slice(start + at).join('.'));
  return author === '' ? [] : [...new Set([author, ...names])].map((name) => `_dmarc.${name}`);
}
