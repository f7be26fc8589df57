/**
 * THREAD: puts messages together into conversations. ORDEREDSUBJECT and REFERENCES. RFC 5256 §3
 * (both algorithms), §4 (the answer). Memory is linear in what is threaded, and nothing recurses:
 * how deep a thread is, its senders choose.
 */

import { readDate } from '../message/date.ts';
import { decodeWords } from '../message/encoded-word.ts';
import { type Head, findField } from '../message/head.ts';
import { readIds } from '../message/message-id.ts';
import { readBaseSubject } from './base-subject.ts';
import { compareOctetwise } from './collation.ts';
import { subjectKey } from './sort-key.ts';
import { ThreadAncestry } from './thread-ancestry.ts';

/** What threading wants to know of a message, read once from its head. */
export interface ThreadKeys {
  /** Of the Date field; null when unreadable. */
  readonly sentMs: number | null;
  /** The base subject in the form in which it is compared. */
  readonly subject: string;
  readonly isReplyOrForward: boolean;
  readonly messageId: string | null;
  /** The oldest first, as in References; or the one of In-Reply-To. */
  readonly references: readonly string[];
}

/** A number may stand for a text: then the order of numbers is that of the texts, and 0 is none. */
export type ThreadName = string | number;

export interface ThreadMessage {
  /** Sequence number or UID: what the answer says, and what decides between equal dates. */
  readonly number: number;
  /** The date sent, or the internal date in its place. RFC 5256 §2.2. */
  readonly sentMs: number;
  readonly subject: ThreadName;
  readonly isReplyOrForward: boolean;
  readonly messageId: ThreadName | null;
  readonly references: readonly ThreadName[];
}

/** A message and the answers to it. */
export interface Thread {
  /** null: not there, but its answers are; only at the top, and with two answers or more. */
  readonly message: ThreadMessage | null;
  readonly children: readonly Thread[];
}

/**
 * @example
 * readThreadKeys(readHead(utf8('Subject: Re: a\r\nIn-Reply-To: <1@surat.test>\r\n\r\n')));
 * // { subject: 'A', isReplyOrForward: true, messageId: null, references: ['1@surat.test'], … }
 */
export function readThreadKeys(head: Head): ThreadKeys {
  const subject = readBaseSubject(decodeWords(valueOf(head, 'subject')));
  const references = idsOf(head, 'references');
  return {
    sentMs: readDate(valueOf(head, 'date'))?.ms ?? null,
    subject: subjectKey(subject.text),
    isReplyOrForward: subject.isReplyOrForward,
    messageId: idsOf(head, 'message-id')[0] ?? null,
    references: references.length > 0 ? references : idsOf(head, 'in-reply-to').slice(0, 1),
  };
}

function valueOf(head: Head, key: string): string {
  return findField(head, key)?.value() ?? '';
}

/**
 * Valid ids only: "In-Reply-To: Your message of Monday" has words, and all who wrote so would be
 * found in one thread.
 */
function idsOf(head: Head, key: string): readonly string[] {
  return readIds(valueOf(head, key))
    .filter((id) => /.@./u.test(id))
    .map(unquoteId);
}

/** `"a"@b` and `a@b` are the same id. RFC 5256 §3. */
function unquoteId(id: string): string {
  if (!id.startsWith('"')) return id;
  const end = id.lastIndexOf('"@');
  if (end < 1) return id;
  return id.slice(1, end).replace(/\\(.)/gu, '$1') + id.slice(end + 1);
}

interface Node {
  message: ThreadMessage | null;
  children: Node[];
}

// ---------------------------------------------------------------- ORDEREDSUBJECT

/**
 * Messages with the same base subject: the first of them, and the others as answers to it.
 *
 * @example
 * [...writeThreads(threadByOrderedSubject(messages))].join(''); // '(1 (2)(4))(3)'
 */
export function threadByOrderedSubject(messages: readonly ThreadMessage[]): readonly Thread[] {
  const sorted = messages.toSorted(
    (one, other) => compareNames(one.subject, other.subject) || compareSent(one, other),
  );
  const threads: Node[] = [];
  let subject: ThreadName | null = null;
  for (const message of sorted) {
    const last = threads.at(-1);
    if (last === undefined || message.subject !== subject) {
      threads.push({ message, children: [] });
      ({ subject } = message);
    } else last.children.push({ message, children: [] });
  }
  return threads.sort(compareThreads);
}

// ---------------------------------------------------------------- REFERENCES

/**
 * Messages as answers to those that they refer to; and at the top, by subject. Any messages make
 * threads: references in circles, to themselves, to what is not there.
 */
