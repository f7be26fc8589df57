/**
 * One IMAP session: reads a command, finds its row in the table, runs it, tells what else has
 * happened in the selected mailbox, and so on until somebody leaves. RFC 9051 §3 (states), §5.4
 * (autologout), §5.5 (pipelining: commands are taken as they come and run one after the other).
 *
 * What a command needs of it:
 * - `session.account`, `session.store`, `session.login`: who is logged in, and where the mail is;
 * - `session.open`: the selected mailbox with owner, rights and `view` (which numbers the client
 *   believes in); its EXPUNGE, EXISTS and FETCH of changes are told by the session, before the
 *   command's tagged end;
 * - `put` and `send` for untagged answers, at best in pieces of up to some KB; `await send(…)` at
 *   least every 256 messages, so that a slow client slows the command down;
 * - an `Answer` (`ok`, `no`, `bad` of command-row.ts) for the tagged end. A command that throws
 *   `SyntaxFault` is answered BAD, `StoreUnavailable` NO [UNAVAILABLE], all else is our bug;
 * - a `CommandSource` is given to those that read their lines and literals themselves.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { readCommand } from '@merpati/formats/imap/read-command.ts';
import { imapLimits as grammarLimits } from '@merpati/formats/imap/limits.ts';
import type { ResponseCode } from '@merpati/formats/imap/response-code.ts';
import { writeStatus } from '@merpati/formats/imap/response-code.ts';
import { joinPieces } from '@merpati/formats/imap/response-writer.ts';
import type { Store } from '@merpati/store/contract.ts';
import type { AccountId } from '@merpati/store/ids.ts';
import type { Authenticator, Login, LoginContext } from '../accounts/authenticate.ts';
import type { Home } from '../home.ts';
import { type Wire, WireFault } from '../net/wire.ts';
import { Bell } from './bell.ts';
import { mayStay, touchesRights } from './access/recheck.ts';
import { capabilitiesOf } from './capabilities.ts';
import {
  type Answer,
  type CommandRow,
  type CommandRules,
  type StateName,
  bad,
  no,
} from './command-row.ts';
import { CommandSource, TooMuchInput, readTag, readWord } from './command-source.ts';
import { commands, sourceCommands } from './commands/table.ts';
import { answerFailure, lastWords } from './failure.ts';
import { type FeedListener, type MailChange, feedOf } from './feed.ts';
import { imapLimits } from './limits.ts';
import { type Modes, hasUtf8Names, initialModes } from './modes.ts';
import type { Notifier } from './notify/notifier.ts';
import { tellArrived } from './notify/tell-arrived.ts';
import { selectedGroup, wantedOfSelected } from './notify/wanted.ts';
import { putFlags } from './open-mailbox.ts';
import { tellChangedSearches, tellGoneFromSearches } from './searching/contexts.ts';
import { leaveKeywords } from './open-keywords.ts';
import { type Selected, learnKeywords } from './selected.ts';
import { whyNotWelcome } from '../accounts/still-welcome.ts';
import { tellUpdates } from './view/tell.ts';

/** How much the lab's fault `slow` delays each group of replies. */
const slowMs = 2000;

export interface ImapService {
  /** Of the listener; the login may lead to another. */
  readonly home: Home;
  readonly authenticator: Authenticator;
  /** Passwords without TLS, from this very machine only; for the lab. */
  readonly plainAllowed: boolean;
  /** While something takes long. RFC 9585. */
  readonly progressEveryMs: number;
}

export class Session implements FeedListener {
  readonly wire: Wire;
  readonly service: ImapService;
  user: Extract<Login, { ok: true }> | null = null;
  selected: Selected | null = null;
  /** How answers are written, by what was enabled. */
  modes: Modes = initialModes;
  /** What the client calls itself, RFC 2971; '' when it does not say. */
  clientName = '';
  notifier: Notifier | null = null;
  failedLogins = 0;
  /** Octets that a literal has promised are under way: a failure can only end the connection. */
  isSending = false;

  /** Done once, when the answer to the command at hand is on its way: TLS or compression begin. */
  afterAnswer: (() => void | Promise<void>) | null = null;

  #isOver = false;
  #farewell: string | null = null;
  #errorsInRow = 0;
  #commandsBeforeLogin = 0;
  #strangerSinceMs = performance.now();
  #commands = 0;
  #unsent: (string | Uint8Array)[] = [];
  #unsentLength = 0;
  /** Somebody has changed who may do what in the mailbox that is open. */
  #rightsAreStale = false;
  /** Something has changed among accounts and passwords. */
  #loginIsStale = false;
  /** Set while a line is waited for and news may be told meanwhile. */
  #bell: Bell | null = null;

  constructor(wire: Wire, service: ImapService) {
    this.wire = wire;
    this.service = service;
  }

