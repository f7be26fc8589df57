/** What a client asks in one go, and how it is answered. RFC 8620 §3.2 to §3.4. */

import { SyntaxFault } from '../syntax-fault.ts';
import { isObject, type Json, type JsonObject } from './json.ts';

/** A method with its arguments; the client's own name for it comes back with the answer. */
export interface Invocation {
  readonly name: string;
  readonly args: JsonObject;
  readonly callId: string;
}

export interface JmapRequest {
  readonly using: readonly string[];
  readonly calls: readonly Invocation[];
  /** Ids that the client's creation ids stand for, from requests before. null: not asked for. */
  readonly createdIds: Readonly<Record<string, string>> | null;
}

/** The reference to something that this request, or one before, has created. RFC 8620 §5.3. */
export const creationMark = '#';

/** RFC 8620 §1.2. */
export function isId(value: Json | undefined): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{1,255}$/u.test(value);
}

/** Throws a SyntaxFault `jmap.not-request`. RFC 8620 §3.3. */
export function readRequest(value: Json): JmapRequest {
  if (!isObject(value)) throw notRequest('a request is an object');
  const { using, methodCalls, createdIds } = value;
  if (!isTextList(using)) throw notRequest('"using" is a list of texts');
  if (!Array.isArray(methodCalls)) throw notRequest('"methodCalls" is a list');
  return {
    using,
    calls: (methodCalls as readonly Json[]).map(readInvocation),
    createdIds: readCreatedIds(createdIds),
  };
}

function readInvocation(value: Json): Invocation {
  if (!Array.isArray(value) || value.length !== 3) {
    throw notRequest('a call is a list of a name, arguments and a call id');
  }
  const [name, args, callId] = value as readonly Json[];
  if (typeof name !== 'string') throw notRequest('the name of a method is a text');
  if (!isObject(args)) throw notRequest(`the arguments of ${name} are an object`);
  if (typeof callId !== 'string') throw notRequest(`the call id of ${name} is a text`);
  return { name, args, callId };
}

function readCreatedIds(value: Json | undefined): JmapRequest['createdIds'] {
  if (value === undefined || value === null) return null;
  if (!isObject(value)) throw notRequest('"createdIds" is an object');
  const ids: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [creation, id] of Object.entries(value)) {
    if (!isId(creation) || !isId(id)) throw notRequest('"createdIds" leads from ids to ids');
    ids[creation] = id;
  }
  return ids;
}

function isTextList(value: Json | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function notRequest(message: string): SyntaxFault {
  return new SyntaxFault('jmap.not-request', message);
}
