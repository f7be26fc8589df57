/**
 * A journey as a drawing for the terminal: the verdict first, then every step with the time it
 * took, then what lies beyond our view. Pure: view and options in, lines out.
 */

import type { EventState, Stage } from '@merpati/store/journey.ts';
import { bytesText, clockText, durationText, whenText } from './figures.ts';
import { clean, cut, pad, width, wrap, type Paint } from './screen.ts';
import { lanesOf, verdictOf, type Lane, type LaneVerdict, type Verdict } from './verdict.ts';
import type { JourneyView, ShownEvent } from './view.ts';
import { eventText, type Reader } from './words.ts';

export { verdictOf } from './verdict.ts';

export interface RenderOptions extends Reader {
  readonly paint: Paint;
  /** Of the terminal; null: no terminal, nothing is cut or wrapped. */
  readonly columns: number | null;
  readonly dialogue: boolean;
  /** How to call this program, for what a reader can do: `merpati`, `npx merpati --lab`. */
  readonly command: string;
}

const stageWords: Readonly<Record<Stage, { readonly en: string; readonly id: string }>> = {
  click: { en: 'click', id: 'klik' },
  submit: { en: 'submit', id: 'serah' },
  receive: { en: 'receive', id: 'terima' },
  check: { en: 'check', id: 'periksa' },
  auth: { en: 'auth', id: 'identitas' },
  scan: { en: 'scan', id: 'pindai' },
  sign: { en: 'sign', id: 'segel' },
  filter: { en: 'filter', id: 'saring' },
  store: { en: 'store', id: 'simpan' },
  queue: { en: 'queue', id: 'antre' },
  route: { en: 'route', id: 'rute' },
  connect: { en: 'connect', id: 'sambung' },
  tls: { en: 'tls', id: 'tls' },
  dialogue: { en: 'dialogue', id: 'dialog' },
  accept: { en: 'accept', id: 'diterima' },
  notify: { en: 'notify', id: 'kabar' },
  read: { en: 'read', id: 'dibaca' },
  bounce: { en: 'bounce', id: 'kembali' },
};

const marks: Readonly<Record<EventState, string>> = {
  ok: '✓',
  working: '◔',
  warn: '▲',
  fail: '✕',
  info: '·',
  claimed: '┄',
};

/** `  19:05:29.310 ✓ dialogue  ` */
const timeColumns = 12;
const stageColumns = 9;
const indent = 2 + timeColumns + 1 + 1 + 1 + stageColumns + 1;
/** Recipients beyond this many are told by their number, but for those with trouble. */
const lanesMax = 8;

function paintState(state: EventState, text: string, paint: Paint): string {
  switch (state) {
    case 'ok':
      return paint.ok(text);
    case 'warn':
      return paint.warn(text);
    case 'fail':
      return paint.bad(text);
    case 'working':
      return paint.info(text);
    case 'info':
    case 'claimed':
      return paint.muted(text);
    default:
      return state satisfies never;
  }
}

/** ux: ✓ accepted, ✓✓ in the inbox, ▲ delayed, ✕ failed, ◌ held, ◔ queued, ◑ on its way. */
export function verdictMark({ kind }: Pick<Verdict, 'kind'>): string {
  const glyphs: Readonly<Record<LaneVerdict['kind'], string>> = {
    inbox: '✓✓',
    accepted: '✓',
    expanded: '✓',
    delayed: '▲',
    failed: '✕',
    refused: '✕',
    cancelled: '✕',
    kept: '✓',
    filed: '▲',
    held: '◌',
    queued: '◔',
    working: '◑',
  };
  return glyphs[kind];
}

const goodKinds: ReadonlySet<LaneVerdict['kind']> = new Set([
  'inbox',
  'kept',
  'accepted',
  'expanded',
]);

function paintVerdict(kind: LaneVerdict['kind'], text: string, paint: Paint): string {
  if (goodKinds.has(kind)) return paint.ok(text);
  if (kind === 'failed' || kind === 'refused' || kind === 'cancelled') return paint.bad(text);
  if (kind === 'delayed' || kind === 'held' || kind === 'filed') return paint.warn(text);
  return paint.info(text);
}

