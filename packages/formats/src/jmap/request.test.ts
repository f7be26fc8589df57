import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { readJson, type Json, type JsonObject } from './json.ts';
import { applyPatch } from './patch.ts';
import { followPath, resolveReferences } from './reference.ts';
import { isId, readRequest } from './request.ts';

const plainCopy = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const code = (name: string) => ({ name: 'SyntaxFault', code: name });

describe('JSON', () => {
  test('as it is', () => {
    const text = '{"a":[1,-2.5,"\\u00e9\\n",null,true,{}]}';
    assert.deepEqual(readJson(text), JSON.parse(text));
  });

  test('broken, half characters, too deep, too much', () => {
    assert.throws(() => readJson('{'), code('json.broken'));
    assert.throws(() => readJson(''), code('json.broken'));
    assert.throws(() => readJson('["\\ud800"]'), code('json.text'));
    assert.throws(() => readJson('{"\\udc00":1}'), code('json.text'));
    assert.throws(() => readJson('['.repeat(65) + ']'.repeat(65)), code('json.limit'));
    assert.throws(() => readJson('['.repeat(1_000_000)), code('json.limit'));
    assert.doesNotThrow(() => readJson('['.repeat(64) + ']'.repeat(64)));
    assert.throws(() => readJson('[1,2,3]', { depthMax: 9, valuesMax: 3 }), code('json.limit'));
    assert.deepEqual(readJson('["[[\\"[["]', { depthMax: 1, valuesMax: 9 }), ['[["[[']);
  });
});

describe('requests', () => {
  const call: Json = ['Core/echo', { a: 1 }, 'c1'];

  test('read', () => {
    const value = { using: ['urn:x'], methodCalls: [call], createdIds: { k1: 'M2' }, more: 1 };
    const { using, calls, createdIds } = readRequest(value);
    assert.deepEqual(using, ['urn:x']);
    assert.deepEqual(calls, [{ name: 'Core/echo', args: { a: 1 }, callId: 'c1' }]);
    assert.deepEqual({ ...createdIds }, { k1: 'M2' });
    assert.equal(readRequest({ using: [], methodCalls: [] }).createdIds, null);
  });

  test('refused', () => {
    const wrong: Json[] = [
      null,
      [],
      {},
      { using: 'x', methodCalls: [] },
      { using: [1], methodCalls: [] },
      { using: [], methodCalls: {} },
      { using: [], methodCalls: [['a', {}]] },
      { using: [], methodCalls: [[1, {}, 'c']] },
      { using: [], methodCalls: [['a', [], 'c']] },
      { using: [], methodCalls: [['a', {}, 1]] },
      { using: [], methodCalls: [], createdIds: [] },
      { using: [], methodCalls: [], createdIds: { a: '' } },
      { using: [], methodCalls: [], createdIds: { 'a b': 'c' } },
    ];
    for (const value of wrong) {
      assert.throws(() => readRequest(value), code('jmap.not-request'), JSON.stringify(value));
    }
  });

  test('ids', () => {
    for (const id of ['a', 'Aa0-_', 'x'.repeat(255)]) assert.ok(isId(id));
    for (const id of ['', 'x'.repeat(256), 'a b', 'é', '#a', 7]) assert.ok(!isId(id));
  });
});

describe('references to answers', () => {
  const answers = [
    { name: 'Foo/changes', args: { created: ['f1', 'f4'], updated: [] }, callId: 't0' },
    { name: 'error', args: { type: 'x' }, callId: 't1' },
    {
      name: 'Foo/get',
      args: {
        list: [
          { ids: ['a', 'b'], n: 1 },
          { ids: [], n: 2 },
          { ids: ['c'], n: 3 },
        ],
      },
      callId: 't2',
    },
  ];
  const resolve = (path: string, name = 'Foo/get', resultOf = 't2') =>
    resolveReferences({ accountId: 'A', '#ids': { resultOf, name, path } }, answers);

  test('taken', () => {
    assert.deepEqual(
      { ...resolve('/created', 'Foo/changes', 't0') },
      {
        accountId: 'A',
        ids: ['f1', 'f4'],
      },
    );
    assert.deepEqual(resolve('/list/*/ids')['ids'], ['a', 'b', 'c']);
    assert.deepEqual(resolve('/list/*/n')['ids'], [1, 2, 3]);
    assert.deepEqual(resolve('/list/2/ids/0')['ids'], 'c');
    const args: JsonObject = { ids: ['x'] };
    assert.equal(resolveReferences(args, answers), args);
  });

  test('not there', () => {
    const missing = code('jmap.reference');
    for (const path of ['created', '/x', '/list/3', '/list/01', '/list/-', '/list/*/x', '/n/*']) {
      assert.throws(() => resolve(path), missing, path);
    }
    assert.throws(() => resolve('/created', 'Foo/changes', 't9'), missing);
    assert.throws(() => resolve('/type', 'Foo/get', 't1'), missing);
    for (const reference of [1, null, {}, { resultOf: 't0', name: 'Foo/changes' }] as Json[]) {
      assert.throws(() => resolveReferences({ '#a': reference }, answers), missing);
    }
    assert.throws(() => resolve('/list/0/constructor'), missing);
    const both = { ids: [], '#ids': { resultOf: 't0', name: 'Foo/changes', path: '/created' } };
    assert.throws(() => resolveReferences(both, answers), code('jmap.arguments'));
  });

  test('tokens with / and ~', () => {
    assert.equal(followPath({ 'a/b': { '~c': 1 } }, '/a~1b/~0c'), 1);
    assert.deepEqual(followPath([1], ''), [1]);
  });
});

describe('patches', () => {
  const object = { keywords: { $seen: true }, mailboxIds: { M1: true }, name: 'a' };

  test('put in, and the object stays as it was', () => {
    const before = structuredClone(object);
    const patch = {
      'keywords/$flagged': true,
      'keywords/$seen': null,
      mailboxIds: { M2: true },
      name: null,
      'keywords/a~1b': true,
    };
    assert.deepEqual(plainCopy(applyPatch(object, patch, { name: '' })), {
      keywords: { $flagged: true, 'a/b': true },
      mailboxIds: { M2: true },
      name: '',
    });
    assert.deepEqual(object, before);
    assert.deepEqual(plainCopy(applyPatch(object, { name: null })), {
      keywords: { $seen: true },
      mailboxIds: { M1: true },
    });
  });

  test('refused: into what is no object, or two for one place', () => {
    const wrong: JsonObject[] = [
      { 'name/x': 1 },
      { 'missing/x': 1 },
      { 'keywords/$seen/x': 1 },
      { keywords: {}, 'keywords/$seen': true },
      { 'list/0': 1 },
    ];
    for (const patch of wrong) {
      assert.throws(() => applyPatch({ ...object, list: [1] }, patch), code('jmap.patch'));
    }
  });

  test('names of the language itself are names like others', () => {
    const patch = JSON.parse('{"__proto__/x": 1}') as JsonObject;
    assert.throws(() => applyPatch({}, patch), code('jmap.patch'));
    const plain = applyPatch({}, JSON.parse('{"__proto__": {"x": 1}}') as JsonObject);
    assert.equal(({} as Record<string, unknown>)['x'], undefined);
    assert.deepEqual(Object.keys(plain), ['__proto__']);
  });
});