export function threadByReferences(messages: readonly ThreadMessage[]): readonly Thread[] {
  const top = prune(new Links(messages));
  top.sort(compareThreads); // Step 4. The children of dummies are in order already.
  const gathered = gatherSubjects(top);
  sortChildren(gathered);
  return gathered.sort(compareThreads); // Step 6.
}

/** Step 1: which message hangs from which. Messages have the first numbers, in their order. */
class Links {
  readonly messages: readonly ThreadMessage[];
  /** The parent of each node, or -1. Nodes beyond the messages are dummies. */
  readonly parents: number[] = [];
  readonly #ancestry = new ThreadAncestry();
  /** Nothing hangs from a node without a mark, nor has ever: it cannot close a circle. */
  readonly #isHeld: boolean[] = [];
  readonly #nodes = new Map<ThreadName, number>();

  constructor(messages: readonly ThreadMessage[]) {
    this.messages = messages;
    for (const { messageId } of messages) {
      const node = this.#add();
      // Of several messages with the same id the first has it.
      if (messageId !== null && !this.#nodes.has(messageId)) this.#nodes.set(messageId, node);
    }
    for (const [node, message] of messages.entries()) this.#take(node, message);
    this.#nodes.clear();
  }

  #add(): number {
    this.#ancestry.add();
    this.#isHeld.push(false);
    return this.parents.push(-1) - 1;
  }

  #nodeOf(id: ThreadName): number {
    const known = this.#nodes.get(id);
    if (known !== undefined) return known;
    const dummy = this.#add();
    this.#nodes.set(id, dummy);
    return dummy;
  }

  #take(node: number, message: ThreadMessage): void {
    let last = -1;
    for (const id of message.references) {
      const next = this.#nodeOf(id);
      if (last >= 0 && this.parents[next] === -1) this.#link(last, next);
      last = next;
    }
    // What others said of this message's parent gives way to what it says itself.
    if (this.parents[node] === last) return;
    if (this.parents[node] !== -1) {
      this.#ancestry.cut(node);
      this.parents[node] = -1;
    }
    if (last >= 0) this.#link(last, node);
  }

  #link(parent: number, child: number): void {
    if (parent === child) return;
    const isCircle = this.#isHeld[child] === true && this.#ancestry.rootOf(parent) === child;
    if (isCircle) return;
    this.#ancestry.link(parent, child);
    this.parents[child] = parent;
    this.#isHeld[parent] = true;
  }
}

/**
 * Steps 2 and 3: leaves out the dummies, but for those at the top that hold several messages
 * together. Answers the top.
 */
function prune({ messages, parents }: Links): Node[] {
  const nodes = messages.map((message): Node => ({ message, children: [] }));
  const dummies = new Map<number, Node>();
  const top: Node[] = [];
  const holders = new Map<number, number>();
  for (const [at, node] of nodes.entries()) {
    const holder = holderOf(parents, messages.length, { from: at, known: holders });
    if (holder < 0) top.push(node);
    else if (holder < nodes.length) nodes[holder]!.children.push(node);
    else {
      const dummy = dummies.get(holder) ?? { message: null, children: [] };
      dummies.set(holder, dummy);
      dummy.children.push(node);
    }
  }
  for (const dummy of dummies.values()) {
    if (dummy.children.length === 1) top.push(dummy.children[0]!);
    else top.push({ message: null, children: dummy.children.sort(compareThreads) });
  }
  return top;
}

/** The next message above, else the uppermost dummy; -1 when nothing is above. */
function holderOf(
  parents: readonly number[],
  messages: number,
  { from, known }: { from: number; known: Map<number, number> },
): number {
  const passed: number[] = [];
  let at = parents[from]!;
  while (at >= messages && !known.has(at) && parents[at]! >= 0) {
    passed.push(at);
    at = parents[at]!;
  }
  const holder = known.get(at) ?? at;
  for (const dummy of passed) known.set(dummy, holder);
  return holder;
}

/** Step 5: threads at the top with the same subject become one. */
function gatherSubjects(top: readonly Node[]): Node[] {
  const table = fillSubjectTable(top);
  const gone = new Set<Node>();
  const made: Node[] = [];
  for (const node of top) {
    const subject = subjectOf(node);
    const first = isNone(subject) ? node : table.get(subject)!;
    if (first === node) continue;
    if (first.message === null) {
      for (const child of node.message === null ? node.children : [node]) {
        first.children.push(child);
      }
      gone.add(node);
    } else if (node.message?.isReplyOrForward === true && !first.message.isReplyOrForward) {
      first.children.push(node);
      gone.add(node);
    } else {
      const dummy: Node = { message: null, children: [first, node] };
      table.set(subject, dummy);
      made.push(dummy);
      gone.add(first).add(node);
    }
  }
  return [...top, ...made].filter((node) => !gone.has(node));
}

