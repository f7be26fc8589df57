/** The protocols of mail, which every thread of a home speaks on the same ports. */

import type { Authenticator } from '../accounts/authenticate.ts';
import type { Home } from '../home.ts';
import { startImap } from '../imap/listeners.ts';
import { startPop3 } from '../pop3/listeners.ts';
import { startSmtp } from '../smtp/listeners.ts';

export interface RunningProtocols {
  readonly addresses: readonly {
    readonly protocol: MailProtocol;
    readonly address: string;
    readonly port: number;
  }[];
  /** Together: a long message under way must not keep the news from everybody else. */
  stop(): Promise<void>;
}

export type MailProtocol =
  | 'smtp'
  | 'submission'
  | 'submissions'
  | 'pop3'
  | 'pop3s'
  | 'imap'
  | 'imaps';

/** On failure nothing is left behind. */
export async function startProtocols(
  home: Home,
  authenticator: Authenticator,
  options: { readonly plainAllowed: boolean },
): Promise<RunningProtocols> {
  const started: RunningProtocols[] = [];
  const stop = async () => void (await Promise.all(started.map((one) => one.stop())));
  try {
    for (const start of [startPop3, startImap, startSmtp]) {
      started.push(await start(home, authenticator, options));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { addresses: started.flatMap((one) => one.addresses), stop };
}