/** The verdict of all recipients in one sentence. */
export function verdictText(verdict: Verdict, options: Reader): string {
  const { lanes, total } = verdict;
  const [first] = lanes;
  if (first === undefined) return options.language === 'id' ? 'tanpa penerima' : 'no recipients';
  const last = lanes.reduce((latest, lane) => (lane.atUs > latest.atUs ? lane : latest), first);
  const sentence = laneText(total === 1 ? first : last, verdict.startedUs, options, total > 1);
  if (total === 1) return sentence;
  const count = options.language === 'id' ? 'dari' : 'of';
  return `${lanes.length} ${count} ${total}: ${sentence}`;
}

/** `several`: the sentence stands for more than this lane, so nobody is named. */
function laneText(lane: Lane, startedUs: number, reader: Reader, several = false): string {
  const { language } = reader;
  const { verdict } = lane;
  const took = durationText(Math.max(lane.atUs - startedUs, 0), language);
  const say = (en: string, id: string) => (language === 'id' ? id : en);
  const quote = (reply: string) => (reply === '' ? '' : `: "${clean(reply)}"`);
  switch (verdict.kind) {
    case 'inbox': {
      if (several) return say(`in the inbox after ${took}`, `di kotak masuk setelah ${took}`);
      const whose = clean(verdict.account || lane.rcpt);
      return say(
        `in the inbox of ${whose} after ${took}`,
        `di kotak masuk ${whose} setelah ${took}`,
      );
    }
    case 'filed':
    case 'kept': {
      const mailbox = clean(verdict.mailbox);
      const whose = clean(verdict.account || lane.rcpt);
      const [en, id] = verdict.kind === 'kept' ? ['put into', 'ditaruh di'] : ['in', 'di'];
      return say(`${en} ${mailbox} of ${whose}`, `${id} ${mailbox} milik ${whose}`);
    }
    case 'accepted': {
      const host = clean(verdict.host);
      return say(`accepted by ${host} in ${took}`, `diterima ${host} dalam ${took}`);
    }
    case 'expanded':
      return say('passed on to others', 'diteruskan ke alamat lain');
    case 'failed':
      return say(`failed${quote(verdict.reply)}`, `gagal${quote(verdict.reply)}`);
    case 'refused': {
      const by = clean(verdict.by);
      return say(`refused by ${by}${quote(verdict.reply)}`, `ditolak ${by}${quote(verdict.reply)}`);
    }
    case 'cancelled':
      return say('taken out of the queue', 'dikeluarkan dari antrean');
    case 'delayed': {
      const { dueMs } = verdict;
      const next =
        dueMs === null
          ? ''
          : say(
              `; next try at ${whenText(dueMs, reader)}`,
              `; dicoba lagi ${whenText(dueMs, reader)}`,
            );
      return say(
        `not there yet${quote(verdict.reply)}${next}`,
        `belum sampai${quote(verdict.reply)}${next}`,
      );
    }
    case 'held': {
      const { untilMs } = verdict;
      if (untilMs === null) return say('held back', 'ditahan');
      return say(
        `held until ${whenText(untilMs, reader)}`,
        `ditahan sampai ${whenText(untilMs, reader)}`,
      );
    }
    case 'queued':
      return say('waiting to be sent', 'menunggu dikirim');
    case 'working':
      return say('on its way', 'sedang berjalan');
    default:
      return verdict satisfies never;
  }
}

/** The whole drawing. */
export function renderJourney(view: JourneyView, options: RenderOptions): string[] {
  const servers = new Set(view.events.map((event) => event.server));
  const lanes = lanesOf(view);
  const lines = renderTop(view, options);
  const isFolded = lanes.length > 1;
  const shared = isFolded ? view.events.filter((event) => event.rcpt === undefined) : view.events;
  lines.push(...renderEvents(shared, { named: servers.size > 1, previousUs: null }, options));
  if (isFolded) lines.push(...renderLanes(view, lanes, options));
  lines.push(...renderBeyond(lanes, options));
  return lines;
}