  // ---------------------------------------------------------------- who and where

  get state(): StateName {
    if (this.user === null) return 'not-authenticated';
    return this.selected === null ? 'authenticated' : 'selected';
  }

  get home(): Home {
    return this.user?.home ?? this.service.home;
  }

  get store(): Store {
    return this.home.store;
  }

  get loginContext(): LoginContext {
    const { id, remote } = this.wire;
    return { protocol: 'imap', session: id, address: remote.address };
  }

  /** For commands that the table allows after login only. */
  get login(): Extract<Login, { ok: true }> {
    if (this.user === null) throw new Error('nobody is logged in');
    return this.user;
  }

  get account(): AccountId {
    return this.login.account.id;
  }

  /** For commands that the table allows in the SELECTED state only. */
  get open(): Selected {
    if (this.selected === null) throw new Error('no mailbox is selected');
    return this.selected;
  }

  logIn(login: Extract<Login, { ok: true }>): void {
    this.user = login;
    this.failedLogins = 0;
    feedOf(this.store).listen(this.account, this);
  }

  /** As at the beginning, but for TLS and compression. RFC 8437 §3. Also at the very end. */
  logOut(): void {
    this.unselect();
    this.notify(null);
    this.clientName = '';
    if (this.user !== null) feedOf(this.store).unlisten(this.account, this);
    this.user = null;
    this.modes = initialModes;
    this.#commandsBeforeLogin = 0;
    this.#strangerSinceMs = performance.now();
  }

  select(selected: Selected): void {
    this.unselect();
    this.selected = selected;
    feedOf(this.store).listen(selected.owner, this);
  }

  /** Also at the end of the connection. */
  unselect(): void {
    if (this.selected === null) return;
    const { owner } = this.selected;
    leaveKeywords(this.store, this.selected);
    if (owner !== this.account) feedOf(this.store).unlisten(owner, this);
    this.selected = null;
  }

  /** The tagged answer at hand is the last; `* BYE` follows it, unless it was said. */
  end(farewell: string | null): void {
    this.#isOver = true;
    this.#farewell = farewell;
  }

  // ---------------------------------------------------------------- saying

  /** Into what is sent next; at the latest before the session waits for the client. */
  put(octets: string | Uint8Array): void {
    this.#unsent.push(octets);
    this.#unsentLength += octets.length;
  }

  /** As `put`, and waits while the client is slower than the sender. */
  send(octets: string | Uint8Array): void | Promise<void> {
    this.put(octets);
    if (this.#unsentLength > imapLimits.replyOctetsMax) return this.flush();
  }

  /** `* OK [code] text` and the like. */
  putStatus(condition: 'OK' | 'NO' | 'BAD' | 'BYE', text: string, code?: ResponseCode): void {
    this.put(writeStatus('*', condition, code ?? null, text));
  }

  async flush(): Promise<void> {
    if (this.#unsentLength === 0) return;
    const unsent = this.#unsent;
    this.#unsent = [];
    this.#unsentLength = 0;
    if (this.service.home.faults.has('slow')) await delay(slowMs);
    if (unsent.every((piece) => typeof piece === 'string')) await this.#write(unsent.join(''));
    else await this.#writeOctets(joinPieces(unsent));
  }

  async #writeOctets(octets: Uint8Array): Promise<void> {
    for (let from = 0; from < octets.length; from += imapLimits.sliceOctetsMax) {
      await this.#write(octets.subarray(from, from + imapLimits.sliceOctetsMax));
    }
  }

  async #write(octets: string | Uint8Array): Promise<void> {
    await this.wire.write(octets);
    // Nobody is there to read the rest of a long answer: do not read it from disk either.
    if (this.wire.isClosed) throw new WireFault('reset');
  }

