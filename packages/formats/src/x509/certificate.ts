/**
 * What a certificate says that Node does not tell: its public key octet by octet, and what an
 * authority may sign. RFC 5280 §4.1 (the parts), §4.2.1.9 (path length), §4.2.1.10 (names).
 */

import { lowerName } from '../dns/name.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { derTags, readDer, type DerValue } from './der.ts';

export interface CertificateForm {
  /** SubjectPublicKeyInfo as it stands there. */
  readonly publicKey: Uint8Array;
  readonly isAuthority: boolean;
  /** Authorities that may stand between it and a server; null: any number. */
  readonly pathLengthMax: number | null;
  /** Domains under which it may sign for hosts; null: everywhere. */
  readonly permitted: readonly string[] | null;
  /** Domains under which it may not. */
  readonly excluded: readonly string[];
  /** Says something that must be understood and that nobody here understands. §4.2. */
  readonly isStrange: boolean;
}

/** Last octet of the extensions of X.509 itself: 2.5.29.n. */
const extensions = { basicConstraints: 19, nameConstraints: 30 } as const;
/** Understood, here or by whoever checks signature, usage and names. */
const understood = new Set<number>([14, 15, 17, 18, 19, 30, 32, 35, 37]);

/** Throws `SyntaxFault` when the octets are no certificate. */
export function readCertificate(octets: Uint8Array): CertificateForm {
  const [certificate, more] = readDer(octets);
  const [signed] = within(certificate, derTags.sequence);
  if (more !== undefined) throw malformed();
  // The version is left out in certificates of 1988.
  const fields = within(signed, derTags.sequence).filter(({ tag }) => tag !== 0xa0);
  const publicKey = fields[5];
  if (publicKey?.tag !== derTags.sequence) throw malformed();
  const told = { isAuthority: false, pathLengthMax: null as number | null, isStrange: false };
  const names = { permitted: null as string[] | null, excluded: [] as string[] };
  const list = fields.find(({ tag }) => tag === 0xa3);
  for (const extension of list === undefined ? [] : listed(list)) {
    const { kind, isCritical, value } = readExtension(extension);
    if (kind === extensions.basicConstraints) Object.assign(told, readBasicConstraints(value));
    if (kind === extensions.nameConstraints) Object.assign(names, readNameConstraints(value));
    if (isCritical && !understood.has(kind)) told.isStrange = true;
  }
  return { publicKey: publicKey.whole, ...told, ...names };
}

const malformed = () => new SyntaxFault('x509.form', 'these octets are no certificate');

function within(value: DerValue | undefined, tag: number): DerValue[] {
  if (value?.tag !== tag) throw malformed();
  return readDer(value.content);
}

const listed = (explicit: DerValue): DerValue[] =>
  within(readDer(explicit.content)[0], derTags.sequence);

/** `kind`: -1 for those that are not of X.509 itself. */
function readExtension(extension: DerValue): {
  kind: number;
  isCritical: boolean;
  value: DerValue | undefined;
} {
  const parts = within(extension, derTags.sequence);
  const [id, second] = parts;
  const last = parts.at(-1);
  if (id?.tag !== derTags.oid || last?.tag !== derTags.octetString) throw malformed();
  const isOwn = id.content.length === 3 && id.content[0] === 0x55 && id.content[1] === 0x1d;
  return {
    kind: isOwn ? (id.content[2] ?? -1) : -1,
    isCritical: second?.tag === derTags.boolean && (second.content[0] ?? 0) !== 0,
    value: readDer(last.content)[0],
  };
}

function readBasicConstraints(value: DerValue | undefined) {
  const parts = within(value, derTags.sequence);
  const isAuthority = parts.some(({ tag, content }) => tag === derTags.boolean && content[0] !== 0);
  const length = parts.find(({ tag }) => tag === derTags.integer)?.content;
  // Longer ones bind nobody: no chain has 256 authorities.
  const pathLengthMax = length?.length === 1 ? (length[0] ?? 0) : null;
  return { isAuthority, pathLengthMax };
}

function readNameConstraints(value: DerValue | undefined) {
  const parts = within(value, derTags.sequence);
  const of = (tag: number) => parts.find((part) => part.tag === tag);
  return { permitted: readSubtrees(of(0xa0)), excluded: readSubtrees(of(0xa1)) ?? [] };
}

/** Of the kinds of names only hosts matter here; null: it says nothing about hosts. */
function readSubtrees(value: DerValue | undefined): string[] | null {
  const bases =
    value === undefined ? [] : readDer(value.content).map((one) => readDer(one.content));
  const hosts = bases.flatMap(([base]) => (base?.tag === 0x82 ? [ascii(base.content)] : []));
  return hosts.length === 0 ? null : hosts;
}

function ascii(octets: Uint8Array): string {
  let text = '';
  for (const octet of octets) text += String.fromCharCode(octet);
  return lowerName(text);
}

/** May an authority with these limits sign for this host? RFC 5280 §4.2.1.10. */
export function maySignFor(
  { permitted, excluded }: Pick<CertificateForm, 'permitted' | 'excluded'>,
  host: string,
): boolean {
  const name = lowerName(host).replace(/^\*\./, '');
  const isUnder = (base: string) => {
    const bare = base.replace(/^\./, '');
    return bare === '' || name === bare || name.endsWith(`.${bare}`);
  };
  return (permitted === null || permitted.some(isUnder)) && !excluded.some(isUnder);
}