/** Verdict, who to whom, subject, id: on one line where there is room. */
function renderTop(view: JourneyView, options: RenderOptions): string[] {
  const { paint, columns } = options;
  const { head } = view;
  const verdict = verdictOf(view);
  const mark = verdictMark(verdict);
  const sentence = verdictText(verdict, options);
  const to = people(head.recipients, options);
  const route = `${clean(head.sender) || '<>'} → ${to}`;
  const subject = head.subject === null ? '' : `  "${clean(head.subject)}"`;
  const size = bytesText(head.size, options.language);
  const about = `${route}${subject}  ${size}  ${head.id}`;
  const left = `${mark} ${sentence}`;
  const painted = paint.bold(paintVerdict(verdict.kind, left, paint));
  if (columns !== null && width(left) + 4 + width(about) > columns) {
    const pieces = wrap(left, columns);
    const verdictLines = pieces.map((piece, i) =>
      paint.bold(paintVerdict(verdict.kind, i === 0 ? piece : `  ${piece}`, paint)),
    );
    const room = Math.max(columns - 4 - width(`  ${size}  ${head.id}`), 20);
    return [
      ...verdictLines,
      `  ${cut(`${route}${subject}`, room)}  ${paint.muted(`${size}  ${head.id}`)}`,
    ];
  }
  return [`${painted}    ${about}`];
}

function people(recipients: readonly string[], { language }: Reader): string {
  const [first, ...rest] = recipients;
  if (first === undefined) return '–';
  if (rest.length === 0) return clean(first);
  return language === 'id'
    ? `${clean(first)} dan ${rest.length} lainnya`
    : `${clean(first)} and ${rest.length} more`;
}

export interface EventPlace {
  /** Say which server (or, in a tail, which journey) it was. */
  readonly named: boolean;
  /** The event before; null: the full time is shown. */
  readonly previousUs: number | null;
  /** Say which recipient it concerned, where nothing else does. */
  readonly tellsRcpt?: boolean;
}

function renderEvents(
  events: readonly ShownEvent[],
  place: EventPlace,
  options: RenderOptions,
): string[] {
  const lines: string[] = [];
  let { previousUs } = place;
  let server: string | null = null;
  let attempt = 1;
  let stage: Stage | null = null;
  for (const event of events) {
    if (place.named && event.server !== server) {
      lines.push(`  ${options.paint.bold(clean(event.server))}`);
      stage = null;
    }
    server = event.server;
    if (event.attempt !== undefined && event.attempt !== attempt) {
      const word = options.language === 'id' ? 'percobaan' : 'attempt';
      lines.push(options.paint.muted(`  ${word} ${event.attempt}`));
      stage = null;
    }
    attempt = event.attempt ?? attempt;
    const isSame = event.stage === stage;
    lines.push(...renderSteps(event, { previousUs, isSame }, options));
    stage = event.stage;
    previousUs = event.atUs;
  }
  return lines;
}

/** One event as it happens, for a tail. */
export function renderEvent(
  event: ShownEvent,
  place: EventPlace,
  options: RenderOptions,
): string[] {
  const previousUs = place.named ? null : place.previousUs;
  const steps = renderSteps(event, { ...place, previousUs, isSame: false }, options);
  if (!place.named) return steps;
  const [first = '', ...rest] = steps;
  const margin = ' '.repeat(event.journey.length);
  return [`${options.paint.muted(event.journey)}${first}`, ...rest.map((line) => margin + line)];
}

function renderSteps(
  event: ShownEvent,
  place: Omit<EventPlace, 'named'> & { readonly isSame: boolean },
  options: RenderOptions,
): string[] {
  const { paint, columns, language } = options;
  const time = timeOf(event, place.previousUs, options);
  const stage = place.isSame ? '' : stageWords[event.stage][language];
  const mark = paintState(event.state, marks[event.state], paint);
  const took =
    event.durUs !== undefined && event.durUs >= 1000
      ? ` (${durationText(event.durUs, language).replace(' ', '\u00a0')})`
      : '';
  const whose =
    place.tellsRcpt === true && event.rcpt !== undefined ? `${clean(event.rcpt)}: ` : '';
  const sentence = `${whose}${eventText(event, options)}${took}`;
  const pieces = columns === null ? [sentence] : wrap(sentence, Math.max(columns - indent, 24));
  const when = paint.muted(pad(time, timeColumns, 'left'));
  const head = `  ${when} ${mark} ${pad(stage, stageColumns)} `;
  const lines = pieces.map((piece, i) => {
    const told = event.state === 'claimed' ? paint.muted(piece) : piece;
    return i === 0 ? `${head}${told}`.trimEnd() : `${' '.repeat(indent)}${told}`;
  });
  if (options.dialogue) lines.push(...renderDialogue(event, options));
  return lines;
}