  /**
   * What has happened in the selected mailbox, into what is sent next. Commands need not call it:
   * it is called before each tagged end. `force` asks the store also when nothing was heard.
   */
  async update(options: { expungesAllowed: boolean; force?: boolean }): Promise<void> {
    const { selected, notifier } = this;
    if (!(await this.#isStillWelcome())) return;
    if (notifier?.hasNews === true) await notifier.tell();
    if (selected === null) return;
    const wanted = wantedOfSelected(notifier?.groups ?? null);
    if (this.#rightsAreStale) {
      this.#rightsAreStale = false;
      if (!(await mayStay(this, selected))) {
        this.unselect();
        this.end('The mailbox is shared with you no more');
        return;
      }
    }
    if (!wanted.messages) return;
    const isThere = await selected.view.sync(options.force === true);
    if (!isThere) {
      this.unselect();
      this.end('The mailbox was deleted meanwhile');
      return;
    }
    if (learnKeywords(selected, [])) putFlags(this, selected);
    if (options.expungesAllowed) await tellGoneFromSearches(this, selected);
    const before = selected.view.count;
    const { vanished, arrived } = await tellUpdates(this, selected.view, {
      expungesAllowed: options.expungesAllowed,
      flags: wanted.flags,
    });
    if (arrived > 0 && wanted.fetch.length > 0) {
      await tellArrived(this, { from: before - vanished + 1, items: wanted.fetch });
    }
    await tellChangedSearches(this, selected);
  }

  /** To be called before keywords go out: tells FLAGS when the client has not heard of one. */
  learnKeywords(keywords: readonly string[]): void {
    const { open } = this;
    if (keywords.length > 0 && learnKeywords(open, keywords)) putFlags(this, open);
  }

  /** From the feed. */
  hear(change: MailChange): void {
    this.selected?.view.hear(change);
    if (this.selected !== null && touchesRights(this.selected, change)) this.#rightsAreStale = true;
    this.wake();
  }

  hearDirectory(): void {
    this.#loginIsStale = true;
    this.wake();
  }

  async #isStillWelcome(): Promise<boolean> {
    if (!this.#loginIsStale || this.user === null) return true;
    this.#loginIsStale = false;
    const why = await whyNotWelcome(this.user);
    if (why === null) return true;
    this.logOut();
    this.end(why);
    return false;
  }

  /** There is something to tell, if it may be told now. */
  wake(): void {
    this.#bell?.ring();
  }

  /** What is told from here on without being asked for; null: as without NOTIFY. */
  notify(notifier: Notifier | null): void {
    this.notifier?.stop();
    this.notifier = notifier;
  }

  // ---------------------------------------------------------------- listening

  /** A line that belongs to the command at hand: the rest of it, or an answer of SASL. */
  async readLine(timeoutMs: number): Promise<Uint8Array> {
    const { lineOctetsMax } = grammarLimits;
    await this.flush();
    return this.wire.readLine(lineOctetsMax, timeoutMs, { bareLf: 'accept' });
  }

  /**
   * The next line, as `readLine`; until it comes `onNews` is called after each change that the feed
   * brings. One thing at a time: the line is given out when `onNews` has finished.
   */
  async readLineWatching(onNews: () => Promise<void>, timeoutMs: number): Promise<Uint8Array> {
    const reading = this.readLine(timeoutMs);
    const bell = new Bell();
    const close = (): void => bell.close();
    reading.then(close, close);
    this.#bell = bell;
    // What was heard since it was asked for last.
    if (this.selected?.view.isStale === true || this.notifier?.hasNews === true) bell.ring();
    try {
      while (await bell.wait()) {
        await onNews();
        if (this.#isOver) throw await this.#leave();
        await this.flush();
      }
    } catch (error) {
      // The line that is being read would be taken for a command.
      this.end('Something went wrong here');
      throw error;
    } finally {
      this.#bell = null;
    }
    return reading;
  }

  async #leave(): Promise<WireFault> {
    if (this.#farewell !== null) this.putStatus('BYE', this.#farewell);
    await this.flush();
    return new WireFault('ended');
  }

  async #nextCommandLine(): Promise<Uint8Array> {
    const { lineOctetsMax } = grammarLimits;
    const line = this.wire.takeLine(lineOctetsMax, { bareLf: 'accept' });
    if (line !== null && this.#unsentLength < imapLimits.replyOctetsMax) return line;
    await this.flush();
    if (line !== null) return line;
    const { notifier } = this;
    if (notifier === null) return this.readLine(this.patienceMs(imapLimits.idleTimeoutMs));
    // SELECTED-DELAYED: messages that are gone wait for a command. RFC 5465 §6.2.
    const isImmediate = selectedGroup(notifier.groups)?.mailboxes.filter === 'selected';
    const news = () => this.update({ expungesAllowed: isImmediate });
    return this.readLineWatching(news, imapLimits.idleTimeoutMs);
  }

  /**
   * How long the next octets are waited for: `mostMs` for who is logged in. A stranger has less,
   * and all in all no more than `loginWithinMs`, however slowly it dribbles. Throws WireFault.
   */
  patienceMs(mostMs: number): number {
    if (this.user !== null) return mostMs;
    const { isStressed } = this.service.home.shared.connections;
    const { stressedTimeoutMs, greetingTimeoutMs, loginWithinMs } = imapLimits;
    const leftMs = this.#strangerSinceMs + loginWithinMs - performance.now();
    if (leftMs <= 0) throw new WireFault('timeout');
    return Math.min(leftMs, isStressed ? stressedTimeoutMs : greetingTimeoutMs);
  }

  /** Until the client leaves, is sent away or is lost (then `WireFault`). */
  async run(): Promise<void> {
    const { config, faults } = this.service.home;
    if (faults.has('busy')) {
      this.putStatus('BYE', 'Too many connections, try again later', { code: 'UNAVAILABLE' });
      await this.flush();
      return;
    }
    const host = config.hostname === '' ? 'Merpati' : config.hostname;
    const capabilities = capabilitiesOf(this);
    this.putStatus('OK', `${host} IMAP server ready`, { code: 'CAPABILITY', capabilities });
    try {
      while (!this.#isOver) await this.#step(await this.#nextCommandLine());
      if (this.#farewell !== null) this.putStatus('BYE', this.#farewell);
      await this.flush();
    } catch (error) {
      const farewell = lastWords(error);
      if (farewell === null) throw error;
      this.putStatus('BYE', farewell);
      await this.flush();
    } finally {
      this.#noteEnd();
    }
  }

  #noteEnd(): void {
    if (this.user === null) return;
    this.home.log.info({
      event: 'imap.session',
      session: this.wire.id,
      ip: this.wire.remote.address,
      account: this.user.account.address,
      client: this.clientName,
      commands: this.#commands,
    });
  }

  async #step(line: Uint8Array): Promise<void> {
    const tag = readTag(line);
    this.#commands += 1;
    if (this.user === null) this.#commandsBeforeLogin += 1;
    if (this.#commandsBeforeLogin > imapLimits.commandsBeforeLoginMax) {
      this.end('Too many commands without a login');
    }
    const source = new CommandSource(this, line);
    let answer: Answer;
    try {
      answer = await this.#perform(source);
    } catch (error) {
      answer = await this.#recover(source, error);
    }
    this.#count(answer);
    this.put(writeStatus(tag, answer.status, answer.code, answer.text));
    const { afterAnswer } = this;
    if (afterAnswer === null) return;
    this.afterAnswer = null;
    await this.flush();
    await afterAnswer();
  }

  async #perform(source: CommandSource): Promise<Answer> {
    const word = readWord(source.line);
    if (word === 'append' || word === 'replace') {
      const row = sourceCommands[word];
      return this.#within(row, source, { isUid: false }, () => row.run(this, source));
    }
    const parts = await source.parts();
    const command = readCommand(parts, { utf8: hasUtf8Names(this.modes) });
    // The row's `run` takes just the command of its name, which a lookup by name cannot express.
    const row = (commands as Readonly<Record<string, CommandRow<never>>>)[command.name];
    if (row === undefined) throw new Error(`${command.name} has no row`);
    const isUid = 'uid' in command && command.uid;
    return this.#within(row, source, { isUid }, () => row.run(this, command as never));
  }

  async #within(
    row: CommandRules,
    source: CommandSource,
    { isUid }: { readonly isUid: boolean },
    run: () => Answer | Promise<Answer>,
  ): Promise<Answer> {
    if (!row.states.includes(this.state)) {
      await source.drop();
      return bad(wrongState[this.state]);
    }
    if (!(await this.#isStillWelcome())) {
      await source.drop();
      return no('You are logged out', { code: 'AUTHORIZATIONFAILED' });
    }
    if (this.#rightsAreStale) await this.update({ expungesAllowed: false });
    if (!row.states.includes(this.state)) {
      await source.drop();
      return no('That mailbox is open no more', { code: 'NOPERM' });
    }
    const answer = await run();
    if (this.#isOver) return answer;
    const expungesAllowed =
      row.expungesAllowed === 'yes' || (row.expungesAllowed === 'if-uid' && isUid);
    await this.update({ expungesAllowed });
    return answer;
  }

  async #recover(source: CommandSource, error: unknown): Promise<Answer> {
    if (error instanceof WireFault || error instanceof TooMuchInput) throw error;
    const answer = answerFailure(this, error);
    if (this.isSending) {
      // Half a literal must not look like a whole one: no further word.
      this.#unsent = [];
      this.wire.destroy();
      throw new WireFault('reset', error);
    }
    await source.drop();
    return answer;
  }

  /** Whoever only gets it wrong is sent away. */
  #count(answer: Answer): void {
    if (answer.status === 'OK') {
      this.#errorsInRow = 0;
      return;
    }
    const code = answer.code?.code ?? answer.status;
    this.service.home.metrics.refused.inc({ protocol: 'imap', code });
    if (answer.status === 'BAD') this.#errorsInRow += 1;
    const { errors_max: errorsMax } = this.service.home.config.limits;
    if (this.#errorsInRow >= errorsMax) this.end('Too many errors');
  }
}

const wrongState: Readonly<Record<StateName, string>> = {
  'not-authenticated': 'Log in first',
  authenticated: 'Not now: you are logged in, and no mailbox is selected',
  selected: 'Not now: you are logged in',
};
