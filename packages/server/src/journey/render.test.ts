import assert from 'node:assert/strict';
import test from 'node:test';
import type { JourneyEvent } from '@merpati/store/journey.ts';
import {
  renderEvent,
  renderJourney,
  verdictMark,
  verdictText,
  type RenderOptions,
} from './render.ts';
import { createPaint, width } from './screen.ts';
import { lanesOf, verdictOf } from './verdict.ts';
import type { JourneyView, ShownEvent } from './view.ts';

const t0 = Date.UTC(2026, 10, 21, 12, 5, 29, 310) * 1000;
const options: RenderOptions = {
  language: 'en',
  paint: createPaint(false),
  columns: null,
  offsetMinutes: 420,
  nowMs: t0 / 1000,
  dialogue: false,
  command: 'merpati',
};

type Step = Omit<JourneyEvent, 'atUs'> & { readonly ms: number; readonly server?: string };

function view(recipients: readonly string[], steps: readonly Step[]): JourneyView {
  const events = steps.map(({ ms, server, ...event }, i): ShownEvent => ({
    ...event,
    atUs: t0 + ms * 1000,
    seq: i + 1,
    journey: 'q7f3000000',
    server: server ?? 'mail.contoh.id',
  }));
  return {
    head: {
      id: 'q7f3000000',
      server: 'mail.contoh.id',
      startedUs: t0 + 210_000,
      direction: 'out',
      sender: 'rina@contoh.id',
      recipients,
      messageId: 'x@contoh.id',
      subject: 'Laporan November',
      size: 2193,
    },
    events,
  };
}

const click: Step = { ms: 0, stage: 'click', state: 'claimed', code: 'click.told' };
const submitted: Step = {
  ms: 210,
  stage: 'submit',
  state: 'ok',
  code: 'submit.message',
  args: { size: 2193, recipients: 1 },
};
const refused: Step = {
  ms: 300,
  stage: 'accept',
  state: 'fail',
  code: 'accept.refused',
  args: { by: 'mx.contoh.id', why: 'loop', reply: 'It goes in circles' },
};
const to = (rcpt: string) => ({
  queued: (ms: number, due = 0): Step => ({
    ms,
    stage: 'queue',
    state: 'ok',
    code: due === 0 ? 'queue.queued' : 'queue.scheduled',
    args: { id: 1, domain: 'contoh.org', due: due === 0 ? t0 / 1000 + ms : due },
    rcpt,
  }),
  accepted: (ms: number): Step => ({
    ms,
    stage: 'accept',
    state: 'ok',
    code: 'smtp.accepted',
    args: { host: 'mx1.contoh.org', reply: '250 2.0.0 Ok: queued as 4B7C2' },
    rcpt,
  }),
  later: (ms: number, dueMs: number): Step => ({
    ms,
    stage: 'queue',
    state: 'warn',
    code: 'queue.later',
    args: { reply: '451 4.7.1 Greylisted', dueMs, expiresMs: dueMs + 86_400_000 },
    rcpt,
    attempt: 1,
  }),
  failed: (ms: number): Step => ({
    ms,
    stage: 'bounce',
    state: 'fail',
    code: 'queue.failed',
    args: { reply: '550 5.1.1 No such user', status: '5.1.1' },
    rcpt,
  }),
  stored: (ms: number, server = 'mail.contoh.id'): Step => ({
    ms,
    stage: 'store',
    state: 'ok',
    code: 'store.stored',
    args: { account: rcpt, mailbox: 'INBOX', uid: 1, email: 1 },
    rcpt,
    server,
  }),
});
const siti = to('siti@contoh.org');

const dialogue: Step = {
  ms: 800,
  stage: 'dialogue',
  state: 'ok',
  code: 'smtp.dialogue',
  args: { host: 'mx1.contoh.org' },
  durUs: 860_000,
  lines: [
    { dir: 'in', tls: false, afterUs: 0, text: '220 mx1.contoh.org ESMTP' },
    { dir: 'out', tls: false, afterUs: 12_000, text: 'STARTTLS' },
    { dir: 'out', tls: true, afterUs: 60_000, text: 'MAIL FROM:<rina@contoh.id> SIZE=2193' },
    { dir: 'in', tls: true, afterUs: 75_000, text: '250 2.1.0 Ok\u001b[31m' },
  ],
};