function timeOf(event: ShownEvent, previousUs: number | null, options: RenderOptions): string {
  if (previousUs === null) return clockText(event.atUs, options.offsetMinutes, options.language);
  return `+${durationText(Math.max(event.atUs - previousUs, 0), options.language)}`;
}

/** swaks' arrows: `->` and `<-` in the clear, `~>` and `<~` under TLS. */
function renderDialogue(event: ShownEvent, options: RenderOptions): string[] {
  const lines: string[] = [];
  let previousUs = 0;
  for (const { dir, tls, afterUs, text } of event.lines ?? []) {
    const arrow = dir === 'out' ? (tls ? '~>' : '->') : tls ? '<~' : '<-';
    const time = pad(
      `+${durationText(Math.max(afterUs - previousUs, 0), options.language)}`,
      9,
      'left',
    );
    previousUs = afterUs;
    const line = `       ${options.paint.muted(time)} ${options.paint.info(arrow)} `;
    const room = options.columns === null ? Infinity : Math.max(options.columns - 20, 24);
    lines.push(`${line}${cut(clean(text), room)}`);
  }
  return lines;
}

/** Each recipient with what concerned only them; many that fared alike are told by their number. */
function renderLanes(view: JourneyView, lanes: readonly Lane[], options: RenderOptions): string[] {
  const { paint } = options;
  const lines: string[] = [];
  const isGood = (lane: Lane) =>
    goodKinds.has(lane.verdict.kind) && lane.verdict.kind !== 'expanded';
  const folded = lanes.length > lanesMax ? lanes.filter(isGood) : [];
  if (folded.length > 0) {
    const mark = paint.ok('✓');
    lines.push(
      options.language === 'id'
        ? `  ${mark} ${folded.length} dari ${lanes.length} penerima: beres`
        : `  ${mark} ${folded.length} of ${lanes.length} recipients: done`,
    );
  }
  for (const lane of lanes.filter((one) => !folded.includes(one))) {
    const { kind } = lane.verdict;
    const mark = paintVerdict(kind, verdictMark({ kind }), paint);
    const sentence = laneText(lane, view.head.startedUs, options, true);
    lines.push(`  ${mark} ${paint.bold(clean(lane.rcpt))}  ${sentence}`);
    const own = view.events.filter((one) => one.rcpt?.toLowerCase() === lane.rcpt.toLowerCase());
    const previousUs = view.events[0]?.atUs ?? null;
    lines.push(...renderEvents(own, { named: false, previousUs }, options));
  }
  return lines;
}

/** What we cannot know is said too; and what a reader can do about trouble. */
function renderBeyond(lanes: readonly Lane[], options: RenderOptions): string[] {
  const { paint, language } = options;
  const say = (en: string, id: string) => (language === 'id' ? id : en);
  const lines: string[] = [];
  const note = (mark: string, text: string) => {
    const pieces =
      options.columns === null ? [text] : wrap(text, Math.max(options.columns - 4, 24));
    lines.push(...pieces.map((piece, i) => (i === 0 ? `  ${mark} ${piece}` : `    ${piece}`)));
  };
  if (lanes.some((lane) => lane.verdict.kind === 'accepted')) {
    note(
      paint.muted('○'),
      say(
        'their inbox is outside our view; a bounce would appear here',
        'kotak masuk mereka di luar pandangan kami; kalau dikembalikan, muncul di sini',
      ),
    );
  }
  const delayed = lanes.find((lane) => lane.verdict.kind === 'delayed');
  if (delayed !== undefined) {
    const now = say('try now', 'coba sekarang');
    note(paint.muted('→'), `${now}: ${options.command} queue retry --to ${clean(delayed.rcpt)}`);
  }
  return lines;
}
