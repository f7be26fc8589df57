import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { utf8 } from '../bytes.ts';
import { readHead } from '../message/head.ts';
import {
  type Thread,
  type ThreadMessage,
  type ThreadName,
  readThreadKeys,
  threadByOrderedSubject,
  threadByReferences,
  writeThreads,
} from './thread.ts';
import { ThreadAncestry } from './thread-ancestry.ts';

const written = (threads: readonly Thread[]): string => [...writeThreads(threads)].join('');

/** Message `number` of that id, sent in the order of numbers. */
const message = (
  number: number,
  references: string,
  about: { subject?: string; isReply?: boolean; id?: string | null; sentMs?: number } = {},
): ThreadMessage => ({
  number,
  sentMs: about.sentMs ?? number,
  subject: about.subject ?? '',
  isReplyOrForward: about.isReply ?? false,
  messageId: about.id === undefined ? `${number}` : about.id,
  references: references === '' ? [] : references.split(' '),
});
const referenced = (...messages: ThreadMessage[]): string => written(threadByReferences(messages));

test('the examples of RFC 5256 §4 are written so', () => {
  const leaf = (number: number, ...children: Thread[]): Thread => ({
    message: message(number, ''),
    children,
  });
  const rfc = [leaf(2), leaf(3, leaf(6, leaf(4, leaf(23)), leaf(44, leaf(7, leaf(96)))))];
  assert.equal(written(rfc), '(2)(3 6 (4 23)(44 7 96))');
  assert.equal(written([{ message: null, children: [leaf(3), leaf(5)] }]), '((3)(5))');
  assert.equal(written([]), '');
});

test('what is read from a head', () => {
  const keysOf = (...lines: string[]) =>
    readThreadKeys(readHead(utf8(`${lines.join('\r\n')}\r\n\r\n`)));
  const keys = keysOf(
    'Message-ID: <"3"@surat.test>',
    'References: <1@surat.test>',
    '\t<"2"@surat.test>',
    'In-Reply-To: <9@surat.test>',
    'Subject: Re: [tim] Rapat',
    'Date: Thu, 1 Jan 1970 00:00:01 +0000',
  );
  assert.deepEqual(keys, {
    sentMs: 1000,
    subject: 'RAPAT',
    isReplyOrForward: true,
    messageId: '3@surat.test',
    references: ['1@surat.test', '2@surat.test'],
  });
  const answered = keysOf('In-Reply-To: <7@surat.test> <8@surat.test>', 'References: none');
  assert.deepEqual(answered.references, ['7@surat.test']);
  assert.deepEqual(keysOf('In-Reply-To: Your message of Monday').references, []);
  assert.equal(keysOf('Message-ID: <nonsense>').messageId, null);
});

test('ORDEREDSUBJECT: the others are answers to the first', () => {
  const threads = threadByOrderedSubject([
    message(1, '', { subject: 'B', sentMs: 5 }),
    message(2, '', { subject: 'A', sentMs: 9 }),
    message(3, '', { subject: 'B', sentMs: 4 }),
    message(4, '', { subject: 'B', sentMs: 6 }),
    message(5, '', { subject: 'C', sentMs: 1 }),
    message(6, '', { subject: 'A', sentMs: 9 }),
  ]);
  assert.equal(written(threads), '(5)(3 (1)(4))(2 6)');
});

test('REFERENCES: chains, branches, and parents that are not there', () => {
  assert.equal(referenced(message(1, ''), message(2, '1'), message(3, '1 2')), '(1 2 3)');
  assert.equal(referenced(message(1, ''), message(2, '1'), message(3, '1')), '(1 (2)(3))');
  assert.equal(referenced(message(1, 'x'), message(2, 'x')), '((1)(2))');
  assert.equal(referenced(message(1, 'x'), message(2, 'y')), '(1)(2)');
  assert.equal(referenced(message(1, 'x y'), message(2, 'x z')), '((1)(2))');
  assert.equal(referenced(message(1, ''), message(2, '1 y z')), '(1 2)');
  // The order of arrival is not that of dates.
  assert.equal(referenced(message(2, '1'), message(1, ''), message(3, '1 2')), '(1 2 3)');
});

