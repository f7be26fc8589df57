/**
 * What a reader sees of HTML, for searching and for previews. Not for showing: nothing is cleaned,
 * everything but the text is left out. One pass, whatever the markup looks like.
 */

export interface HtmlText {
  /** White space as it stands there; blocks are set apart by spaces. */
  readonly text: string;
  /** Where links lead: people look for those too. */
  readonly links: readonly string[];
}

/** Tags that do not set apart what stands before and behind them. */
const inline = new Set(
  (
    'a abbr acronym b bdi bdo big cite code del dfn em font i ins kbd label mark nobr q ' +
    's samp small span strike strong sub sup tt u var wbr'
  ).split(' '),
);

/** Elements whose content is no text. */
const hidden = new Set(['script', 'style', 'template', 'noembed']);

/** Links of one message that are kept; newsletters have some hundred. */
const linksMax = 500;
const linkLengthMax = 2000;

const tagStart = /[A-Za-z/!?]/u;
const attributes = /([A-Za-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/gu;

/**
 * @example
 * readHtmlText('<p>Apa <b>ka</b>bar?<p>Baik &amp; sehat').text; // ' Apa kabar? Baik & sehat'
 */
export function readHtmlText(html: string): HtmlText {
  const links: string[] = [];
  let text = '';
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf('<', at);
    if (open < 0) break;
    text += html.slice(at, open);
    if (!tagStart.test(html.charAt(open + 1))) {
      text += '<';
      at = open + 1;
      continue;
    }
    if (html.startsWith('<!--', open)) {
      at = endOf(html, '-->', open + 4);
      continue;
    }
    const end = findTagEnd(html, open + 1);
    const tag = html.slice(open + 1, end);
    const name = (/^\/?([A-Za-z0-9]*)/u.exec(tag)?.[1] ?? '').toLowerCase();
    if (!inline.has(name)) text += ' ';
    if (tag.includes('=')) text += readAttributes(name, tag, links);
    at = end + 1;
    if (hidden.has(name) && !tag.startsWith('/')) at = skipHidden(html, name, at);
  }
  text += html.slice(at);
  return { text: decodeEntities(text), links: links.map(decodeEntities) };
}

function endOf(html: string, mark: string, from: number): number {
  const end = html.indexOf(mark, from);
  return end < 0 ? html.length : end + mark.length;
}

/** The `>` that ends a tag; those between quotes do not. Quotes count behind `=` alone. */
function findTagEnd(html: string, from: number): number {
  let quote = '';
  let before = '';
  for (let at = from; at < html.length; at += 1) {
    const sign = html.charAt(at);
    if (quote !== '') {
      if (sign === quote) quote = '';
    } else if (sign === '>') return at;
    else if ((sign === '"' || sign === "'") && before === '=') quote = sign;
    if (sign !== ' ' && sign !== '\n' && sign !== '\t' && sign !== '\r') before = sign;
  }
  return html.length;
}

function skipHidden(html: string, name: string, from: number): number {
  const closing = new RegExp(`</${name}[\\s>]`, 'giu');
  closing.lastIndex = from;
  return closing.exec(html)?.index ?? html.length;
}

/** Longer tags are data in disguise. */
const tagLengthMax = 20_000;

function readAttributes(name: string, tag: string, links: string[]): string {
  let text = '';
  for (const match of tag.slice(0, tagLengthMax).matchAll(attributes)) {
    const key = (match[1] ?? '').toLowerCase();
    const value = match[2] ?? match[3] ?? match[4] ?? '';
    if (key === 'alt') text += ` ${value} `;
    if (key !== 'href' || name !== 'a' || links.length >= linksMax) continue;
    links.push(value.slice(0, linkLengthMax));
  }
  return text;
}

/** Of U+00A0 and those that follow. */
const latin1Names = (
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr ' +
  'deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 ' +
  'frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute ' +
  'Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml ' +
  'times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde ' +
  'auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ' +
  'ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml ' +
  'yacute thorn yuml'
).split(' ');

const entities = new Map<string, string>([
  ...latin1Names.map((name, index) => [name, String.fromCharCode(160 + index)] as const),
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
  ['OElig', 'Œ'],
  ['oelig', 'œ'],
  ['Scaron', 'Š'],
  ['scaron', 'š'],
  ['Yuml', 'Ÿ'],
  ['ensp', '\u2002'],
  ['emsp', '\u2003'],
  ['thinsp', '\u2009'],
  ['zwnj', '\u200c'],
  ['zwj', '\u200d'],
  ['lrm', '\u200e'],
  ['rlm', '\u200f'],
  ['ndash', '–'],
  ['mdash', '—'],
  ['lsquo', '‘'],
  ['rsquo', '’'],
  ['sbquo', '‚'],
  ['ldquo', '“'],
  ['rdquo', '”'],
  ['bdquo', '„'],
  ['bull', '•'],
  ['hellip', '…'],
  ['lsaquo', '‹'],
  ['rsaquo', '›'],
  ['euro', '€'],
  ['trade', '™'],
  ['larr', '←'],
  ['rarr', '→'],
]);

const entity = /&(?:#(\d{1,7})|#[xX]([0-9A-Fa-f]{1,6})|([A-Za-z][A-Za-z0-9]{1,7}));?/gu;

function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(entity, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return entities.get(name) ?? whole;
    const point = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
    return point > 0x10ffff ? '\ufffd' : String.fromCodePoint(point);
  });
}