test('accepted elsewhere: verdict first, steps with their times, and what lies beyond', () => {
  const steps = [click, submitted, siti.queued(240), dialogue, siti.accepted(1900)];
  const journey = view(['siti@contoh.org'], steps);
  assert.deepEqual(renderJourney(journey, options), [
    '✓ accepted by mx1.contoh.org in 1.90 s    ' +
      'rina@contoh.id → siti@contoh.org  "Laporan November"  2.2 KB  q7f3000000',
    '  19:05:29.310 ┄ click     Send was pressed, as the mail program tells',
    '       +0.21 s ✓ submit    2.2 KB taken in for 1 recipient',
    '        +30 ms ✓ queue     waiting to be sent to contoh.org',
    '       +0.56 s ✓ dialogue  conversation with mx1.contoh.org (0.86\u00a0s)',
    '       +1.10 s ✓ accept    accepted by mx1.contoh.org: "250 2.0.0 Ok: queued as 4B7C2"',
    '  ○ their inbox is outside our view; a bounce would appear here',
  ]);
  const indonesian = renderJourney(journey, { ...options, language: 'id' });
  assert.match(indonesian[0] ?? '', /^✓ diterima mx1\.contoh\.org dalam 1,90 dtk {4}rina/);
  assert.match(indonesian[2] ?? '', /^ {5}\+0,21 dtk ✓ serah {5}2,2 KB diterima untuk 1 penerima$/);
});

test('the dialogue: arrows say who spoke and whether it was encrypted; nothing escapes', () => {
  const journey = view(['siti@contoh.org'], [dialogue]);
  const lines = renderJourney(journey, { ...options, dialogue: true });
  assert.deepEqual(lines.slice(2, 6), [
    '           +0 ms <- 220 mx1.contoh.org ESMTP',
    '          +12 ms -> STARTTLS',
    '          +48 ms ~> MAIL FROM:<rina@contoh.id> SIZE=2193',
    '          +15 ms <~ 250 2.1.0 Ok\ufffd[31m',
  ]);
});

test('a narrow terminal: nothing is wider than it', () => {
  const steps = [click, submitted, siti.queued(240), dialogue, siti.accepted(1900)];
  const journey = view(['siti@contoh.org'], steps);
  for (const columns of [60, 80, 100]) {
    for (const language of ['en', 'id'] as const) {
      const drawn = renderJourney(journey, { ...options, columns, language, dialogue: true });
      for (const line of drawn) assert.ok(width(line) <= columns, `${width(line)}: ${line}`);
    }
  }
});