test('REFERENCES: circles, doubles, and cut references', () => {
  assert.equal(referenced(message(1, '1')), '(1)');
  assert.equal(referenced(message(1, '2'), message(2, '1')), '(2 1)');
  assert.equal(referenced(message(1, '2 3'), message(2, '3'), message(3, '1 2')), '(2 3 1)');
  assert.equal(referenced(message(1, ''), message(2, '1', { id: '1' })), '(1 2)');
  assert.equal(referenced(message(1, '', { id: null }), message(2, '', { id: null })), '(1)(2)');
  // 3 is said to answer 1; it says itself that it answers 2.
  assert.equal(
    referenced(message(1, ''), message(2, ''), message(4, '1 3'), message(3, '2')),
    '(1)(2 3 4)',
  );
  // And here that it answers nothing.
  assert.equal(referenced(message(1, ''), message(4, '1 3'), message(3, '')), '(1)(3 4)');
});

test('REFERENCES: threads with the same subject become one', () => {
  const a = (number: number, references: string, isReply = false): ThreadMessage =>
    message(number, references, { subject: 'A', isReply });
  assert.equal(referenced(a(1, ''), a(2, '', true)), '(1 2)');
  assert.equal(referenced(a(1, '', true), a(2, '')), '(2 1)');
  assert.equal(referenced(a(1, ''), a(2, '')), '((1)(2))');
  assert.equal(referenced(a(1, '', true), a(2, '', true)), '((1)(2))');
  assert.equal(referenced(a(1, 'x'), a(2, 'x'), a(3, 'y'), a(4, 'y')), '((1)(2)(3)(4))');
  assert.equal(referenced(a(1, ''), a(2, 'x'), a(3, 'x')), '((1)(2)(3))');
  assert.equal(referenced(a(1, ''), a(2, ''), a(3, '', true)), '((1)(2)(3))');
  assert.equal(referenced(message(1, ''), message(2, '')), '(1)(2)');
});

// ---------------------------------------------------------------- against the RFC word by word

interface Naive {
  message: ThreadMessage | null;
  parent: Naive | null;
  children: Naive[];
}

/** RFC 5256 §3, step by step, with neither haste nor thrift. */
function naiveThreads(messages: readonly ThreadMessage[]): Naive[] {
  const table = new Map<ThreadName, Naive>();
  const own = messages.map((each) => {
    const node: Naive = { message: each, parent: null, children: [] };
    if (each.messageId !== null && !table.has(each.messageId)) table.set(each.messageId, node);
    return node;
  });
  const all = [...own];
  const isLoop = (parent: Naive, child: Naive): boolean => {
    for (let at: Naive | null = parent; at !== null; at = at.parent) if (at === child) return true;
    return false;
  };
  for (const node of own) {
    let last: Naive | null = null;
    for (const id of node.message!.references) {
      const next: Naive = table.get(id) ?? { message: null, parent: null, children: [] };
      if (!table.has(id)) all.push(next);
      table.set(id, next);
      if (last !== null && next.parent === null && !isLoop(last, next)) next.parent = last;
      last = next;
    }
    if (node.parent === last) continue;
    node.parent = null;
    if (last !== null && !isLoop(last, node)) node.parent = last;
  }
  for (const node of all) node.parent?.children.push(node);
  const prune = (node: Naive, isTop: boolean): Naive[] => {
    node.children = node.children.flatMap((child) => prune(child, false));
    if (node.message !== null) return [node];
    return isTop && node.children.length > 1 ? [node] : node.children;
  };
  return all.filter((node) => node.parent === null).flatMap((node) => prune(node, true));
}

function naiveReferences(messages: readonly ThreadMessage[]): Thread[] {
  const date = (node: Naive): ThreadMessage => node.message ?? node.children[0]!.message!;
  const order = (one: Naive, other: Naive): number =>
    date(one).sentMs - date(other).sentMs || date(one).number - date(other).number;
  let root = naiveThreads(messages);
  for (const node of root) if (node.message === null) node.children.sort(order);
  root.sort(order);
  const table = new Map<ThreadName, Naive>();
  for (const node of root) {
    const { subject } = date(node);
    const held = table.get(subject);
    if (subject === '') continue;
    if (held === undefined) table.set(subject, node);
    else if (held.message !== null) {
      const isBetter = held.message.isReplyOrForward && !node.message?.isReplyOrForward;
      if (node.message === null || isBetter) table.set(subject, node);
    }
  }
  for (const node of root.slice()) {
    const { subject } = date(node);
    const held = table.get(subject);
    if (held === undefined || held === node) continue;
    root = root.filter((each) => each !== node);
    if (node.message === null && held.message === null) held.children.push(...node.children);
    else if (held.message === null) held.children.push(node);
    else if (node.message!.isReplyOrForward && !held.message.isReplyOrForward) {
      held.children.push(node);
    } else {
      const dummy: Naive = { message: null, parent: null, children: [held, node] };
      root = root.map((each) => (each === held ? dummy : each));
      table.set(subject, dummy);
    }
  }
  const sort = (nodes: Naive[]): void => {
    for (const node of nodes) sort(node.children);
    nodes.sort(order);
  };
  sort(root);
  return root;
}