/** Step 5.B: one thread for each subject; one that is an origin rather than an answer. */
function fillSubjectTable(top: readonly Node[]): Map<ThreadName, Node> {
  const table = new Map<ThreadName, Node>();
  for (const node of top) {
    const subject = subjectOf(node);
    if (isNone(subject)) continue;
    const held = table.get(subject);
    if (held === undefined) table.set(subject, node);
    else if (
      held.message !== null &&
      (node.message === null || (held.message.isReplyOrForward && !node.message.isReplyOrForward))
    ) {
      table.set(subject, node);
    }
  }
  return table;
}

function subjectOf(node: Node): ThreadName {
  return (node.message ?? node.children[0]?.message)?.subject ?? '';
}

function isNone(subject: ThreadName): boolean {
  return subject === '' || subject === 0;
}

function sortChildren(top: readonly Node[]): void {
  const rest = [...top];
  for (let node = rest.pop(); node !== undefined; node = rest.pop()) {
    node.children.sort(compareThreads);
    for (const child of node.children) rest.push(child);
  }
}

// ---------------------------------------------------------------- order

function compareThreads(one: Node, other: Node): number {
  return compareSent(firstOf(one), firstOf(other));
}

/** A dummy stands where its first child would; dummies are at the top alone. */
function firstOf(node: Node): ThreadMessage {
  const message = node.message ?? node.children[0]?.message ?? null;
  if (message === null) throw new Error('a dummy without a child, or with one for its first');
  return message;
}

function compareNames(one: ThreadName, other: ThreadName): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  return compareOctetwise(String(one), String(other));
}

function compareSent(one: ThreadMessage, other: ThreadMessage): number {
  return one.sentMs - other.sentMs || one.number - other.number;
}

// ---------------------------------------------------------------- the answer

const pieceLength = 4096;

/**
 * Threads as numbers: of each message its own (0: it is not there) and how many answers follow, one
 * after the other. So they may wander between processes, and be kept.
 *
 * @example
 * packThreads([{ message: two, children: [{ message: six, children: [] }] }]); // 2 1 6 0
 */
export function packThreads(threads: readonly Thread[]): Uint32Array {
  const packed: number[] = [];
  const rest: Thread[] = threads.toReversed();
  for (let thread = rest.pop(); thread !== undefined; thread = rest.pop()) {
    const { message, children } = thread;
    packed.push(message?.number ?? 0, children.length);
    for (let at = children.length - 1; at >= 0; at -= 1) rest.push(children[at]!);
  }
  return Uint32Array.from(packed);
}

/**
 * Writes what follows `* THREAD ` in pieces of some kilobytes; none when there is no thread. RFC
 * 5256 §4. `numberOf`: what is said in place of a number.
 *
 * @example
 * [...writePackedThreads(packThreads(threads))].join(''); // '(2)(3 6 (4 23)(44 7 96))'
 */
export function* writePackedThreads(
  packed: Uint32Array,
  numberOf: (number: number) => number = (number) => number,
): Generator<string> {
  let piece = '';
  /** Of each open list: how many of its branches are still to come. */
  const branches: number[] = [];
  for (let at = 0; at < packed.length;) {
    piece += '(';
    let answers = 1;
    // A single answer goes on in the same list.
    while (answers === 1) {
      const number = packed[at]!;
      answers = packed[at + 1]!;
      at += 2;
      if (number > 0) piece += answers > 0 ? `${numberOf(number)} ` : `${numberOf(number)}`;
    }
    if (answers > 1) branches.push(answers);
    else piece += `)${endOfBranches(branches)}`;
    if (piece.length < pieceLength) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

function endOfBranches(branches: number[]): string {
  let ends = '';
  while (branches.length > 0) {
    const left = branches.pop()! - 1;
    if (left > 0) {
      branches.push(left);
      break;
    }
    ends += ')';
  }
  return ends;
}

/**
 * As `writePackedThreads`.
 *
 * @example
 * [...writeThreads(threads)].join(''); // '(2)(3 6 (4 23)(44 7 96))'
 */
export function writeThreads(threads: readonly Thread[]): Generator<string> {
  return writePackedThreads(packThreads(threads));
}
