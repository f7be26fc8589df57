import { listFiles, readText } from '/work/main/tests/tidy/tree.ts';
import { readTranscript } from '/work/main/tests/transcripts/format.ts';
import { playTranscript } from '/work/main/tests/transcripts/play.ts';
import { testHome } from '/work/main/packages/server/src/testing/home.ts';
import { startSmtp } from '/work/main/packages/server/src/smtp/listeners.ts';
import { startPop3 } from '/work/main/packages/server/src/pop3/listeners.ts';
import { createAuthenticator } from '/work/main/packages/server/src/accounts/authenticate.ts';
import { readFileSync } from 'node:fs';
const readMessage = (n: string) => readFileSync('/work/main/tests/transcripts/messages/' + n);
import { summarise } from '@merpati/formats/message/summary.ts';
import { readHead } from '@merpati/formats/message/head.ts';
import { makeJourneyId } from '@merpati/store/journey.ts';
const only = process.argv[2] ?? '';
let ok = 0;
for (const path of listFiles(/^tests\/transcripts\/.*\.txt$/).filter((p) => p.includes(only))) {
  const t = readTranscript(path, readText(path));
  const any = ['127.0.0.1:0'];
  const th = await testHome({
    tls: true,
    config: {
      hostname: 'mx.merpati.test',
      listen: { smtp: any, submission: any, submissions: any, pop3: any, pop3s: any, http: [] },
    } as never,
  });
  await th.addDomain('merpati.test');
  const you = await th.addAccount('you@merpati.test');
  await th.addAccount('friend@merpati.test');
  await th.addAccount('full@merpati.test', { quotaBytes: 0 });
  await th.addAlias('team@merpati.test', 'you@merpati.test', 'friend@merpati.test');
  for (const name of t.mailbox) {
    const message = readMessage(name);
    const w = th.home.store.newBody();
    await w.write(message);
    const nowMs = Date.now();
    const journey = makeJourneyId(nowMs, Math.floor(Math.random() * 4096));
    await th.home.store.accept({
      head: {
        id: journey,
        startedUs: nowMs * 1000,
        direction: 'in',
        sender: '',
        recipients: ['you@merpati.test'],
        messageId: null,
        subject: null,
        size: message.length,
        submittedBy: null,
      },
      events: [],
      body: await w.finish(),
      deliveries: [
        {
          account: you,
          mailbox: 'inbox',
          key: String(journey),
          prefix: new Uint8Array(),
          flags: 0,
          keywords: [],
          internalDateMs: nowMs,
          summary: summarise(readHead(message)),
          recipient: 'you@merpati.test',
        },
      ],
      queue: null,
      sending: null,
      nowMs,
    });
  }
  const auth = createAuthenticator([th.home]);
  const smtp = await startSmtp(th.home, auth);
  const pop3 = await startPop3(th.home, auth, { plainAllowed: false });
  const a = [...smtp.addresses, ...pop3.addresses].find((x) => x.protocol === t.service)!;
  try {
    await playTranscript(t, 'merpati', a.port);
    ok++;
  } catch (e) {
    console.log('FAIL', (e as Error).message, '\n');
  }
  await smtp.stop();
  await pop3.stop();
  await th[Symbol.asyncDispose]();
}
console.log('ok', ok);
process.exit(0);
