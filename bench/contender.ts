/** What a mail server must be able to do to be measured. */

export interface Contender extends AsyncDisposable {
  readonly name: string;
  /** Where mail arrives. */
  readonly port: number;
  /** Programs and versions, for the record. */
  readonly version: string;
  /** Processes that cost: these and all their descendants. */
  roots(): readonly number[];
  /** Accepted messages that are not yet where they shall be. */
  backlog(): number;
  /** Messages in mailboxes: what was acknowledged must be there. */
  stored(): Promise<number>;
}

export const domain = 'bench.test';
export const sender = 'generator@generator.test';

const mailboxes = 50;
/** Mailboxes that every contender has. */
export const recipients: readonly string[] = Array.from(
  { length: mailboxes },
  (_, index) => `user${index}@${domain}`,
);

/** Mail to this domain is handed on to the sink. */
export const sinkDomain = 'sink.test';
/** An address of our own that stands for one there. */
export const sinkAddress = `relayed@${domain}`;