const someMessages = fc
  .array(
    fc.record({
      sentMs: fc.nat(4),
      subject: fc.constantFrom('', 'A', 'B'),
      isReplyOrForward: fc.boolean(),
      messageId: fc.option(fc.constantFrom(...'abcdefgh'.split(''))),
      references: fc.array(fc.constantFrom(...'abcdefghxyz'.split('')), { maxLength: 4 }),
    }),
    { maxLength: 10 },
  )
  .map((all) => all.map((each, at) => ({ ...each, number: at + 1 })));

test('REFERENCES is what the RFC says, word by word', () => {
  fc.assert(
    fc.property(someMessages, (messages) => {
      assert.equal(written(threadByReferences(messages)), written(naiveReferences(messages)));
    }),
    { numRuns: 2000 },
  );
});

test('numbers stand for texts', () => {
  const numbers = (names: readonly ThreadName[]) =>
    names.map((name) => 'abcdefghxyz'.indexOf(String(name)) + 1);
  fc.assert(
    fc.property(someMessages, (messages) => {
      const numbered = messages.map((each) => ({
        ...each,
        subject: ['', 'A', 'B'].indexOf(each.subject),
        messageId: each.messageId === null ? null : numbers([each.messageId])[0]!,
        references: numbers(each.references),
      }));
      for (const thread of [threadByReferences, threadByOrderedSubject]) {
        assert.equal(written(thread(numbered)), written(thread(messages)));
      }
    }),
  );
});

test('every message is in the answer once', () => {
  fc.assert(
    fc.property(someMessages, (messages) => {
      for (const thread of [threadByReferences, threadByOrderedSubject]) {
        const numbers = written(thread(messages)).match(/\d+/gu) ?? [];
        assert.deepEqual(
          numbers.map(Number).sort((one, other) => one - other),
          messages.map(({ number }) => number),
        );
      }
    }),
  );
});

test('the ancestry knows every root, whatever is linked and cut', () => {
  const steps = fc.array(fc.tuple(fc.nat(11), fc.nat(11), fc.boolean()), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (all) => {
      const ancestry = new ThreadAncestry();
      const parents = Array.from({ length: 12 }, () => {
        ancestry.add();
        return -1;
      });
      const rootOf = (node: number): number => {
        let root = node;
        while (parents[root]! >= 0) root = parents[root]!;
        return root;
      };
      for (const [node, parent, isCut] of all) {
        if (isCut || parents[node]! >= 0) {
          ancestry.cut(node);
          parents[node] = -1;
        } else if (rootOf(parent) !== node) {
          ancestry.link(parent, node);
          parents[node] = parent;
        }
        assert.equal(ancestry.rootOf(node), rootOf(node));
        assert.equal(ancestry.rootOf(parent), rootOf(parent));
      }
    }),
  );
});

test('threads as deep as the mailbox is large take neither stack nor long', () => {
  const many = 50_000;
  const numbers = Array.from({ length: many }, (_, at) => at + 1);
  const chains = {
    forwards: numbers.map((at) => message(at, `${at - 1}`)),
    backwards: numbers.toReversed().map((at) => message(at, `${at - 1}`)),
    dummies: numbers.map((at) => message(at, `x${at} y${at} x${at + 1}`, { id: null })),
    // Circles that only a walk along the whole chain would find.
    circles: numbers.map((at) =>
      at * 2 <= many ? message(at, `${at - 1}`) : message(at, `${many / 2} 1`),
    ),
    subjects: numbers.map((at) => message(at, '', { subject: 'A' })),
  };
  for (const [name, messages] of Object.entries(chains)) {
    const startMs = performance.now();
    const text = written(threadByReferences(messages));
    written(threadByOrderedSubject(messages));
    assert.ok(performance.now() - startMs < 30_000, `${name}: ${performance.now() - startMs} ms`);
    assert.equal(text.match(/\d+/gu)?.length, many, name);
  }
});
