/** A test home with its SMTP ports open. */

import { createAuthenticator } from '../accounts/authenticate.ts';
import { startSmtp } from '../smtp/listeners.ts';
import type { SmtpOptions } from '../smtp/listeners.ts';
import { Dialogue } from './dialogue.ts';
import type { DialogueOptions } from './dialogue.ts';
import { testHome, testPassword } from './home.ts';
import type { TestHome, TestHomeOptions } from './home.ts';

type Service = 'smtp' | 'submission' | 'submissions';

export interface SmtpHome extends TestHome {
  readonly ports: Readonly<Record<Service, number>>;
  /** Connected to port 25's kind, EHLO said. */
  open(options?: Partial<DialogueOptions>): Promise<Dialogue>;
  /** Connected to 465's kind, EHLO said, logged in. */
  login(address: string, password?: string): Promise<Dialogue>;
  stop(): Promise<void>;
}

/** `merpati.test` and its accounts are for the test to make. */
export async function smtpHome(options: TestHomeOptions & SmtpOptions = {}): Promise<SmtpHome> {
  const any = ['127.0.0.1:0'];
  const made = await testHome({
    ...options,
    config: { ...options.config, listen: { smtp: any, submission: any, submissions: any } },
  });
  const smtp = await startSmtp(made.home, createAuthenticator([made.home]), options);
  const port = (service: Service): number =>
    smtp.addresses.find((address) => address.protocol === service)?.port ?? 0;
  const ports = {
    smtp: port('smtp'),
    submission: port('submission'),
    submissions: port('submissions'),
  };
  return {
    ...made,
    ports,
    open: (dialogue = {}) => Dialogue.open({ port: ports.smtp, ...dialogue }),
    async login(address, password = testPassword) {
      const dialogue = await Dialogue.open({ port: ports.submissions, ca: made.ca });
      const message = Buffer.from(`\0${address}\0${password}`).toString('base64');
      await dialogue.say(`AUTH PLAIN ${message}`, 235);
      return dialogue;
    },
    stop: () => smtp.stop(),
    async [Symbol.asyncDispose]() {
      await smtp.stop();
      await made[Symbol.asyncDispose]();
    },
  };
}

/** Looks again and again until there is something; the machine may be slow. */
export async function waitFor<T>(look: () => Promise<T | null>): Promise<T> {
  for (let i = 0; i < 1000; i += 1) {
    const found = await look();
    if (found !== null) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('it did not come');
}