test('colours change nothing but the colour', () => {
  const journey = view(['siti@contoh.org'], [click, submitted, siti.queued(240)]);
  const painted = renderJourney(journey, { ...options, paint: createPaint(true) });
  const bare = painted.map((line) => line.replaceAll(/\u001b\[\d+m/g, ''));
  assert.deepEqual(bare, renderJourney(journey, options));
  assert.notDeepEqual(painted, bare);
});

test('verdicts, in both languages', () => {
  const due = t0 / 1000 + 252_000;
  const table: [Step[], string, string, string][] = [
    [[], '◑', 'on its way', 'sedang berjalan'],
    [[siti.queued(240)], '◔', 'waiting to be sent', 'menunggu dikirim'],
    [[siti.queued(240), dialogue], '◑', 'on its way', 'sedang berjalan'],
    [[siti.queued(240, due)], '◌', 'held until 19:09:41', 'ditahan sampai 19.09.41'],
    [
      [siti.queued(240), siti.later(900, due)],
      '▲',
      'not there yet: "451 4.7.1 Greylisted"; next try at 19:09:41',
      'belum sampai: "451 4.7.1 Greylisted"; dicoba lagi 19.09.41',
    ],
    [
      [siti.queued(240), siti.later(900, due), siti.accepted(3_661_000)],
      '✓',
      'accepted by mx1.contoh.org in 1 h 1 min',
      'diterima mx1.contoh.org dalam 1 jam 1 mnt',
    ],
    [
      [
        {
          ...siti.stored(2),
          code: 'store.appended',
          args: { account: 'siti@contoh.org', mailbox: 'Drafts' },
        },
      ],
      '✓',
      'put into Drafts of siti@contoh.org',
      'ditaruh di Drafts milik siti@contoh.org',
    ],
    [
      [siti.queued(240), siti.failed(900)],
      '✕',
      'failed: "550 5.1.1 No such user"',
      'gagal: "550 5.1.1 No such user"',
    ],
    [
      [refused],
      '✕',
      'refused by mx.contoh.id: "It goes in circles"',
      'ditolak mx.contoh.id: "It goes in circles"',
    ],
    [
      [siti.queued(240), siti.stored(300, 'mx'), siti.accepted(310)],
      '✓✓',
      'in the inbox of siti@contoh.org after 0.30 s',
      'di kotak masuk siti@contoh.org setelah 0,30 dtk',
    ],
    [
      [siti.queued(240), { ms: 500, stage: 'queue', state: 'warn', code: 'queue.cancelled' }],
      '✕',
      'taken out of the queue',
      'dikeluarkan dari antrean',
    ],
  ];
  for (const [steps, mark, en, id] of table) {
    const verdict = verdictOf(view(['siti@contoh.org'], [click, submitted, ...steps]));
    assert.equal(verdictMark(verdict), mark);
    assert.equal(verdictText(verdict, options), en);
    assert.equal(verdictText(verdict, { ...options, language: 'id' }), id);
  }
});

test('several recipients: the worst decides, each has a lane, aliases give way', () => {
  const others = Array.from({ length: 18 }, (_, i) => `p${i}@contoh.org`);
  const list: Step = {
    ms: 220,
    stage: 'route',
    state: 'ok',
    code: 'route.alias',
    args: { here: 18, elsewhere: 0 },
    rcpt: 'tim@contoh.id',
  };
  const recipients = ['tim@contoh.id', 'siti@contoh.org'];
  const steps = [
    click,
    submitted,
    list,
    siti.queued(230),
    ...others.map((rcpt) => to(rcpt).stored(230)),
    siti.failed(900),
  ];
  const journey = view(recipients, steps);
  const verdict = verdictOf(journey);
  assert.equal(verdict.total, 19);
  assert.equal(verdictText(verdict, options), '1 of 19: failed: "550 5.1.1 No such user"');
  assert.equal(lanesOf(journey).length, 20);
  const drawn = renderJourney(journey, options);
  assert.ok(drawn.includes('  ✓ 18 of 20 recipients: done'));
  assert.ok(drawn.some((line) => line.startsWith('  ✕ siti@contoh.org  failed')));
  assert.ok(!drawn.some((line) => line.includes('p7@contoh.org')));
});

test('several servers and attempts have headings; a tail names journey and recipient', () => {
  const due = t0 / 1000 + 5000;
  const again: Step = { ...dialogue, ms: 5000, attempt: 2 };
  const journey = view(
    ['siti@contoh.org'],
    [siti.queued(0), siti.later(100, due), again, siti.stored(5010, 'mx1.contoh.org')],
  );
  const drawn = renderJourney(journey, options).map((line) => line.trim());
  assert.ok(drawn.includes('mail.contoh.id') && drawn.includes('mx1.contoh.org'));
  assert.ok(drawn.includes('attempt 2'));
  const event = journey.events[0];
  assert.ok(event);
  const place = { named: true, previousUs: null, tellsRcpt: true };
  assert.deepEqual(renderEvent(event, place, options), [
    'q7f3000000  19:05:29.310 ✓ queue     siti@contoh.org: waiting to be sent to contoh.org',
  ]);
});
